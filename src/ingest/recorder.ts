import { conversationAround } from '../dialect/conversation.ts';
import type { CommitChanges } from '../model/commit-attribution.ts';
import type { HealthFinding, RecorderReport } from '../model/health.ts';
import type { ApplyOutcome, CommitsOutcome, Recording } from '../model/recording.ts';
import type { ProcessSession, SpanBatch, SpanRecord } from '../model/span-record.ts';
import { fileIdentity } from '../store/file-identity.ts';
import { asStoreError, StoreError } from '../store/store-error.ts';
import { AgentFinder, type Decision } from './agent-finder.ts';
import { type Agent, agentKey, agentNamed, NO_AGENT } from './agent-of.ts';
import { AgentPlaces } from './agent-places.ts';
import { type FileRecorder, type RoutedSpan, SchemaMoved } from './file-recorder.ts';
import { FileUpkeep } from './file-upkeep.ts';
import { Ledger } from './ledger.ts';
import { spanOfLog } from './log-span.ts';
import { OpenFiles, type OpenRecorder } from './open-files.ts';
import type { RecorderConfig } from './recorder-config.ts';
import { reportFiles } from './report-files.ts';
import type { SessionSight } from './session-rows.ts';
import { SessionFinder } from './session-sight.ts';
import { outcomeOf, reasonOf, type Unwritten } from './unwritten.ts';
import { WaitingSpans } from './waiting-spans.ts';

/** Longest wait for locks when a session ends, over all files: with what comes before, within the 2 s that an exit may take. */
const END_WAIT_MS = 500;

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
  readonly #places: AgentPlaces;
  readonly #upkeep: FileUpkeep;
  readonly #files: OpenFiles;
  readonly #findings = new Map<string, HealthFinding>();
  readonly #waiting: WaitingSpans;
  /** Agents into whose files our own process's spans went: its session beats and ends in each. */
  readonly #ownAgents = new Map<string, Agent>();

  constructor(config: RecorderConfig) {
    this.#config = config;
    const now = (): number => this.#now();
    const find = (key: string, finding: HealthFinding): void => void this.#findings.set(key, finding);
    this.#places = new AgentPlaces(config, find);
    this.#upkeep = new FileUpkeep(config, now);
    this.#files = new OpenFiles({ config, now, ledger: this.#ledger, places: this.#places, upkeep: this.#upkeep, find });
    this.#waiting = new WaitingSpans({
      config,
      now,
      ledger: this.#ledger,
      agents: () => this.#agents,
      isOwn: (path) => this.#files.has(path),
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
    const failures: Unwritten[] = [];
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
    return outcomeOf(failures, origin);
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
    for (const [path, open] of [...this.#files]) {
      yield;
      if (!this.#files.isStill(path, open)) continue;
      try {
        // Removed, replaced or of a newer schema by now: the next write opens it anew.
        const { upset } = this.#files.look(path, open);
        if (upset !== null) this.#files.abandon(path, open, upset);
        else if (open.recorder.file.schemaMoved()) this.#files.leave(path);
        else yield* this.#upkeep.sweep(path, open.recorder, () => this.#files.isStill(path, open));
        open.error = null;
        this.#findings.delete(`write:sweep ${path}`);
      } catch (error) {
        if (error instanceof SchemaMoved) this.#files.closeAt(path);
        else this.#failed(`sweep ${path}`, path, open, error);
      }
    }
  }

  report(): RecorderReport {
    const findings = [...this.#findings.values()];
    if (this.#waiting.finding !== null) findings.push(this.#waiting.finding);
    const files = reportFiles(this.#files, this.#config.settings.maxMb, findings);
    return { books: structuredClone(this.#ledger.books), files, findings };
  }

  close(): void {
    this.#waiting.close();
    this.#files.close();
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
      const { upset, footing } = this.#files.look(path, open);
      if (upset !== null) throw this.#files.abandon(path, open, upset);
      open.footing = footing;
      open.lastCommitMs = this.#now();
      this.#files.boundCaches();
    });
  }

  /** Runs `work` on the agent's file. @returns the error as it should be told, or null. */
  #attempt(agent: Agent, work: (open: OpenRecorder) => void): unknown {
    let path = '';
    let open: OpenRecorder | undefined;
    try {
      path = this.#places.of(agent);
      open = this.#files.at(path, agent.id);
      try {
        work(open);
      } catch (error) {
        if (!(error instanceof SchemaMoved)) throw error;
        this.#files.closeAt(path);
        open = this.#files.at(path, agent.id);
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
    if (!locked) this.#files.leave(path);
    if (!locked) this.#findings.set(`write:${what}`, { level: 'red', code: 'write-failed', message: (told as Error).message });
    return told;
  }

  /** Whether the agent's file remembers the span; not where the file cannot be opened now. */
  #hasSpan(agentId: string, traceId: string, spanId: string): boolean {
    try {
      const path = this.#places.ofNamed(agentId);
      if (fileIdentity(path) === null) return false;
      return this.#files.at(path, agentId).recorder.remembers(traceId, spanId);
    } catch (error) {
      if (asStoreError(error, 'read', agentId) instanceof StoreError) return false;
      throw error;
    }
  }
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
