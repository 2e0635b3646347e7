import { type RawBuilder, sql } from 'kysely';
import { scrubLabel } from '../dialect/scrub.ts';
import type { AttributeValue, SpanRecord } from '../model/span-record.ts';
import type { Db, Statement } from '../store/open.ts';
import type { ChangeCounter } from './change-counter.ts';
import { newValue, oldValue, prepareUpsert } from './upsert.ts';

/** Which labels tasks get: attributes by name, and fixed ones. */
export interface Labels {
  readonly keys: readonly string[];
  readonly fixed: readonly (readonly [key: string, value: string])[];
}

/** A label is for grouping, not for text, let alone for secrets. */
const MAX_VALUE = 200;

const asText = (value: AttributeValue): string =>
  scrubLabel(Array.isArray(value) ? value.join(',') : String(value)).slice(0, MAX_VALUE);

interface Label {
  readonly taskExecutionId: string;
  readonly key: string;
  readonly value: string;
  readonly source: string;
}

const rank = (source: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`CASE ${source} WHEN 'span' THEN 2 WHEN 'resource' THEN 1 ELSE 0 END`;
const TABLE = 'task_labels';
const SAYS_AT_LEAST_AS_MUCH = sql`${rank(newValue('source'))} >= ${rank(oldValue(TABLE, 'source'))}`;
/** A task may have several spans, of which not each says what the others say: what a span said no setting replaces. */
const better = (column: string): RawBuilder<unknown> =>
  sql`CASE WHEN ${SAYS_AT_LEAST_AS_MUCH} THEN ${newValue(column)} ELSE ${oldValue(TABLE, column)} END`;
const RULES = { value: better('value'), source: better('source') };

/** Writes rows of `task_labels`. */
export class LabelRows {
  readonly #counter: ChangeCounter;
  readonly #upsert: Statement;
  #pending: Label[] = [];

  constructor(db: Db, counter: ChangeCounter) {
    this.#counter = counter;
    this.#upsert = prepareUpsert(db, TABLE, ['task_execution_id', 'key'], RULES);
  }

  /** Reads the labels of a task off its own span: the span's attribute wins over the resource's, that over a fixed label. */
  collect(taskExecutionId: string, labels: Labels, span: SpanRecord): void {
    for (const [key, value] of labels.fixed) {
      if (!labels.keys.includes(key) || (span.attributes[key] === undefined && span.resource.attributes[key] === undefined)) {
        this.#pending.push({ taskExecutionId, key, value: asText(value), source: 'setting' });
      }
    }
    for (const key of labels.keys) {
      const own = span.attributes[key];
      const value = own ?? span.resource.attributes[key];
      if (value === undefined || value === '') continue;
      this.#pending.push({ taskExecutionId, key, value: asText(value), source: own === undefined ? 'resource' : 'span' });
    }
  }

  write(): void {
    for (const { taskExecutionId, key, value, source } of this.#pending) {
      const seq = this.#counter.next();
      if (this.#upsert.run(taskExecutionId, key, value, source, seq).changes > 0) this.#counter.took(seq);
    }
    this.#pending = [];
  }

  forget(): void {
    this.#pending = [];
  }
}
