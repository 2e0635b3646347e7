import { sql } from 'kysely';
import { cleanSpan } from '../dialect/clean-span.ts';
import { decodeBatch, encodeBatch } from '../model/batch-codec.ts';
import type { Origin, SpanRecord } from '../model/span-record.ts';
import type { OpenFile, Statement } from '../store/open.ts';
import { prepareQuery, sqlBuilder } from '../store/sql.ts';

export interface Held {
  readonly span: SpanRecord;
  readonly origin: Origin;
}

/** Bounds the work of one look at all that is held. */
const TRACES_AT_ONCE = 4096;

/**
 * Spans whose agent is not known yet, in a file that no query reads. A move is: rows into the agent's file, commit,
 * then `release`; a crash in between leaves both, and the next move changes nothing.
 */
export class Holding {
  readonly file: OpenFile;
  readonly #put: Statement;
  readonly #ofTrace: Statement<[string], { record: string }>;
  readonly #older: Statement<[number], { record: string }>;
  readonly #delete: Statement;
  readonly #traces: Statement<[], { trace_id: string }>;
  readonly #one: Statement;

  constructor(file: OpenFile) {
    this.file = file;
    const { db } = file;
    const held = sqlBuilder.selectFrom('held_spans');
    this.#put = prepareQuery(
      db,
      sqlBuilder
        .insertInto('held_spans')
        .values({ trace_id: '', span_id: '', held_at: 0, record: '' })
        .onConflict((oc) => oc.columns(['trace_id', 'span_id']).doNothing()),
    );
    this.#ofTrace = prepareQuery(db, held.select('record').where('trace_id', '=', ''));
    this.#older = prepareQuery(db, held.select('record').where('held_at', '<', 0).limit(sql.lit(512)));
    this.#delete = prepareQuery(db, sqlBuilder.deleteFrom('held_spans').where('trace_id', '=', '').where('span_id', '=', ''));
    this.#traces = prepareQuery(db, held.select('trace_id').distinct().limit(sql.lit(TRACES_AT_ONCE)));
    this.#one = prepareQuery(db, held.select(sql.lit(1).as('one')).where('trace_id', '=', '').where('span_id', '=', ''));
  }

  /** @returns those that were not held already. @throws {SqliteError} */
  hold(spans: readonly SpanRecord[], origin: Origin, nowMs: number): SpanRecord[] {
    const at = Math.floor(nowMs / 1000);
    return this.file.db
      .transaction(() =>
        // An open span says nothing that its end will not say; and an end must not be covered by its start.
        spans.filter((span) => {
          if (span.endMs === null) return false;
          const record = encodeBatch({ origin, spans: [cleanSpan(span)], logs: [] });
          return this.#put.run(span.traceId, span.spanId, at, record).changes > 0;
        }),
      )
      .immediate();
  }

  ofTraces(traceIds: Iterable<string>): Held[] {
    const held: Held[] = [];
    for (const traceId of traceIds) held.push(...read(this.#ofTrace.all(traceId)));
    return held;
  }

  /** At most 512 of those held since before `ms`. */
  olderThan(ms: number): Held[] {
    return read(this.#older.all(Math.floor(ms / 1000)));
  }

  release(held: readonly Held[]): void {
    this.file.db
      .transaction(() => {
        for (const { span } of held) this.#delete.run(span.traceId, span.spanId);
      })
      .immediate();
  }

  /** Traces that have spans here, some thousands at most. */
  traces(): string[] {
    return this.#traces.all().map((row) => row.trace_id);
  }

  holds(traceId: string, spanId: string): boolean {
    return this.#one.get(traceId, spanId) !== undefined;
  }
}

function read(rows: readonly { record: string }[]): Held[] {
  return rows.flatMap(({ record }) => {
    const batch = decodeBatch(record);
    return batch.spans.map((span) => ({ span, origin: batch.origin }));
  });
}
