import { applyGuarded } from '../ingest/apply-guarded.ts';
import { spanOfLog } from '../ingest/log-span.ts';
import { decodeBatch, encodeBatch } from '../model/batch-codec.ts';
import type { Recording } from '../model/recording.ts';
import type { ProcessSession, SpanBatch } from '../model/span-record.ts';
import { BackOff } from './back-off.ts';
import type { BatchMessage, Settlement, ToHost, Trouble } from './messages.ts';
import type { ThreadSpool } from './thread-spool.ts';

/**
 * Spans that one `apply` may take together. Larger transactions are cheaper, but while one runs the thread neither takes
 * nor spools what the host hands over: with 4,096 on a busy machine a flood of 300,000 spans a second filled memory first.
 */
const GROUP_SPANS = 1024;
const FIRST_RETRY_MS = 10;
const LAST_RETRY_MS = 500;
/** A batch that makes `apply` throw is tried alone, so often; then the guilty among its spans are set aside. */
const THROWS_ALLOWED = 3;
const REPORT_EVERY_MS = 200;

interface Group {
  readonly ids: readonly number[];
  readonly messages: readonly BatchMessage[];
  batch: SpanBatch;
  throws: number;
  /** Ended spans of it that were set aside. */
  lost: number;
}

export interface ThreadWorkParts {
  readonly recording: Recording;
  readonly spool: ThreadSpool;
  readonly session: ProcessSession;
  readonly agentId: string | null;
  /** Spans held here before new ones go to the spool. */
  readonly queueMax: number;
  readonly post: (message: ToHost) => void;
  readonly onClosed: () => void;
}

/** The writer thread's loop: batches in, one transaction at a time, settlements out; waits when a file is not to be had. */
export class ThreadWork {
  readonly #parts: ThreadWorkParts;
  #incoming: BatchMessage[] = [];
  #waiting: Group[] = [];
  #held = 0;
  #backOff = new BackOff(FIRST_RETRY_MS, LAST_RETRY_MS);
  #scheduled = false;
  #drainWanted = false;
  #retryTimer: NodeJS.Timeout | null = null;
  #trouble: Trouble | null = null;
  #lastReport = 0;
  #closeAt: number | null = null;
  #closed = false;

  constructor(parts: ThreadWorkParts) {
    this.#parts = parts;
  }

  accept(message: BatchMessage): void {
    if (this.#held + message.spans > this.#parts.queueMax && this.#held > 0) {
      this.#spool([message]);
      return;
    }
    this.#incoming.push(message);
    this.#held += message.spans;
    if (this.#retryTimer === null) this.#schedule();
  }

  close(waitMs: number): void {
    if (this.#closed) return;
    this.#closeAt = Date.now() + waitMs;
    this.#clearRetry();
    this.#schedule();
  }

  /** Applies what lies in the spool, once there is nothing else to do; called at start and now and then. */
  drainSpool(): void {
    this.#drainWanted = true;
    if (this.#retryTimer === null) this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#step();
    });
  }

  #step(): void {
    if (this.#closed) return;
    const group = this.#waiting.shift() ?? this.#gather();
    if (group === null) {
      this.#idle();
      return;
    }
    const waitMs = this.#write(group);
    if (waitMs === null) {
      this.#schedule();
      return;
    }
    if (this.#closeAt !== null && Date.now() + waitMs > this.#closeAt) {
      this.#spoolEverything();
      this.#finish();
      return;
    }
    this.#stepAfter(waitMs);
  }

  /** As many queued batches as one transaction should take. */
  #gather(): Group | null {
    let spans = 0;
    let count = 0;
    for (const message of this.#incoming) {
      if (count > 0 && spans + message.spans > GROUP_SPANS) break;
      spans += message.spans;
      count += 1;
    }
    if (count === 0) return null;
    const messages = this.#incoming.splice(0, count);
    const batches = messages.map((message) => decodeBatch(message.text));
    const first = batches[0] as SpanBatch;
    const batch: SpanBatch =
      batches.length === 1 ? first : { origin: first.origin, spans: batches.flatMap((b) => b.spans), logs: [] };
    return { ids: messages.map((message) => message.id), messages, batch, throws: 0, lost: 0 };
  }

