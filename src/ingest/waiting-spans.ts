import { classify } from '../dialect/classify.ts';
import type { HealthFinding } from '../model/health.ts';
import type { Origin, SpanRecord } from '../model/span-record.ts';
import { asStoreError, isLocked } from '../store/store-error.ts';
import type { AgentClaim } from './agent-claims.ts';
import type { AgentFinder, Conclusion, Decision } from './agent-finder.ts';
import { type Agent, UNASSIGNED } from './agent-of.ts';
import { HeldLookUp, TRACES_A_LOOK } from './held-look-up.ts';
import { HeldTraces } from './held-traces.ts';
import { dueOf } from './held-until.ts';
import type { Held, Waiting } from './holding.ts';
import { HoldingFile } from './holding-file.ts';
import type { Ledger } from './ledger.ts';
import type { RecorderConfig } from './recorder-config.ts';
import { shareOut } from './share-held.ts';

const SETTLE_BUDGET_MS = 100;
const TRACES_A_STEP = 256;
const SPANS_A_MOVE = 2048;
const CLAIMS_DROPPED_AT_ONCE = 4096;
/** Beyond this the index does without them: its file cannot be written, and memory is bounded. */
const MOST_UNWRITTEN_CLAIMS = 100_000;
/** Held spans of one trace that are read again for each batch of it; more are looked at once a second. */
const FEW = 64;
const REST_MS = 1000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** No span's id has a space. */
const keyOf = (span: SpanRecord): string => `${span.traceId} ${span.spanId}`;
const idsOf = (key: string): [traceId: string, spanId: string] => {
  const at = key.lastIndexOf(' ');
  return [key.slice(0, at), key.slice(at + 1)];
};

interface Move {
  /** The trace of each span that stays for want of an agent. */
  readonly left: readonly string[];
  /** Traces of spans whose agent's file could not be written. */
  readonly unwritten: ReadonlySet<string>;
}

/** One agent's share of a move. @returns the error where it could not be written, else null */
export type WriteHeld = (agent: Agent, held: readonly Held[]) => unknown;

export interface WaitingParts {
  readonly config: RecorderConfig;
  readonly now: () => number;
  readonly ledger: Ledger;
  readonly agents: () => AgentFinder;
  readonly write: WriteHeld;
  /** Files that this recorder has open itself. */
  readonly isOwn: (path: string) => boolean;
}

/**
 * Spans without an agent: into the holding file, and out of it as soon as anybody tells whose they are, or the time for
 * telling is over. What is moved is committed in the agent's file before it leaves this one, so a crash in between repeats
 * the move and changes nothing.
 */
export class WaitingSpans {
  readonly #parts: WaitingParts;
  readonly #file: HoldingFile;
  readonly #lookUp: HeldLookUp;
  /** Spans that wait in the books of this process, with their dialect. */
  readonly #counted = new Map<string, string>();
  readonly #traces = new HeldTraces();
  #nextDueMs = Number.NEGATIVE_INFINITY;
  /** Traces and conversations to be looked at: they have news, or their move failed (a file was locked, say). */
  readonly #again = new Set<string>();
  readonly #news = new Set<string>();
  /** Traces that were looked at in vain, and when they are again: each look reads all that is held of them. */
  readonly #rests = new Map<string, number>();
  #needsIndex = false;
  /** What is wrong with the holding file; null: nothing. */
  finding: HealthFinding | null = null;

  constructor(parts: WaitingParts) {
    this.#parts = parts;
    this.#file = new HoldingFile(parts.config);
    const { config, agents, isOwn } = parts;
    this.#lookUp = new HeldLookUp({ config, agents, isOwn, news: (traceId) => void this.#again.add(traceId) });
  }

