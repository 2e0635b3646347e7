import { statSync } from 'node:fs';
import type { HealthFinding, RecorderReport } from '../model/health.ts';
import { PROCESS_SILENCE_MS } from '../model/liveness.ts';
import type { ApplyOutcome, Recording } from '../model/recording.ts';
import type { Settings } from '../model/settings.ts';
import type { Origin, ProcessSession, SpanBatch, SpanRecord } from '../model/span-record.ts';
import { type DiskProbe, holdingFile, locateFile, locateReserved, lookingProbe, makingProbe } from '../store/agent-file.ts';
import { fileSize } from '../store/file-size.ts';
import { openForWriting } from '../store/open.ts';
import { lastWriteMs, observer } from '../store/process-liveness.ts';
import { deleteOlderThan, forgetMemory, trimTombstones } from '../store/retention.ts';
import { asStoreError, StoreError } from '../store/store-error.ts';
import { type Agent, AgentFinder, agentKey, agentNamed, NO_AGENT, UNASSIGNED } from './agent-of.ts';
import { FileRecorder, type RoutedSpan, SchemaMoved } from './file-recorder.ts';
import { type Held, Holding } from './holding.ts';
import { Ledger } from './ledger.ts';
import { spanOfLog } from './log-span.ts';
import type { SessionSight } from './session-rows.ts';
import { SessionFinder } from './session-sight.ts';

export interface RecorderConfig {
  readonly settings: Settings;
  /** Read for HOME and the like when a file is chosen; settings are already resolved. */
  readonly env: NodeJS.ProcessEnv;
  /** Longest wait for a lock, ms. 0 on a thread that serves others. */
  readonly busyTimeoutMs: number;
  readonly packageVersion?: string;
  readonly now?: () => number;
}

/** Files held open at once; the one unused for longest is closed. Each takes about 2 MB of cache and two descriptors. */
export const MAX_OPEN_FILES = 64;
/** How often a file is asked whether it is still the one at its path. */
const IDENTITY_CHECK_MS = 1000;
/** Rows per step of retention and forgetting: a step holds the write lock for some milliseconds. */
const SWEEP_STEP = 2000;
/** Readers that follow changes look more often than this many rows go away. */
const TOMBSTONES_KEPT = 100_000;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