  /** Milliseconds to wait before anything is tried again; null to go on. */
  #write(group: Group): number | null {
    let outcome: ReturnType<Recording['apply']>;
    try {
      outcome = this.#parts.recording.apply(group.batch);
    } catch (error) {
      return this.#thrown(group, error as Error);
    }
    if (outcome.status === 'written') return this.#finishGroup(group);
    group.batch = outcome.rest;
    this.#waiting.push(group);
    this.#setTrouble(outcome);
    return this.#backOff.next();
  }

  #thrown(group: Group, error: Error): number | null {
    if (group.messages.length > 1) {
      // Only one of them may be at fault: each goes alone from here.
      for (const message of group.messages) {
        this.#waiting.push({ ids: [message.id], messages: [message], batch: decodeBatch(message.text), throws: 1, lost: 0 });
      }
      return null;
    }
    group.throws += 1;
    const told = error.stack ?? error.message;
    if (group.throws < THROWS_ALLOWED) {
      this.#waiting.push(group);
      this.#setTrouble({ reason: 'failed', message: `writing ${group.batch.spans.length} spans threw: ${told}` });
      return this.#backOff.next();
    }
    return this.#setGuiltyAside(group, told);
  }

  /** The others of the batch are written. */
  #setGuiltyAside(group: Group, told: string): number | null {
    const { origin, spans, logs } = group.batch;
    const { rest, guilty } = applyGuarded(this.#parts.recording, origin, [[...spans, ...logs.map(spanOfLog)]]);
    const [message] = group.messages;
    if (guilty.size > 0 && message !== undefined) {
      const aside = [...guilty.keys()];
      const ended = aside.filter((span) => span.endMs !== null).length;
      const text = encodeBatch({ origin, spans: aside, logs: [] });
      this.#parts.spool.setAside([{ ...message, spans: aside.length, ended, text }]);
      group.lost += ended;
      const finding = `${aside.length} spans could not be written after ${group.throws} attempts and were set aside in the spool's bad/ folder; please report: ${told}`;
      this.#parts.post({ kind: 'finding', finding: { level: 'red', code: 'failed', message: finding } });
    }
    if (rest === null) return this.#finishGroup(group);
    group.batch = { origin, spans: [...rest.spans], logs: [] };
    group.throws = 0;
    this.#waiting.push(group);
    this.#setTrouble(rest.failure);
    return this.#backOff.next();
  }

  #finishGroup(group: Group): null {
    const { ids, lost } = group;
    this.#backOff.reset();
    this.#setTrouble(null);
    this.#release(group);
    this.#settle(
      ids.map((id) => (lost === 0 ? { id, outcome: 'written' } : { id, outcome: 'dropped', reason: 'failed', ended: lost })),
      false,
    );
    return null;
  }

  #release(group: Group): void {
    for (const message of group.messages) this.#held -= message.spans;
  }

  #idle(): void {
    this.#setTrouble(null);
    if (this.#closeAt !== null) {
      this.#finish();
      return;
    }
    if (!this.#drainWanted && !this.#parts.spool.hasMore) return;
    this.#drainWanted = false;
    const settlements = this.#parts.spool.drain();
    this.#settle(settlements, true);
    if (this.#parts.spool.hasMore) this.#stepAfter(settlements.length > 0 ? 0 : LAST_RETRY_MS);
  }

  #stepAfter(ms: number): void {
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      this.#step();
    }, ms);
  }

  #spool(messages: readonly BatchMessage[]): void {
    this.#settle(this.#parts.spool.write(messages), false);
    if (this.#retryTimer === null) this.#schedule();
  }

  #spoolEverything(): void {
    const messages = [...this.#waiting.flatMap((group) => group.messages), ...this.#incoming];
    this.#waiting = [];
    this.#incoming = [];
    this.#held = 0;
    this.#settle(this.#parts.spool.write(messages), false);
  }

  #settle(settlements: readonly Settlement[], withReport: boolean): void {
    if (settlements.length === 0) return;
    const now = Date.now();
    const idle = this.#incoming.length === 0 && this.#waiting.length === 0;
    const due = withReport || idle || now - this.#lastReport >= REPORT_EVERY_MS;
    if (due) this.#lastReport = now;
    this.#parts.post({ kind: 'settled', settlements, report: due ? this.#parts.recording.report() : null });
  }

  #setTrouble(found: Pick<Trouble, 'reason' | 'message'> | null): void {
    if (found === null) {
      if (this.#trouble === null) return;
      this.#trouble = null;
    } else {
      const changed = this.#trouble?.reason !== found.reason;
      this.#trouble = { reason: found.reason, message: found.message, sinceMs: this.#trouble?.sinceMs ?? Date.now() };
      if (!changed) return;
    }
    this.#parts.post({ kind: 'trouble', trouble: this.#trouble });
  }

  #clearRetry(): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
  }

  #finish(): void {
    this.#closed = true;
    this.#clearRetry();
    const { recording, session, agentId, post, onClosed } = this.#parts;
    recording.end(session, agentId);
    const report = recording.report();
    recording.close();
    post({ kind: 'closed', report });
    onClosed();
  }
}
