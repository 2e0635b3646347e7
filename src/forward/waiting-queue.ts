import { SIGNALS, type Signal } from './forwarding.ts';
import type { RecordName } from './record-name.ts';

/** What a file takes on most disks at least: a bound that counted bytes only would let 512 MB of small bodies fill gigabytes. */
const BLOCK_BYTES = 4096;

/** Of the bound, kept free for each other signal that has a target: a vendor that knows no metrics must not crowd out the traces. */
const RESERVED_SHARE = 0.2;

const onDisk = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;

interface Waiting {
  /** From `head` on, about in the order of arrival. */
  records: RecordName[];
  head: number;
  readonly inFlight: Set<RecordName>;
  /** Of `records`, `inFlight` and what is being written. */
  bytes: number;
  count: number;
}

/** Which records lie in the folder, by name; their bodies stay on disk. A record takes about 150 bytes here. */
export class WaitingQueue {
  readonly #maxBytes: number;
  readonly #signals: readonly Signal[];
  readonly #bySignal: Record<Signal, Waiting>;

  /** @param signals those that have a target */
  constructor(maxBytes: number, signals: readonly Signal[]) {
    this.#maxBytes = maxBytes;
    this.#signals = signals;
    const empty = (): Waiting => ({ records: [], head: 0, inFlight: new Set(), bytes: 0, count: 0 });
    this.#bySignal = { traces: empty(), logs: empty(), metrics: empty() };
  }

  /** Takes room for a record that will be written now; false: there is none. */
  reserve(record: RecordName): boolean {
    let held = onDisk(record.bytes);
    for (const signal of SIGNALS) {
      const { bytes } = this.#bySignal[signal];
      const keepsFree = signal !== record.signal && this.#signals.includes(signal);
      held += keepsFree ? Math.max(bytes, this.#maxBytes * RESERVED_SHARE) : bytes;
    }
    if (held > this.#maxBytes) return false;
    this.#count(record, 1);
    return true;
  }

  /** A record for which room was reserved lies on disk. */
  add(record: RecordName): void {
    this.#bySignal[record.signal].records.push(record);
  }

  /** Records found on disk: they are kept whatever the bound, and stand in the order of their names. */
  addFound(found: readonly RecordName[]): void {
    for (const record of found) {
      this.#count(record, 1);
      this.add(record);
    }
    for (const waiting of Object.values(this.#bySignal)) {
      waiting.records = waiting.records.slice(waiting.head).sort((a, b) => (a.name < b.name ? -1 : 1));
      waiting.head = 0;
    }
  }

  /** The oldest that fits, to be sent; null: none waits. Ends with `remove`, `putBack` or `putLast`. */
  next(signal: Signal, maxBytes = Number.POSITIVE_INFINITY): RecordName | null {
    const waiting = this.#bySignal[signal];
    const record = waiting.records[waiting.head];
    if (record === undefined || record.bytes > maxBytes) return null;
    waiting.head += 1;
    if (waiting.head > 1024 && waiting.head * 2 > waiting.records.length) {
      waiting.records = waiting.records.slice(waiting.head);
      waiting.head = 0;
    }
    waiting.inFlight.add(record);
    return record;
  }

  /** To its old place at the head. */
  putBack(record: RecordName): void {
    const waiting = this.#bySignal[record.signal];
    waiting.inFlight.delete(record);
    let at = waiting.head;
    while (at < waiting.records.length && (waiting.records[at] as RecordName).name < record.name) at += 1;
    waiting.records.splice(at, 0, record);
  }

  /** Behind all others: they are tried first. */
  putLast(record: RecordName): void {
    this.#bySignal[record.signal].inFlight.delete(record);
    this.add(record);
  }

  /** It lies on disk no more, or never did: its room is free. */
  remove(record: RecordName): void {
    this.#bySignal[record.signal].inFlight.delete(record);
    this.#count(record, -1);
  }

  /** Takes out what came before that time and is not being sent. Each ends with `remove`. */
  takeOlderThan(timeMs: number): RecordName[] {
    const old: RecordName[] = [];
    for (const waiting of Object.values(this.#bySignal)) {
      const rest: RecordName[] = [];
      for (const record of waiting.records.slice(waiting.head)) (record.receivedMs < timeMs ? old : rest).push(record);
      waiting.records = rest;
      waiting.head = 0;
    }
    return old;
  }

  get held(): { readonly requests: number; readonly bytes: number; readonly oldestMs: number | null } {
    let requests = 0;
    let bytes = 0;
    let oldest = Number.POSITIVE_INFINITY;
    for (const waiting of Object.values(this.#bySignal)) {
      requests += waiting.count;
      bytes += waiting.bytes;
      for (let at = waiting.head; at < waiting.records.length; at++) {
        oldest = Math.min(oldest, (waiting.records[at] as RecordName).receivedMs);
      }
      for (const record of waiting.inFlight) oldest = Math.min(oldest, record.receivedMs);
    }
    return { requests, bytes, oldestMs: Number.isFinite(oldest) ? oldest : null };
  }

  /** What waits for a target that is not set any more. */
  get withoutTarget(): { readonly requests: number; readonly signals: readonly Signal[] } {
    const signals = SIGNALS.filter((signal) => !this.#signals.includes(signal) && this.#bySignal[signal].count > 0);
    return { requests: signals.reduce((sum, signal) => sum + this.#bySignal[signal].count, 0), signals };
  }

  #count(record: RecordName, by: 1 | -1): void {
    const waiting = this.#bySignal[record.signal];
    waiting.count += by;
    waiting.bytes += by * onDisk(record.bytes);
  }
}
