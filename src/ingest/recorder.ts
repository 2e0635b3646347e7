import { SERVER_TASKS } from '../dialect/classify.ts';
import { conversationAround } from '../dialect/conversation.ts';
import type { CommitChanges } from '../model/commit-attribution.ts';
import type { HealthFinding, RecorderReport } from '../model/health.ts';
import { PROCESS_SILENCE_MS } from '../model/liveness.ts';
import type { ApplyOutcome, CommitsOutcome, Recording } from '../model/recording.ts';
import type { ProcessSession, SpanBatch, SpanRecord } from '../model/span-record.ts';
import { locateFile, locateReserved, lookingProbe, makingProbe } from '../store/agent-file.ts';
import { type Footing, fileIdentity, footingOf, type Upset, upsetOf } from '../store/file-identity.ts';
import { fileSize } from '../store/file-size.ts';
import { openForWriting } from '../store/open.ts';
import { lastWriteMs, observer } from '../store/process-liveness.ts';
import { deleteOlderThan, forgetMemory, type RetentionStep, trimTombstones } from '../store/retention.ts';
import { asStoreError, StoreError } from '../store/store-error.ts';
import { AgentFinder, type Decision } from './agent-finder.ts';
import { type Agent, agentKey, agentNamed, NO_AGENT } from './agent-of.ts';
import { FileRecorder, type RoutedSpan, SchemaMoved } from './file-recorder.ts';
import { Ledger } from './ledger.ts';
import { spanOfLog } from './log-span.ts';
import { CACHED_SPANS_OF_ALL, pageShareKib, spanShare } from './memory-shares.ts';
import type { RecorderConfig } from './recorder-config.ts';
import type { SessionSight } from './session-rows.ts';
import { SessionFinder } from './session-sight.ts';
import { WaitingSpans } from './waiting-spans.ts';

/**
 * Files held open at once; the one unused for longest is closed. Each takes 0.5 to 1 MB and two descriptors; opening one
 * again costs 3 ms of CPU and, with synchronous=full, two syncs. In turns over 1,000 agents 64 and 256 cost the same, since
 * neither holds them all.
 */
export const MAX_OPEN_FILES = 128;
/** Files whose place and last look for lost tasks are remembered although they are not open. */
const REMEMBERED_FILES = 20_000;
/** A file that is opened again within this time is not searched for tasks of dead sessions again. */
const LOSE_EVERY_MS = 60_000;
/** Rows per step of retention and forgetting: a step holds the write lock for some milliseconds. */
const SWEEP_STEP = 2000;
/** How long a sweep may go on with such steps in one file; others write in between them, and the next sweep goes on. */
const SWEEP_BUDGET_MS = 250;
/** Readers that follow changes look more often than this many rows go away. */
const TOMBSTONES_KEPT = 100_000;
/** Longest wait for locks when a session ends, over all files: with what comes before, within the 2 s that an exit may take. */
const END_WAIT_MS = 500;
/** How long it stays open whether an agent's span is a task when its local root does not come. */
const AGENT_WAIT_MS = 10 * 60_000;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

interface OpenRecorder {
  readonly recorder: FileRecorder;
  readonly agentId: string | null;
  /** As it was after the last write. */
  footing: Footing;
  lastCommitMs: number | null;
  error: string | null;
}

const UPSETS: Readonly<Record<Upset, string>> = {
  replaced: 'it was removed or replaced while it was written',
  log: 'its write-ahead log was removed or replaced while it was open',
  cut: 'it was cut while it was open',
};

interface Group {
  readonly agent: Agent;
  readonly spans: RoutedSpan[];
}

/**
 * All files of one thread. A batch is cut by agent; what cannot be written now comes back as `rest` and is tried again
 * by whoever drives this, so that one locked file delays no other.
 */
