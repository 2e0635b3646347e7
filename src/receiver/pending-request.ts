import type { Failure } from '../ingest/apply-guarded.ts';
import { sumCounts } from '../model/books.ts';
import type { SpanRecord } from '../model/span-record.ts';
import type { StoreOutcome } from './storing.ts';

/** How long a request waits for a file that another process holds before its sender is asked to come again. */
const LOCKED_PATIENCE_MS = 1000;
/** Other failures are rarely over in a moment; the file that was replaced under us is opened anew at the next try. */
const OTHER_PATIENCE_MS = 50;
const FIRST_RETRY_MS = 10;
const LAST_RETRY_MS = 200;

/** Agents of one part of a request. A new file takes 25 ms on a busy disk: a request of a thousand kept all others waiting for 34 s. */
const PART_AGENTS = 16;

/** When it is worth a sender's while to come again, seconds. */
const COME_AGAIN_S: Readonly<Record<Failure['reason'], number>> = { locked: 1, disk: 10, failed: 10, 'too-old': 60 };

/** A decoded request until it is answered. */
export class PendingRequest {
  readonly id: number;
  readonly receivedMs: number;
  /** Spans not written yet: those that failed and those whose turn has not come. */
  #todo: readonly SpanRecord[];
  readonly #taken: number;
  readonly #rejected: Record<string, number>;
  readonly #unused: number;
  #failure: Failure | null = null;
  #failingSinceMs = 0;
  #tries = 0;
  /** When it is to be tried again, epoch milliseconds. */
  dueMs = 0;

  constructor(
    id: number,
    receivedMs: number,
    spans: readonly SpanRecord[],
    rejected: Readonly<Record<string, number>>,
    unused: number,
  ) {
    this.id = id;
    this.receivedMs = receivedMs;
    this.#todo = spans;
    this.#taken = spans.length;
    this.#rejected = { ...rejected };
    this.#unused = unused;
  }

  /** Spans not written yet. */
  get left(): number {
    return this.#todo.length;
  }

  get isWritten(): boolean {
    return this.#todo.length === 0;
  }

  /** Why it was not written when it was last tried. */
  get failure(): Failure | null {
    return this.#failure;
  }

  /** When its sender is asked to come again, epoch milliseconds. */
  get expiresMs(): number {
    return this.#failingSinceMs + (this.#failure?.reason === 'locked' ? LOCKED_PATIENCE_MS : OTHER_PATIENCE_MS);
  }

  /** Takes out what is to be written next, at most so many, of a bounded number of agents. */
  take(most: number): readonly SpanRecord[] {
    const spans = this.#todo;
    const count = ofFewAgents(spans, most);
    if (spans.length <= count) {
      this.#todo = [];
      return spans;
    }
    this.#todo = spans.slice(count);
    return spans.slice(0, count);
  }

  /** A part of what was taken could not be written now. */
  putBack(spans: readonly SpanRecord[], failure: Failure, nowMs: number): void {
    this.#todo = [...spans, ...this.#todo];
    if (this.#failure === null) this.#failingSinceMs = nowMs;
    this.#failure = failure;
    this.dueMs = nowMs + Math.min(FIRST_RETRY_MS * 2 ** this.#tries, LAST_RETRY_MS);
    this.#tries += 1;
  }

  /** All that was taken is written. */
  succeed(): void {
    this.#failure = null;
    this.#tries = 0;
  }

  /** Spans that can never be written. */
  refuse(count: number): void {
    this.#rejected['failed'] = (this.#rejected['failed'] ?? 0) + count;
  }

  /** The answer of a request that is written, or that waited long enough for its file; null: try on. */
  outcome(nowMs: number, isLast = false): StoreOutcome | null {
    if (this.isWritten) return this.#stored();
    if (this.#failure === null) return null;
    if (!isLast && nowMs < this.expiresMs) return null;
    const { reason, message } = this.#failure;
    return { status: 'retry', reason, message, afterSeconds: COME_AGAIN_S[reason] };
  }

  #stored(): StoreOutcome {
    const rejected = sumCounts(this.#rejected);
    return {
      status: 'stored',
      accepted: this.#taken - (this.#rejected['failed'] ?? 0),
      rejected,
      unused: this.#unused,
      message: rejected === 0 ? null : `rejected: ${reasons(this.#rejected)}`,
    };
  }
}

/** How many of the first spans a part may hold. Whose they are is found out later; what they say of it is near enough. */
function ofFewAgents(spans: readonly SpanRecord[], most: number): number {
  const agents = new Set<unknown>();
  for (const [index, { attributes, resource }] of spans.entries()) {
    if (index === most) return most;
    const of = resource.attributes;
    agents.add(attributes['agent.id'] ?? of['agent.id'] ?? of['service.name'] ?? resource);
    if (agents.size > PART_AGENTS) return index;
  }
  return spans.length;
}

const WORDS: Readonly<Record<string, string>> = {
  failed: 'made the receiver fail and were set aside there; its log says why',
};

const reasons = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${count} ${WORDS[reason] ?? `malformed ${reason.replaceAll('_', ' ')}`}`)
    .join(', ');
