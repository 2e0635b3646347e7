import { type Applied, applyGuarded, type Failure } from '../ingest/apply-guarded.ts';
import type { HealthFinding } from '../model/health.ts';
import type { Recording } from '../model/recording.ts';
import type { SpanRecord } from '../model/span-record.ts';
import type { RequestDecoder } from './decode-request.ts';
import { FailingRequests } from './failing-requests.ts';
import { PendingRequest } from './pending-request.ts';
import type { OtlpRequest, StoreOutcome } from './storing.ts';

/**
 * Spans of one group, whose requests share a transaction for each file, and with it the flush to disk. That is for requests of
 * few spans. Eight exporters' batches of 512 in one group would save a tenth of the CPU (45 against 50 µs a span, eight agents
 * 48 against 49), and each would wait for all.
 */
const GROUP_SPANS = 512;
/** A request of at most so many is not cut: its parts would cost a transaction each. */
const WHOLE_SPANS = 1024;
/** A file that is locked for so long is more than a neighbour's transaction. */
const LOCKED_LONG_MS = 60_000;
/** How long after its last failure a trouble is still told. */
const TROUBLE_TOLD_MS = 5000;

interface Incoming {
  readonly id: number;
  readonly request: OtlpRequest;
}

interface Taken {
  readonly request: PendingRequest;
  readonly spans: readonly SpanRecord[];
  /** Why it failed before, where it is tried for all that failed so. */
  readonly triedFor: string | null;
}

export interface StoreWorkParts {
  readonly recording: Recording;
  readonly decoder: RequestDecoder;
  readonly agentId: string | null;
  readonly answer: (answers: readonly (readonly [id: number, outcome: StoreOutcome])[]) => void;
  /** Keeps spans that make us fail for a person to look at. */
  readonly setAside: (spans: readonly SpanRecord[], receivedMs: number) => void;
}

/** Requests in, groups of them into the files, answers out. Whoever drives this calls `step` while it has something to do. */
export class StoreWork {
  readonly #parts: StoreWorkParts;
  #incoming: Incoming[] = [];
  /** Decoded, and not written yet since they are too large for one group. */
  #begun: PendingRequest[] = [];
  /** Could not be written; each is tried again when it is due. */
  readonly #failing = new FailingRequests();
  readonly #rejected: Record<string, number> = {};
  readonly #findings = new Map<string, HealthFinding>();
  #unusedLogs = 0;
  #refusedSpans = 0;
  #locked: { message: string; sinceMs: number; lastMs: number } | null = null;

  constructor(parts: StoreWorkParts) {
    this.#parts = parts;
  }

  accept(id: number, request: OtlpRequest): void {
    this.#incoming.push({ id, request });
  }

  get rejected(): Readonly<Record<string, number>> {
    return this.#rejected;
  }
  get unusedLogs(): number {
    return this.#unusedLogs;
  }
  get refusedSpans(): number {
    return this.#refusedSpans;
  }
  /** Whether `step` has something to do now. */
  get isBusy(): boolean {
    return this.#incoming.length > 0 || this.#begun.length > 0;
  }
  /** When `step` has something to do again, epoch milliseconds; null: nothing waits. */
  get nextDueMs(): number | null {
    return this.#failing.nextMs;
  }