export class Recorder implements Recording {
  readonly #config: RecorderConfig;
  readonly #ledger = new Ledger();
  readonly #agents: AgentFinder;
  readonly #sessions = new SessionFinder();
  readonly #open = new Map<string, OpenRecorder>();
  /** SQLite's page cache of each open file; 0 before the first. */
  #pageShareKib = 0;
  readonly #paths = new Map<string, string>();
  /** Path → when tasks of dead sessions were looked for. */
  readonly #searched = new Map<string, number>();
  readonly #findings = new Map<string, HealthFinding>();
  readonly #waiting: WaitingSpans;
  /** Agents into whose files our own process's spans went: its session beats and ends in each. */
  readonly #ownAgents = new Map<string, Agent>();

  constructor(config: RecorderConfig) {
    this.#config = config;
    this.#waiting = new WaitingSpans({
      config,
      now: () => this.#now(),
      ledger: this.#ledger,
      agents: () => this.#agents,
      isOwn: (path) => this.#open.has(path),
      write: (agent, held) => {
        const spans = held.map(({ span, origin }): RoutedSpan => {
          return { span, agentId: agent.id, session: this.#sessions.of(span.resource, agent.id, origin) };
        });
        return this.#write({ agent, spans });
      },
    });
    this.#agents = new AgentFinder(config.settings, {
      claims: (of, key) => (this.#isOneFile() ? [] : this.#waiting.claims(of, key)),
      hasSpan: (agentId, traceId, spanId) => this.#hasSpan(agentId, traceId, spanId),
    });
  }

  apply(batch: SpanBatch): ApplyOutcome {
    const { origin } = batch;
    const all = batch.logs.length === 0 ? batch.spans : [...batch.spans, ...batch.logs.map(spanOfLog)];
    const oneFile = this.#isOneFile();
    // What our own process tells comes in order and is one agent's; of one file for all nobody waits to know which.
    const mayWait = origin.door !== 'process' && !oneFile;
    const decisions = this.#agents.find(all, origin, mayWait ? 'certain' : 'last');
    if (origin.door === 'otlp' || origin.door === 'hook') this.#waiting.keepIndex();
    if (origin.door === 'hook' && !oneFile) this.#learnHooks(all, origin.agentId);
    const groups = new Map<string, Group>();
    const homeless: SpanRecord[] = [];
    const reasons: Decision[] = [];
    const traces = new Set<string>();
    let before: Agent | null = null;
    let group: Group | undefined;
    all.forEach((span, i) => {
      const decision = decisions[i] as Decision;
      if (decision.status === 'waits' && !oneFile) {
        homeless.push(span);
        reasons.push(decision);
        return;
      }
      traces.add(span.traceId);
      const agent = decision.status === 'found' ? decision.agent : null;
      const agentId = agent?.id ?? null;
      if (group === undefined || agent !== before) group = this.#group(groups, agent ?? NO_AGENT);
      before = agent;
      group.spans.push({ span, agentId, session: this.#sessions.of(span.resource, agentId, origin) });
    });
    const failures: { spans: SpanRecord[]; error: unknown }[] = [];
    for (const group of groups.values()) {
      if (origin.door === 'process') this.#ownAgents.set(this.#groupKey(group.agent), group.agent);
      const error = this.#write(group);
      if (error !== null) failures.push({ spans: group.spans.map((routed) => routed.span), error });
    }
    if (homeless.length > 0) {
      const error = this.#waiting.hold(homeless, reasons, origin);
      if (error !== null) failures.push({ spans: homeless, error });
    }
    if (mayWait) this.#waiting.moveOf(traces);
    else this.#agents.dropFresh();
    this.#agents.trim();
    const [first] = failures;
    if (first === undefined) return { status: 'written' };
    // No file will ever take it: tried for ever, it would hold up all that lies behind it.
    for (const { error } of failures) if (!(error instanceof StoreError)) throw error;
    const error = first.error as StoreError;
    return {
      status: 'retry',
      // Log records have become spans above.
      rest: { origin, spans: failures.flatMap((failure) => failure.spans), logs: [] },
      reason: reasonOf(error),
      message: error.message,
    };
  }

  recordCommits(agentId: string | null, changes: CommitChanges): CommitsOutcome {
    const agent = agentNamed(agentId);
    const error = this.#writeWith(agent, (recorder) => recorder.applyCommits(changes, agentId));
    if (error === null) return { status: 'written' };
    if (!(error instanceof StoreError)) throw error;
    return { status: 'retry', reason: reasonOf(error), message: error.message };
  }

  ignore(dialect: string, reason: string): void {
    this.#ledger.post(dialect, `ignored:${reason}`);
    this.#ledger.commit();
  }

  beat(session: ProcessSession, agentId: string | null): void {
    for (const agent of this.#agentsOfProcess(agentId)) {
      this.#attempt(agent, ({ recorder }) => {
        recorder.transact(() => recorder.sessions.beat(sightOfProcess(session), agent.id, this.#now()));
      });
    }
  }

  end(session: ProcessSession, agentId: string | null): void {
    const until = performance.now() + END_WAIT_MS;
    for (const agent of this.#agentsOfProcess(agentId)) {
      this.#attempt(agent, ({ recorder }) => {
        // There is no later try: eight workers that stop at once stand in each other's way.
        const waitMs = Math.max(this.#config.busyTimeoutMs, Math.ceil(until - performance.now()));
        recorder.file.db.pragma(`busy_timeout = ${waitMs}`);
        try {
          recorder.transact(() => recorder.sessions.end(session.id, this.#now()));
        } finally {
          recorder.file.db.pragma(`busy_timeout = ${this.#config.busyTimeoutMs}`);
        }
      });
    }
  }

  tick(): void {
    if (!this.#isOneFile()) this.#waiting.tick();
  }

  settle(): void {
    if (!this.#isOneFile()) this.#waiting.settle();
  }

  /**
   * A hook, or whoever else knows, says whose conversation it is: what waits of it moves.
   * @param conversationId as spans and log records name it: Claude Code's `session.id`.
   */
  learnConversation(conversationId: string, agentId: string): void {
    this.#agents.learnConversation(conversationId, agentId);
    if (!this.#isOneFile()) this.#waiting.moveOf([]);
  }

  sweep(): void {
    const steps = this.sweepInSteps();
    while (steps.next().done !== true);
  }

  *sweepInSteps(): Generator<void, void, void> {
    if (!this.#isOneFile()) this.#waiting.sweep();
    for (const [path, open] of [...this.#open]) {
      yield;
      if (this.#open.get(path) !== open) continue;
      try {
        // Removed, replaced or of a newer schema by now: the next write opens it anew.
        const { upset } = this.#look(path, open);
        if (upset !== null) this.#abandon(path, open, upset);
        else if (open.recorder.file.schemaMoved()) this.#leave(path);
        else yield* this.#sweepFile(path, open);
        open.error = null;
        this.#findings.delete(`write:sweep ${path}`);
      } catch (error) {
        if (error instanceof SchemaMoved) this.#closeAt(path);
        else this.#failed(`sweep ${path}`, path, open, error);
      }
    }
  }

  report(): RecorderReport {
    const findings = [...this.#findings.values()];
    if (this.#waiting.finding !== null) findings.push(this.#waiting.finding);
    const files = [...this.#open].map(([path, open]) => {
      const bytes = fileSize(path);
      if (bytes > this.#config.settings.maxMb * 1024 * 1024) {
        findings.push({
          level: 'amber',
          code: 'file-too-large',
          message: `${path} has ${Math.round(bytes / 1024 / 1024)} MB, more than AI_TRACKER_MAX_MB=${this.#config.settings.maxMb}; set AI_TRACKER_RETENTION_DAYS or raise the limit`,
        });
      }
      findings.push(...open.recorder.file.findings);
      if (open.error !== null) findings.push({ level: 'red', code: 'write-failed', message: open.error });
      const { journal, synchronous } = open.recorder.file;
      return {
        path,
        agentId: open.agentId,
        journal,
        synchronous,
        bytes,
        lastCommitMs: open.lastCommitMs,
        cacheTrims: open.recorder.evictions,
        error: open.error,
      };
    });
    return { books: structuredClone(this.#ledger.books), files, findings };
  }

  close(): void {
    this.#waiting.close();
    for (const open of this.#open.values()) open.recorder.file.close();
    this.#open.clear();
  }

  #now(): number {
    return (this.#config.now ?? Date.now)();
  }

  /** One file for all agents: nothing needs to wait for its agent. */
  #isOneFile(): boolean {
    const { dbPath } = this.#config.settings;
    return dbPath !== null && !dbPath.includes('{agent_id}');
  }

  /** A hook's process knows whose it is, and names its conversation. */
  #learnHooks(spans: readonly SpanRecord[], agentId: string | null): void {
    if (agentId === null) return;
    for (const { attributes } of spans) {
      const conversation = conversationAround(attributes);
      if (conversation !== null) this.learnConversation(conversation, agentId);
    }
  }

  #group(groups: Map<string, Group>, agent: Agent): Group {
    const key = this.#groupKey(agent);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { agent, spans: [] }));
    return group;
  }

  /** All agents of one file share one transaction. */
  #groupKey(agent: Agent): string {
    return this.#isOneFile() ? '' : agentKey(agent);
  }

  #agentsOfProcess(agentId: string | null): Iterable<Agent> {
    // A process without an id has those that its spans showed: a beat before the first would make a file that nobody needs.
    if (agentId === null) return this.#ownAgents.values();
    const agent = agentNamed(agentId);
    return new Map(this.#ownAgents).set(this.#groupKey(agent), agent).values();
  }

  #write(group: Group): unknown {
    return this.#writeWith(group.agent, (recorder) => recorder.apply(group.spans));
  }

  #writeWith(agent: Agent, work: (recorder: FileRecorder) => void): unknown {
    return this.#attempt(agent, (open) => {
      work(open.recorder);
      // In these milliseconds: what was committed has no name. Told as a failure, it is written anew.
      const { path } = open.recorder.file;
      const { upset, footing } = this.#look(path, open);
      if (upset !== null) throw this.#abandon(path, open, upset);
      open.footing = footing;
      open.lastCommitMs = this.#now();
      this.#boundCaches();
    });
  }

  /** Of what is too much every file gives its oldest traces: those of the latest are about to be asked for. */
  #boundCaches(): void {
    const most = this.#config.cachedSpans ?? CACHED_SPANS_OF_ALL;
    let cached = 0;
    for (const { recorder } of this.#open.values()) cached += recorder.cachedSpans;
    if (cached <= most) return;
    const share = spanShare(this.#open.size, most);
    for (const { recorder } of this.#open.values()) recorder.trimSpans(share);
  }

  /** Runs `work` on the agent's file. @returns the error as it should be told, or null. */
  #attempt(agent: Agent, work: (open: OpenRecorder) => void): unknown {
    let path = '';
    let open: OpenRecorder | undefined;
    try {
      path = this.#pathOf(agent);
      open = this.#openAt(path, agent.id);
      try {
        work(open);
      } catch (error) {
        if (!(error instanceof SchemaMoved)) throw error;
        this.#closeAt(path);
        open = this.#openAt(path, agent.id);
        work(open);
      }
      open.error = null;
      this.#findings.delete(`write:${agentKey(agent)}`);
      return null;
    } catch (error) {
      return this.#failed(agentKey(agent), path, open, error);
    }
  }

  #failed(what: string, path: string, open: OpenRecorder | undefined, error: unknown): unknown {
    const told = asStoreError(error, 'write to', path === '' ? `a file for ${what}` : path);
    const locked = told instanceof StoreError && told.code === 'locked';
    if (open !== undefined) open.error = locked ? null : (told as Error).message;
    if (!locked) this.#leave(path);
    if (!locked) this.#findings.set(`write:${what}`, { level: 'red', code: 'write-failed', message: (told as Error).message });
    return told;
  }

  /** Whether the agent's file remembers the span; not where the file cannot be opened now. */
  #hasSpan(agentId: string, traceId: string, spanId: string): boolean {
    const { settings, env } = this.#config;
    try {
      const agent = agentNamed(agentId);
      const path = this.#paths.get(agentKey(agent)) ?? locateFile(agentId, settings, env, lookingProbe).path;
      if (fileIdentity(path) === null) return false;
      return this.#openAt(path, agentId).recorder.remembers(traceId, spanId);
    } catch (error) {
      if (asStoreError(error, 'read', agentId) instanceof StoreError) return false;
      throw error;
    }
  }

  #pathOf(agent: Agent): string {
    const key = agentKey(agent);
    let path = this.#paths.get(key);
    if (path === undefined) {
      const { settings, env } = this.#config;
      const probe = makingProbe(settings.fileMode);
      const location =
        agent.kind === 'unassigned'
          ? locateReserved('unassigned', settings, env, probe)
          : locateFile(agent.kind === 'named' ? agent.id : null, settings, env, probe);
      path = location.path;
      if (location.fallback !== null) this.#findings.set(`folder:${path}`, location.fallback);
      if (location.notice !== null)
        this.#findings.set(`notice:${path}`, { level: 'amber', code: 'old-file', message: location.notice });
      if (this.#paths.size >= REMEMBERED_FILES) this.#paths.clear();
      this.#paths.set(key, path);
    }
    return path;
  }

  #openAt(path: string, agentId: string | null): OpenRecorder {
    let open = this.#open.get(path);
    if (open !== undefined) {
      const { upset } = this.#look(path, open);
      if (upset !== null) {
        const error = this.#abandon(path, open, upset);
        open = undefined;
        if (upset === 'cut') throw error;
      }
    }
    if (open === undefined) {
      const { settings, busyTimeoutMs } = this.#config;
      const file = openForWriting(path, {
        busyTimeoutMs,
        journal: settings.journal,
        synchronous: settings.synchronous,
        fileMode: settings.fileMode,
      });
      const labels = { keys: settings.labelKeys, fixed: settings.labels };
      try {
        const kinds = settings.serverTasks ? [...settings.kinds, SERVER_TASKS] : settings.kinds;
        const recorder = new FileRecorder(file, this.#ledger, labels, kinds, () => this.#now());
        open = { recorder, agentId, footing: footingOf(path, file.journal), lastCommitMs: null, error: null };
        if (this.#now() - (this.#searched.get(path) ?? Number.NEGATIVE_INFINITY) >= LOSE_EVERY_MS) this.#loseTasks(path, open);
      } catch (error) {
        file.close();
        throw error;
      }
      this.#makeRoom();
      this.#open.set(path, open);
      this.#sharePages(open);
    } else {
      // Kept in the order of use.
      this.#open.delete(path);
      this.#open.set(path, open);
    }
    return open;
  }

  /** Gives the file that was opened its share of memory for pages, and the others theirs where that changes it. */
  #sharePages(opened: OpenRecorder): void {
    const kib = pageShareKib(this.#open.size);
    const changed = kib === this.#pageShareKib ? [opened] : this.#open.values();
    this.#pageShareKib = kib;
    for (const { recorder } of changed) recorder.file.db.pragma(`cache_size = -${kib}`);
  }

  #makeRoom(): void {
    for (const path of this.#open.keys()) {
      if (this.#open.size < (this.#config.maxOpenFiles ?? MAX_OPEN_FILES)) return;
      this.#closeAt(path);
    }
  }

  /** Whether somebody removed, replaced or cut the file or its log: what we would write now had no name. 4 µs. */
  #look(path: string, { recorder, footing: before }: OpenRecorder): { upset: Upset | null; footing: Footing } {
    const footing = footingOf(path, recorder.file.journal);
    return { upset: upsetOf(path, before, footing), footing };
  }

  /** Closes what was upset from outside, and says so for as long as this process lives where rows are gone with it. */
  #abandon(path: string, { recorder, footing }: OpenRecorder, upset: Upset): StoreError {
    const error = new StoreError(upset === 'cut' ? 'corrupt' : 'disk', 'write to', path, UPSETS[upset]);
    // Nobody made another log: what stands in ours can still be brought into the file.
    const isSaved = upset === 'log' && footingOf(path, recorder.file.journal).wal === null && recorder.file.bringLogIn();
    if (upset === 'cut' || (upset === 'log' && !isSaved)) {
      const at = new Date(this.#now()).toISOString();
      const message = `${path}: ${UPSETS[upset]} (${footing.bytes} bytes before; noticed ${at}). Rows that it had are lost. See who does such things to open files: a backup, a clean-up, a sync tool.`;
      this.#findings.set(`upset:${path}`, { level: 'red', code: 'rows-lost', message });
    }
    this.#leave(path);
    return error;
  }

  /** Something is wrong with the place: it is looked for anew, folders included. */
  #leave(path: string): void {
    this.#closeAt(path);
    for (const [key, place] of this.#paths) if (place === path) this.#paths.delete(key);
    this.#searched.delete(path);
  }

  #closeAt(path: string): void {
    const open = this.#open.get(path);
    this.#open.delete(path);
    try {
      open?.recorder.file.close();
    } catch {
      // A handle that cannot even be closed is given up with the error that led here.
    }
  }

  #loseTasks(path: string, { recorder }: OpenRecorder): void {
    const { settings } = this.#config;
    const limits = { processMs: PROCESS_SILENCE_MS, senderMs: settings.senderTimeoutMinutes * MINUTE_MS };
    // Asked before the transaction, whose own write would make the file look lively.
    const written = lastWriteMs(path);
    if (written === 0) return;
    recorder.transact(() => recorder.sessions.loseTasksOfTheGone(observer(), this.#now(), written, limits));
    if (this.#searched.size >= REMEMBERED_FILES) this.#searched.clear();
    this.#searched.set(path, this.#now());
  }

  *#sweepFile(path: string, open: OpenRecorder): Generator<void, void, void> {
    const { settings } = this.#config;
    const { db } = open.recorder.file;
    this.#loseTasks(path, open);
    open.recorder.settleForgottenAgents(Math.floor((this.#now() - AGENT_WAIT_MS) / 1000), SWEEP_STEP);
    const until = performance.now() + SWEEP_BUDGET_MS;
    const inSteps = function* (step: () => RetentionStep, isOpen: () => boolean): Generator<void, void, void> {
      while (isOpen()) {
        const { more } = step();
        if (!more || performance.now() > until) return;
        yield;
      }
    };
    /** What is gone from the file must not be taken for written by a batch that comes before the next step. */
    const forgetting = (step: RetentionStep): RetentionStep => {
      if (step.deleted > 0) open.recorder.forget();
      return step;
    };
    const isOpen = (): boolean => this.#open.get(path) === open;
    const forgetBefore = Math.floor((this.#now() - settings.memoryDays * DAY_MS) / 1000);
    yield* inSteps(() => forgetting(forgetMemory(db, forgetBefore, SWEEP_STEP)), isOpen);
    if (settings.retentionDays !== null) {
      const deleteBefore = new Date(this.#now() - settings.retentionDays * DAY_MS).toISOString();
      yield* inSteps(() => forgetting(deleteOlderThan(db, deleteBefore, SWEEP_STEP)), isOpen);
      yield* inSteps(() => trimTombstones(db, TOMBSTONES_KEPT, SWEEP_STEP), isOpen);
    }
  }
}

function reasonOf(error: StoreError): 'locked' | 'disk' | 'too-old' | 'failed' {
  if (error.code === 'locked' || error.code === 'too-old') return error.code;
  return error.code === 'disk' || error.code === 'no-handles' || error.code === 'read-only' ? 'disk' : 'failed';
}

const sightOfProcess = (session: ProcessSession): SessionSight => ({
  id: session.id,
  process: session,
  seenMs: session.startedMs,
  serviceName: null,
  serviceVersion: null,
  instanceId: null,
  host: session.host,
  pid: session.pid,
});
