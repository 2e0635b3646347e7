import { decodeBatch, encodeBatch } from '../model/batch-codec.ts';
import type { Origin, SpanRecord } from '../model/span-record.ts';
import type { OpenFile, Statement } from '../store/open.ts';

export interface Held {
  readonly span: SpanRecord;
  readonly origin: Origin;
}

/**
 * Spans whose agent is not known yet, in a file that no query reads. A move is: rows into the agent's file, commit,
 * then `release`; a crash in between leaves both, and the next move changes nothing.
 */
export class Holding {
  readonly file: OpenFile;
  readonly #put: Statement;
  readonly #ofTrace: Statement;
  readonly #older: Statement;
  readonly #delete: Statement;
  readonly #count: Statement;

  constructor(file: OpenFile) {
    this.file = file;
    const { db } = file;
    this.#put = db.prepare('insert or replace into held_spans (trace_id, span_id, held_at, record) values (?, ?, ?, ?)');
    this.#ofTrace = db.prepare('select record from held_spans where trace_id = ?').pluck();
    this.#older = db.prepare('select record from held_spans where held_at < ? limit 512').pluck();
    this.#delete = db.prepare('delete from held_spans where trace_id = ? and span_id = ?');
    this.#count = db.prepare('select count(*) from held_spans').pluck();
  }

  /** @throws {SqliteError} */
  hold(spans: readonly SpanRecord[], origin: Origin, nowMs: number): void {
    const at = Math.floor(nowMs / 1000);
    this.file.db
      .transaction(() => {
        // An open span says nothing that its end will not say; and an end must not be covered by its start.
        for (const span of spans) {
          if (span.endMs !== null) this.#put.run(span.traceId, span.spanId, at, encodeBatch({ origin, spans: [span], logs: [] }));
        }
      })
      .immediate();
  }

  ofTraces(traceIds: Iterable<string>): Held[] {
    const held: Held[] = [];
    for (const traceId of traceIds) held.push(...read(this.#ofTrace.all(traceId) as string[]));
    return held;
  }

  /** At most 512 of those held since before `ms`. */
  olderThan(ms: number): Held[] {
    return read(this.#older.all(Math.floor(ms / 1000)) as string[]);
  }

  release(held: readonly Held[]): void {
    this.file.db
      .transaction(() => {
        for (const { span } of held) this.#delete.run(span.traceId, span.spanId);
      })
      .immediate();
  }

  get size(): number {
    return this.#count.get() as number;
  }
}

function read(records: readonly string[]): Held[] {
  return records.flatMap((record) => {
    const batch = decodeBatch(record);
    return batch.spans.map((span) => ({ span, origin: batch.origin }));
  });
}