  findings(nowMs: number): readonly HealthFinding[] {
    const findings = [...this.#findings.values()];
    const locked = this.#locked;
    if (locked !== null && nowMs - locked.lastMs < TROUBLE_TOLD_MS) {
      const ms = nowMs - locked.sinceMs;
      const message = `for ${Math.round(ms / 1000)} s: ${locked.message}`;
      findings.push({ level: ms < LOCKED_LONG_MS ? 'amber' : 'red', code: 'locked', message });
    }
    return findings;
  }

  /** One group. @param isLast nothing is tried again: what cannot be written now is answered so. */
  step(isLast = false): void {
    const now = Date.now();
    const answers: [number, StoreOutcome][] = [];
    const waited = isLast ? this.#failing.takeAll() : this.#failing.takeExpired(now);
    for (const request of waited) {
      const outcome = request.outcome(now, true);
      if (outcome !== null) answers.push([request.id, outcome]);
    }
    const group = this.#gather(now, answers);
    if (group.length > 0) {
      // One time for all: it says when their senders were last heard of.
      const receivedMs = Math.max(...group.map(({ request }) => request.receivedMs));
      const applied = applyGuarded(
        this.#parts.recording,
        { door: 'otlp', agentId: this.#parts.agentId, receivedMs },
        group.map(({ spans }) => spans),
      );
      this.#refuse(applied.guilty, receivedMs);
      const after = Date.now();
      if (applied.rest !== null) this.#note(applied.rest.failure, after);
      for (const taken of group) this.#settle(taken, applied, after, answers);
    }
    if (answers.length > 0) this.#parts.answer(answers);
  }

  /** What one transaction should take: what is due again, what is begun, what came. */
  #gather(now: number, answers: [number, StoreOutcome][]): Taken[] {
    const group: Taken[] = [];
    let room = GROUP_SPANS;
    // A large request does not keep small ones out, nor they it.
    const kept = this.#incoming.length > 0 ? GROUP_SPANS / 2 : 0;
    const take = (request: PendingRequest, most = room, triedFor: string | null = null): void => {
      const wanted = request.left <= WHOLE_SPANS ? WHOLE_SPANS : most;
      const spans = request.take(wanted);
      // Cut since it is of many agents: a group of files, however few its spans.
      const isOfMany = spans.length < wanted && request.left > 0;
      room = isOfMany ? Math.min(room - spans.length, kept) : room - spans.length;
      group.push({ request, spans, triedFor });
    };
    for (const request of this.#failing.takeDue(now)) take(request, GROUP_SPANS, request.failure?.message ?? null);
    let begun = 0;
    for (; begun < this.#begun.length && room > kept; begun++) take(this.#begun[begun] as PendingRequest, room - kept);
    this.#begun.splice(0, begun);
    let read = 0;
    while (read < this.#incoming.length && room > 0) {
      const { id, request } = this.#incoming[read++] as Incoming;
      const pending = this.#decode(id, request, answers);
      if (pending !== null) take(pending);
    }
    this.#incoming.splice(0, read);
    return group;
  }

  /** Null where it is answered by that. */
  #decode(id: number, request: OtlpRequest, answers: [number, StoreOutcome][]): PendingRequest | null {
    const decoded = this.#parts.decoder.decode(request);
    if (decoded.status === 'malformed') {
      const { message } = decoded;
      if (decoded.isOurs) this.#find('decode', `a request could not be decoded by a mistake of ours, please report: ${message}`);
      answers.push([id, { status: 'malformed', message }]);
      return null;
    }
    for (const [reason, count] of Object.entries(decoded.rejected))
      this.#rejected[reason] = (this.#rejected[reason] ?? 0) + count;
    this.#unusedLogs += decoded.unusedLogs;
    const pending = new PendingRequest(id, request.receivedMs, decoded.spans, decoded.rejected, decoded.unusedLogs);
    const outcome = pending.outcome(0);
    if (outcome === null) return pending;
    answers.push([id, outcome]);
    return null;
  }

  #settle({ request, spans, triedFor }: Taken, { rest, guilty }: Applied, now: number, answers: [number, StoreOutcome][]): void {
    const refused = guilty.size === 0 ? 0 : spans.filter((span) => guilty.has(span)).length;
    if (refused > 0) request.refuse(refused);
    const failed = rest === null ? [] : spans.filter((span) => rest.spans.has(span));
    if (failed.length > 0 && rest !== null) {
      request.putBack(failed, rest.failure, now);
      const outcome = request.outcome(now);
      if (outcome === null) this.#failing.add(request, triedFor !== null);
      else answers.push([request.id, outcome]);
      return;
    }
    request.succeed();
    if (triedFor !== null) this.#begun.push(...this.#failing.takeLike(triedFor));
    const outcome = request.outcome(now);
    if (outcome === null) this.#begun.push(request);
    else answers.push([request.id, outcome]);
  }

  #refuse(guilty: ReadonlyMap<SpanRecord, Error>, receivedMs: number): void {
    if (guilty.size === 0) return;
    this.#refusedSpans += guilty.size;
    this.#parts.setAside([...guilty.keys()], receivedMs);
    const error = guilty.values().next().value;
    this.#find(
      'failed',
      `${this.#refusedSpans} spans could not be recorded by a mistake of ours and were set aside in the spool's bad/ folder; please report: ${error?.stack ?? error?.message}`,
    );
  }

  #find(code: string, message: string): void {
    this.#findings.set(code, { level: 'red', code, message });
  }

  /** The recorder tells of failures of a disk itself; of locks it does not, since most are over in a moment. */
  #note({ reason, message }: Failure, now: number): void {
    if (reason !== 'locked') return;
    const begins = this.#locked === null || now - this.#locked.lastMs >= TROUBLE_TOLD_MS;
    this.#locked = { message, sinceMs: begins ? now : (this.#locked?.sinceMs ?? now), lastMs: now };
  }
}
