import { classify } from '../dialect/classify.ts';
import type { HealthFinding } from '../model/health.ts';
import type { Origin, SpanRecord } from '../model/span-record.ts';
import { type DiskProbe, holdingFile, lookingProbe, makingProbe } from '../store/agent-file.ts';
import { fileIdentity } from '../store/file-identity.ts';
import { openForWriting } from '../store/open.ts';
import { asStoreError, StoreError } from '../store/store-error.ts';
import { type Agent, type AgentFinder, UNASSIGNED } from './agent-of.ts';
import { type Held, Holding } from './holding.ts';
import type { Ledger } from './ledger.ts';
import type { RecorderConfig } from './recorder-config.ts';
import { tracesInFiles } from './trace-agents.ts';

/** How often the agents' files are asked whether they know a trace that waits: another process may have written it there. */
const LOOK_UP_EVERY_MS = 10 * 60_000;
const HOUR_MS = 3_600_000;

const keyOf = (span: SpanRecord): string => span.traceId + span.spanId;

/** One agent's share of a move. @returns the error where it could not be written, else null */
export type WriteHeld = (agent: Agent, held: readonly Held[]) => unknown;

/**
 * Spans without an agent: into the holding file, and out of it as soon as anybody tells whose they are. What is moved is
 * committed in the agent's file before it leaves this one, so a crash in between repeats the move and changes nothing.
 */
export class WaitingSpans {
  readonly #config: RecorderConfig;
  readonly #now: () => number;
  readonly #ledger: Ledger;
  readonly #agents: AgentFinder;
  readonly #write: WriteHeld;
  #holding: Holding | null = null;
  #identity: string | null = null;
  #path: string | undefined;
  /** Spans that wait in the books of this process, with their dialect. */
  readonly #counted = new Map<string, string>();
  #nextLookUpMs = Number.NEGATIVE_INFINITY;
  /** What is wrong with the holding file; null: nothing. */
  finding: HealthFinding | null = null;

  constructor(config: RecorderConfig, now: () => number, ledger: Ledger, agents: AgentFinder, write: WriteHeld) {
    this.#config = config;
    this.#now = now;
    this.#ledger = ledger;
    this.#agents = agents;
    this.#write = write;
  }

  /** @returns the error as it should be told, or null. */
  hold(spans: readonly SpanRecord[], origin: Origin): unknown {
    return this.#attempt('hold rows without an agent in', () => {
      const added = new Set(this.#opened().hold(spans, origin, this.#now()));
      for (const span of spans) {
        if (span.endMs === null) continue;
        const { dialect } = classify(span);
        if (added.has(span)) {
          this.#counted.set(keyOf(span), dialect);
          this.#ledger.wait(dialect);
        } else this.#ledger.repeat(dialect);
      }
    });
  }

  /** Moves what is held of traces that have just shown their agent. */
  moveOf(traces: Iterable<string>): void {
    this.#attempt('move rows out of', () => {
      if (this.#exists()) this.#move(this.#opened().ofTraces(traces), null);
    });
  }

  /** Moves what the agents' files know by now, and gives to `unassigned` what waited too long; there it stays. */
  sweep(): void {
    this.#attempt('move rows out of', () => {
      if (!this.#exists()) return;
      const now = this.#now();
      if (now >= this.#nextLookUpMs) {
        this.#nextLookUpMs = now + LOOK_UP_EVERY_MS;
        const traces = this.#opened().traces();
        this.#learn(traces);
        this.#move(this.#opened().ofTraces(traces), null);
      }
      for (;;) {
        const old = this.#opened().olderThan(now - this.#config.settings.holdHours * HOUR_MS);
        if (old.length === 0) break;
        this.#learn(new Set(old.map(({ span }) => span.traceId)));
        if (!this.#move(old, UNASSIGNED)) break;
      }
      this.#forgetMoved();
    });
  }

  close(): void {
    const holding = this.#holding;
    this.#holding = null;
    try {
      holding?.file.close();
    } catch {
      // A handle that cannot even be closed is given up with the error that led here.
    }
  }

  #learn(traces: Iterable<string>): void {
    const { settings, env } = this.#config;
    for (const known of tracesInFiles(traces, settings, env)) this.#agents.learn(known);
  }

  /** @returns whether all of them went where they belong; what has no agent yet is none of them. */
  #move(held: readonly Held[], otherwise: Agent | null): boolean {
    // All first: the agent of one may stand on another that is held too.
    for (const { span, origin } of held) this.#agents.find([span], origin);
    const shares = new Map<Agent, Held[]>();
    const agents = new Map<string, Agent>();
    for (const one of held) {
      const found = this.#agents.find([one.span], one.origin)[0] ?? otherwise;
      if (found === null) continue;
      const key = `${found.kind}=${found.id}`;
      const agent = agents.get(key) ?? found;
      agents.set(key, agent);
      const share = shares.get(agent);
      if (share === undefined) shares.set(agent, [one]);
      else share.push(one);
    }
    let isComplete = true;
    for (const [agent, share] of shares) {
      if (this.#write(agent, share) !== null) {
        isComplete = false;
        continue;
      }
      this.#opened().release(share);
      for (const { span } of share) this.#uncount(keyOf(span));
    }
    return isComplete;
  }

  #uncount(key: string): void {
    const dialect = this.#counted.get(key);
    if (dialect === undefined) return;
    this.#counted.delete(key);
    this.#ledger.stopWaiting(dialect);
  }

  /** Another process may have moved what we put there; then it stands in its books. */
  #forgetMoved(): void {
    for (const key of [...this.#counted.keys()]) {
      if (!this.#opened().holds(key.slice(0, 32), key.slice(32))) this.#uncount(key);
    }
  }

  #attempt(operation: string, work: () => void): unknown {
    try {
      work();
      this.finding = null;
      return null;
    } catch (error) {
      const told = asStoreError(error, operation, this.#path ?? 'the holding file') as Error;
      if (told instanceof StoreError && told.code === 'locked') {
        // What could not be moved now is looked for at the next sweep.
        this.#nextLookUpMs = Number.NEGATIVE_INFINITY;
        return told;
      }
      this.close();
      this.#path = undefined;
      this.finding = { level: 'red', code: 'holding', message: told.message };
      return told;
    }
  }

  /** Making the file is left to the first span that has to wait. */
  #exists(): boolean {
    this.#path ??= this.#locate(lookingProbe);
    return this.#path !== undefined && fileIdentity(this.#path) !== null;
  }

  #opened(): Holding {
    if (this.#holding !== null && this.#path !== undefined && fileIdentity(this.#path) === this.#identity) return this.#holding;
    this.close();
    const { settings, busyTimeoutMs } = this.#config;
    this.#path = this.#locate(makingProbe(settings.fileMode));
    if (this.#path === undefined) throw new Error('rows wait nowhere where all agents share one file');
    const file = openForWriting(this.#path, {
      busyTimeoutMs,
      journal: settings.journal,
      synchronous: settings.synchronous,
      fileMode: settings.fileMode,
    });
    this.#identity = fileIdentity(this.#path);
    this.#holding = new Holding(file);
    return this.#holding;
  }

  #locate(probe: DiskProbe): string | undefined {
    return holdingFile(this.#config.settings, this.#config.env, probe)?.path;
  }
}