interface OpenRecorder {
  readonly recorder: FileRecorder;
  readonly agentId: string | null;
  readonly inode: number;
  checkedMs: number;
  lastCommitMs: number | null;
  error: string | null;
}

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
  readonly #paths = new Map<string, string>();
  #holdingPath: string | undefined;
  readonly #findings = new Map<string, HealthFinding>();
  #holding: Holding | null = null;
  readonly #heldHere = new Set<string>();

  constructor(config: RecorderConfig) {
    this.#config = config;
    this.#agents = new AgentFinder(config.settings);
  }

  apply(batch: SpanBatch): ApplyOutcome {
    const { origin } = batch;
    const all = batch.logs.length === 0 ? batch.spans : [...batch.spans, ...batch.logs.map(spanOfLog)];
    const agents = this.#agents.find(all, origin);
    const groups = new Map<string, Group>();
    const homeless: SpanRecord[] = [];
    const traces = new Set<string>();
    const oneFile = this.#isOneFile();
    all.forEach((span, i) => {
      const agent = agents[i] ?? null;
      if (agent === null && !oneFile) {
        homeless.push(span);
        return;
      }
      traces.add(span.traceId);
      const agentId = agent?.id ?? null;
      this.#group(groups, agent ?? NO_AGENT).spans.push({
        span,
        agentId,
        session: this.#sessions.of(span.resource, agentId, origin),
      });
    });
    const failures: { spans: SpanRecord[]; error: unknown }[] = [];
    for (const group of groups.values()) {
      const error = this.#write(group);
      if (error !== null) failures.push({ spans: group.spans.map((routed) => routed.span), error });
    }
    if (homeless.length > 0) {
      const error = this.#hold(homeless, origin);
      if (error !== null) failures.push({ spans: homeless, error });
    }
    if (origin.door !== 'process') this.#moveHeld(traces);
    const first = failures[0];
    if (first === undefined) return { status: 'written' };
    return {
      status: 'retry',
      rest: { origin, spans: failures.flatMap((failure) => failure.spans), logs: [] },
      reason: reasonOf(first.error),
      message: (first.error as Error).message,
    };
  }

  beat(session: ProcessSession, agentId: string | null): void {
    const agent = agentNamed(agentId);
    this.#attempt(agent, ({ recorder }) => {
      recorder.transact(() => recorder.sessions.beat(sightOfProcess(session), agent.id, this.#now()));
    });
  }

  end(session: ProcessSession, agentId: string | null): void {
    this.#attempt(agentNamed(agentId), ({ recorder }) => recorder.transact(() => recorder.sessions.end(session.id, this.#now())));
  }

  sweep(): void {
    this.#moveTooOld();
    for (const [path, open] of this.#open) {
      try {
        this.#sweepFile(path, open);
        open.error = null;
      } catch (error) {
        this.#failed(path, open, error);
      }
    }
  }

  report(): RecorderReport {
    const findings = [...this.#findings.values()];
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
      return { path, agentId: open.agentId, journal, synchronous, bytes, lastCommitMs: open.lastCommitMs, error: open.error };
    });
    return { books: structuredClone(this.#ledger.books), files, findings };
  }

  close(): void {
    for (const open of this.#open.values()) open.recorder.file.close();
    this.#open.clear();
    this.#holding?.file.close();
    this.#holding = null;
  }

  #now(): number {
    return (this.#config.now ?? Date.now)();
  }

  /** One file for all agents: nothing needs to wait for its agent. */
  #isOneFile(): boolean {
    const { dbPath } = this.#config.settings;
    return dbPath !== null && !dbPath.includes('{agent_id}');
  }

  #group(groups: Map<string, Group>, agent: Agent): Group {
    // All agents of one file share one transaction.
    const key = this.#isOneFile() ? '' : agentKey(agent);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { agent, spans: [] }));
    return group;
  }

  #write(group: Group): unknown {
    return this.#attempt(group.agent, (open) => {
      open.recorder.apply(group.spans);
      open.lastCommitMs = this.#now();
    });
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
      this.#findings.delete(`open:${path}`);
      return null;
    } catch (error) {
      return this.#failed(path, open, error);
    }
  }

  #failed(path: string, open: OpenRecorder | undefined, error: unknown): unknown {
    const told = asStoreError(error, 'write to', path);
    const locked = told instanceof StoreError && told.code === 'locked';
    if (open !== undefined) {
      open.error = locked ? null : (told as Error).message;
      if (!locked) this.#closeAt(path);
    }
    if (!locked) this.#findings.set(`open:${path}`, { level: 'red', code: 'write-failed', message: (told as Error).message });
    return told;
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
      this.#paths.set(key, path);
    }
    return path;
  }

  #openAt(path: string, agentId: string | null): OpenRecorder {
    const now = this.#now();
    let open = this.#open.get(path);
    if (open !== undefined && now - open.checkedMs >= IDENTITY_CHECK_MS) {
      open.checkedMs = now;
      // Someone removed or replaced the file: what we would write now goes to a file without a name.
      if (inodeOf(path) !== open.inode) {
        this.#closeAt(path);
        open = undefined;
      }
    }
    if (open === undefined) {
      const { settings, busyTimeoutMs, packageVersion } = this.#config;
      const file = openForWriting(path, {
        busyTimeoutMs,
        journal: settings.journal,
        synchronous: settings.synchronous,
        fileMode: settings.fileMode,
        ...(packageVersion === undefined ? {} : { packageVersion }),
      });
      const labels = { keys: settings.labelKeys, fixed: settings.labels };
      const recorder = new FileRecorder(file, this.#ledger, labels, () => this.#now());
      open = { recorder, agentId, inode: inodeOf(path), checkedMs: now, lastCommitMs: null, error: null };
      this.#loseTasks(path, open);
      this.#makeRoom();
    } else this.#open.delete(path);
    // Kept in the order of use.
    this.#open.set(path, open);
    return open;
  }

  #makeRoom(): void {
    for (const path of this.#open.keys()) {
      if (this.#open.size < MAX_OPEN_FILES) return;
      this.#closeAt(path);
    }
  }

  #closeAt(path: string): void {
    const open = this.#open.get(path);
    this.#open.delete(path);
    this.#paths.clear();
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
  }

  #sweepFile(path: string, open: OpenRecorder): void {
    const { settings } = this.#config;
    const { db } = open.recorder.file;
    this.#loseTasks(path, open);
    forgetMemory(db, Math.floor((this.#now() - settings.memoryDays * DAY_MS) / 1000), SWEEP_STEP);
    if (settings.retentionDays !== null) {
      deleteOlderThan(db, new Date(this.#now() - settings.retentionDays * DAY_MS).toISOString(), SWEEP_STEP);
      trimTombstones(db, TOMBSTONES_KEPT, SWEEP_STEP);
    }
  }

  // The holding file

  /** Where rows wait; making the file is left to the first span that has to wait. */
  #whereHeld(): string {
    this.#holdingPath ??= this.#locateHolding(lookingProbe);
    return this.#holdingPath;
  }

  #holdingOpen(): Holding {
    if (this.#holding === null) {
      this.#holdingPath = this.#locateHolding(makingProbe(this.#config.settings.fileMode));
      this.#holding = new Holding(openForWriting(this.#holdingPath, { busyTimeoutMs: this.#config.busyTimeoutMs }));
    }
    return this.#holding;
  }

  #locateHolding(probe: DiskProbe): string {
    const location = holdingFile(this.#config.settings, this.#config.env, probe);
    if (location === null) throw new Error('rows wait nowhere where all agents share one file');
    return location.path;
  }

  #hold(spans: readonly SpanRecord[], origin: Origin): unknown {
    try {
      this.#holdingOpen().hold(spans, origin, this.#now());
      for (const span of spans) {
        const key = span.traceId + span.spanId;
        if (span.endMs === null || this.#heldHere.has(key)) continue;
        this.#heldHere.add(key);
        this.#ledger.wait(span);
      }
      return null;
    } catch (error) {
      return asStoreError(error, 'hold rows without an agent in', this.#whereHeld());
    }
  }

  /** Spans held of traces that have just shown their agent. */
  #moveHeld(traces: ReadonlySet<string>): void {
    if (this.#hasHeld()) this.#move(() => this.#holdingOpen().ofTraces(traces), null);
  }

  /** Spans that waited too long go to the agent `unassigned` and stay there. */
  #moveTooOld(): void {
    if (!this.#hasHeld()) return;
    const before = this.#now() - this.#config.settings.holdHours * 3_600_000;
    this.#move(() => this.#holdingOpen().olderThan(before), UNASSIGNED);
  }

  #hasHeld(): boolean {
    return !this.#isOneFile() && (this.#holding !== null || exists(this.#whereHeld()));
  }

  #move(find: () => Held[], otherwise: Agent | null): void {
    try {
      const held = find();
      if (held.length === 0) return;
      const movable: Held[] = [];
      const groups = new Map<string, Group>();
      for (const one of held) {
        const agent = this.#agents.find([one.span], one.origin)[0] ?? otherwise;
        if (agent === null) continue;
        movable.push(one);
        const session = this.#sessions.of(one.span.resource, agent.id, one.origin);
        this.#group(groups, agent).spans.push({ span: one.span, agentId: agent.id, session });
      }
      for (const group of groups.values()) if (this.#write(group) !== null) return;
      this.#holdingOpen().release(movable);
      for (const { span } of movable) if (this.#heldHere.delete(span.traceId + span.spanId)) this.#ledger.stopWaiting(span);
    } catch (error) {
      const told = asStoreError(error, 'move rows out of', this.#whereHeld()) as Error;
      if (told instanceof StoreError && told.code === 'locked') return;
      this.#findings.set('holding', { level: 'red', code: 'holding', message: told.message });
    }
  }
}

function reasonOf(error: unknown): 'locked' | 'disk' | 'too-old' | 'failed' {
  if (!(error instanceof StoreError)) return 'failed';
  if (error.code === 'locked' || error.code === 'too-old') return error.code;
  return error.code === 'disk' || error.code === 'read-only' ? 'disk' : 'failed';
}

const inodeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.ino ?? -1;
const exists = (path: string): boolean => inodeOf(path) !== -1;

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
