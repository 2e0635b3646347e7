import { sql } from 'kysely';
import { cleanSpan } from '../dialect/clean-span.ts';
import { conversationAround } from '../dialect/conversation.ts';
import { decodeBatch, encodeBatch } from '../model/batch-codec.ts';
import type { Origin, SpanRecord } from '../model/span-record.ts';
import type { OpenFile, Statement } from '../store/open.ts';
import { prepareQuery, sqlBuilder } from '../store/sql.ts';

export interface Held {
  readonly span: SpanRecord;
  readonly origin: Origin;
  /** Epoch milliseconds. */
  readonly heldMs: number;
  /** When less certain signs of its agent begin to count; null: never. */
  readonly dueMs: number | null;
}

/** A span to be held. */
export interface Waiting {
  readonly span: SpanRecord;
  readonly dueMs: number | null;
}

interface Row {
  readonly held_at: number;
  readonly due_at: number | null;
  readonly record: string;
}

const ROW = ['held_at', 'due_at', 'record'] as const;

const seconds = (ms: number): number => Math.floor(ms / 1000);

/**
 * Spans whose agent is not known yet, in a file that no query reads. A move is: rows into the agent's file, commit,
 * then `release`; a crash in between leaves both, and the next move changes nothing.
 */
export class Holding {
  readonly file: OpenFile;
  readonly #put: Statement;
  readonly #ofTrace: Statement<[string], Row>;
  readonly #ofConversation: Statement<[string], { trace_id: string }>;
  readonly #older: Statement<[number], Row>;
  readonly #due: Statement<[number], Row>;
  readonly #earliest: Statement<[], { due: number | null }>;
  readonly #setDue: Statement;
  readonly #delete: Statement;
  readonly #traces: Statement<[number], { trace_id: string }>;
  readonly #one: Statement;

  constructor(file: OpenFile) {
    this.file = file;
    const { db } = file;
    const held = sqlBuilder.selectFrom('held_spans');
    this.#put = prepareQuery(
      db,
      sqlBuilder
        .insertInto('held_spans')
        .values({ trace_id: '', span_id: '', held_at: 0, due_at: 0, conversation_id: '', record: '' })
        .onConflict((oc) => oc.columns(['trace_id', 'span_id']).doNothing()),
    );
    this.#ofTrace = prepareQuery(db, held.select(ROW).where('trace_id', '=', ''));
    this.#ofConversation = prepareQuery(db, held.select('trace_id').distinct().where('conversation_id', '=', ''));
    this.#older = prepareQuery(db, held.select(ROW).where('held_at', '<', 0).limit(sql.lit(512)));
    this.#due = prepareQuery(db, held.select(ROW).where('due_at', '<=', 0).orderBy('due_at').limit(sql.lit(512)));
    this.#earliest = prepareQuery(db, held.select((eb) => eb.fn.min('due_at').as('due')).where('due_at', 'is not', null));
    this.#setDue = prepareQuery(
      db,
      sqlBuilder.updateTable('held_spans').set({ due_at: 0 }).where('trace_id', '=', '').where('span_id', '=', ''),
    );
    this.#delete = prepareQuery(db, sqlBuilder.deleteFrom('held_spans').where('trace_id', '=', '').where('span_id', '=', ''));
    this.#traces = prepareQuery(db, held.select('trace_id').distinct().limit(sql<number>`?`));
    this.#one = prepareQuery(db, held.select(sql.lit(1).as('one')).where('trace_id', '=', '').where('span_id', '=', ''));
  }

  /** @returns those that were not held already. @throws {SqliteError} */
  hold(waiting: readonly Waiting[], origin: Origin, nowMs: number): SpanRecord[] {
    const at = seconds(nowMs);
    const added: SpanRecord[] = [];
    this.file.db
      .transaction(() => {
        for (const { span, dueMs } of waiting) {
          // An open span says nothing that its end will not say; and an end must not be covered by its start.
          if (span.endMs === null) continue;
          const clean = cleanSpan(span);
          const record = encodeBatch({ origin, spans: [clean], logs: [] });
          const due = dueMs === null ? null : seconds(dueMs);
          const conversation = conversationAround(clean.attributes);
          if (this.#put.run(span.traceId, span.spanId, at, due, conversation, record).changes > 0) added.push(span);
        }
      })
      .immediate();
    return added;
  }

  ofTraces(traceIds: Iterable<string>): Held[] {
    const held: Held[] = [];
    for (const traceId of traceIds) held.push(...read(this.#ofTrace.all(traceId)));
    return held;
  }

  tracesOfConversation(conversationId: string): string[] {
    return this.#ofConversation.all(conversationId).map((row) => row.trace_id);
  }

  /** At most 512 of those held since before `ms`. */
  olderThan(ms: number): Held[] {
    return read(this.#older.all(seconds(ms)));
  }

  /** At most 512 of those whose time has come, the earliest first. */
  due(nowMs: number): Held[] {
    return read(this.#due.all(seconds(nowMs)));
  }

  /** Epoch milliseconds; null: nothing waits for a time. */
  earliestDueMs(): number | null {
    const due = this.#earliest.get()?.due ?? null;
    return due === null ? null : due * 1000;
  }

  postpone(held: readonly { readonly span: SpanRecord; readonly dueMs: number | null }[]): void {
    this.file.db
      .transaction(() => {
        for (const { span, dueMs } of held) this.#setDue.run(dueMs === null ? null : seconds(dueMs), span.traceId, span.spanId);
      })
      .immediate();
  }

  release(held: readonly Held[]): void {
    this.file.db
      .transaction(() => {
        for (const { span } of held) this.#delete.run(span.traceId, span.spanId);
      })
      .immediate();
  }

  /** Traces that have spans here. */
  traces(limit: number): string[] {
    return this.#traces.all(limit).map((row) => row.trace_id);
  }

  holds(traceId: string, spanId: string): boolean {
    return this.#one.get(traceId, spanId) !== undefined;
  }
}

function read(rows: readonly Row[]): Held[] {
  return rows.flatMap(({ held_at, due_at, record }) => {
    const { origin, spans } = decodeBatch(record);
    return spans.map((span) => ({ span, origin, heldMs: held_at * 1000, dueMs: due_at === null ? null : due_at * 1000 }));
  });
}