  /** @returns the error as it should be told, or null. */
  hold(spans: readonly SpanRecord[], decisions: readonly Decision[], origin: Origin): unknown {
    return this.#attempt('hold rows without an agent in', () => {
      const now = this.#parts.now();
      const waiting = spans.map((span, i): Waiting => {
        const decision = decisions[i];
        return { span, dueMs: decision?.status === 'waits' ? dueOf(decision.next, origin.door, now, now, null) : null };
      });
      const { holding } = this.#file.made();
      const added = new Set(holding.hold(waiting, origin, now));
      this.#file.assertStands();
      for (const { span, dueMs: due } of waiting) {
        if (span.endMs === null) continue;
        this.#traces.add(span.traceId);
        if (due !== null) this.#nextDueMs = Math.min(this.#nextDueMs, due);
        const { dialect } = classify(span);
        if (added.has(span)) {
          this.#counted.set(keyOf(span), dialect);
          this.#parts.ledger.wait(dialect);
        } else this.#parts.ledger.repeat(dialect);
      }
    });
  }

  /** Moves what is held of traces and conversations that have just shown their agent. */
  moveOf(traces: Iterable<string>): void {
    this.#attempt('move rows out of', () => {
      // Before anything can fail: what could not be moved now is looked at again.
      for (const traceId of traces) this.#again.add(traceId);
      this.#moveAgain();
    });
  }

  /** What is cheap to look at each second: spans whose time has come, moves that failed, the index. */
  tick(): void {
    this.flush();
    const now = this.#parts.now();
    if (now < this.#nextDueMs && this.#again.size === 0 && this.#news.size === 0) return;
    this.#attempt('move rows out of', () => {
      if (this.#file.ifThere() === null) {
        this.#nextDueMs = Number.POSITIVE_INFINITY;
        return;
      }
      if (now >= this.#nextDueMs) this.#settleDue(now);
      this.#moveAgain();
    });
  }

  /** Moves what the agents' files know by now, and gives to `unassigned` what waited too long; there it stays. */
  sweep(): void {
    this.flush();
    this.#attempt('move rows out of', () => {
      const opened = this.#file.ifThere();
      if (opened === null) return;
      const now = this.#parts.now();
      const { settings } = this.#parts.config;
      this.#lookUp.lookUp(opened.holding, now);
      this.#nextDueMs = Number.NEGATIVE_INFINITY;
      this.#moveAgain();
      this.#lookUp.lookAtOnce();
      this.#settleDue(now);
      this.#moveAgain();
      for (;;) {
        const old = opened.holding.olderThan(now - settings.holdHours * HOUR_MS);
        if (old.length === 0) break;
        this.#lookUp.learn(this.#lookUp.files(), new Set(old.map(({ span }) => span.traceId)));
        if (this.#move(old, 'last', UNASSIGNED).unwritten.size > 0) break;
      }
      this.#forgetMoved();
      opened.index.forget(now - settings.memoryDays * DAY_MS, CLAIMS_DROPPED_AT_ONCE);
    });
  }

  /** The run is over: what this process holds goes by what is known now, its service at last. */
  settle(): void {
    this.#attempt('move rows out of', () => {
      const opened = this.#file.ifThere();
      if (opened === null) return;
      const traces = [...new Set([...this.#counted.keys()].map((key) => idsOf(key)[0]))];
      this.#lookUp.learn(this.#lookUp.files(), traces.slice(0, TRACES_A_LOOK));
      for (const conclusion of ['likely', 'last'] as const) {
        for (let i = 0; i < traces.length; i += TRACES_A_STEP) {
          this.#move(opened.holding.ofTraces(traces.slice(i, i + TRACES_A_STEP)), conclusion, null);
        }
      }
      this.#moveAgain();
    });
  }

  /** What the index remembers; null where it cannot be read now. */
  claims(of: 'trace' | 'conversation', key: string): readonly AgentClaim[] | null {
    let claims: readonly AgentClaim[] | null = null;
    this.#attempt('read whose rows these are in', () => {
      claims = this.#file.lately()?.index.claims(of, key) ?? [];
    });
    return claims;
  }

  /** From now on the index is made too: other processes send here, and a restart should know what they told. */
  keepIndex(): void {
    this.#needsIndex = true;
  }

  /** Writes what the finder learned into the index. */
  flush(): void {
    const agents = this.#parts.agents();
    if (agents.freshClaims.length === 0) return;
    this.#attempt('remember whose rows these are in', () => {
      const opened = this.#needsIndex ? this.#file.made() : this.#file.ifThere();
      opened?.index.put(agents.freshClaims, this.#parts.now());
      agents.dropFresh();
    });
    if (agents.freshClaims.length > MOST_UNWRITTEN_CLAIMS) agents.dropFresh();
  }

  close(): void {
    this.flush();
    this.#file.close();
  }

  #moveAgain(): void {
    for (const id of this.#parts.agents().takeNews()) this.#news.add(id);
    if (this.#again.size === 0 && this.#news.size === 0) return;
    const opened = this.#file.ifThere();
    if (opened === null) {
      this.#again.clear();
      this.#news.clear();
      return;
    }
    this.#traces.learn(opened.holding, opened.dataVersion());
    // A move may make agents of further conversations known; each round moves spans, so this ends.
    for (;;) {
      // Mostly nothing is held, and every MCP session is a conversation: asking for each was 2 % of a receiver's CPU.
      if (this.#traces.hasAny) {
        for (const id of this.#news) for (const traceId of opened.holding.tracesOfConversation(id)) this.#again.add(traceId);
      }
      this.#news.clear();
      const now = this.#parts.now();
      const traces = [...this.#again].filter((traceId) => this.#traces.has(traceId) && (this.#rests.get(traceId) ?? 0) <= now);
      for (const traceId of this.#again) if (!this.#traces.has(traceId)) this.#again.delete(traceId);
      if (traces.length === 0) return;
      while (traces.length > 0) {
        // Many traces in one transaction, but not all that there may be.
        const part: string[] = [];
        const held: Held[] = [];
        while (traces.length > 0 && held.length < SPANS_A_MOVE) {
          const traceId = traces.pop() as string;
          part.push(traceId);
          held.push(...opened.holding.ofTraces([traceId]));
        }
        this.#finishTraces(part, this.#move(held, null, null), now);
      }
      for (const id of this.#parts.agents().takeNews()) this.#news.add(id);
      if (this.#news.size === 0) return;
    }
  }

  #finishTraces(traces: readonly string[], { left, unwritten }: Move, now: number): void {
    const stay = new Map<string, number>();
    for (const traceId of left) stay.set(traceId, (stay.get(traceId) ?? 0) + 1);
    for (const traceId of traces) {
      if (unwritten.has(traceId)) continue;
      const count = stay.get(traceId) ?? 0;
      this.#again.delete(traceId);
      if (count === 0) this.#traces.delete(traceId);
      if (count > FEW) {
        this.#again.add(traceId);
        this.#rests.set(traceId, now + REST_MS);
      } else this.#rests.delete(traceId);
    }
  }

  #settleDue(now: number): void {
    const opened = this.#file.ifThere();
    if (opened === null) return;
    const until = performance.now() + SETTLE_BUDGET_MS;
    for (;;) {
      const due = opened.holding.due(now);
      if (due.length === 0) break;
      const traces = new Set(due.map(({ span }) => span.traceId));
      const restMs = this.#lookUp.lookForDue(traces);
      if (restMs > 0) {
        this.#nextDueMs = now + restMs;
        return;
      }
      this.#move(opened.holding.ofTraces(traces), null, null);
      if (performance.now() > until) {
        this.#nextDueMs = now;
        return;
      }
    }
    this.#nextDueMs = opened.holding.earliestDueMs() ?? Number.POSITIVE_INFINITY;
  }

  #move(held: readonly Held[], force: Conclusion | null, otherwise: Agent | null): Move {
    const agents = this.#parts.agents();
    const now = this.#parts.now();
    const { shares, left } = shareOut(held, agents, now, force, otherwise);
    const unwritten = new Set<string>();
    const again: Waiting[] = [];
    for (const { agent, held: share } of shares) {
      if (this.#parts.write(agent, share) !== null) {
        for (const { span, dueMs } of share) {
          unwritten.add(span.traceId);
          this.#again.add(span.traceId);
          if (dueMs !== null && dueMs <= now) again.push({ span, dueMs: now + REST_MS });
        }
        continue;
      }
      this.#file.made().holding.release(share);
      for (const { span } of share) this.#uncount(keyOf(span));
    }
    for (const { one, next } of left) {
      const dueMs = dueOf(next, one.origin.door, one.heldMs, now, one.dueMs);
      if (dueMs === one.dueMs || (dueMs !== null && one.dueMs !== null && Math.abs(dueMs - one.dueMs) < 1000)) continue;
      again.push({ span: one.span, dueMs });
      if (dueMs !== null) this.#nextDueMs = Math.min(this.#nextDueMs, dueMs);
    }
    if (again.length > 0) this.#file.made().holding.postpone(again);
    return { left: left.map(({ one }) => one.span.traceId), unwritten };
  }

  #uncount(key: string): void {
    const dialect = this.#counted.get(key);
    if (dialect === undefined) return;
    this.#counted.delete(key);
    this.#parts.ledger.stopWaiting(dialect);
  }

  /** Another process may have moved what we put there; then it stands in its books. */
  #forgetMoved(): void {
    const opened = this.#file.ifThere();
    if (opened === null) return;
    for (const key of [...this.#counted.keys()]) if (!opened.holding.holds(...idsOf(key))) this.#uncount(key);
  }

  #attempt(operation: string, work: () => void): unknown {
    try {
      work();
      this.finding = null;
      return null;
    } catch (error) {
      const told = asStoreError(error, operation, this.#file.path) as Error;
      // What could not be moved now is looked for at the next tick.
      if (isLocked(told)) return told;
      this.#file.giveUp();
      this.finding = { level: 'red', code: 'holding', message: told.message };
      return told;
    }
  }
}
