import { scrubLabel } from '../dialect/scrub.ts';
import type { AttributeValue, SpanRecord } from '../model/span-record.ts';
import type { Db, Statement } from '../store/open.ts';
import type { ChangeCounter } from './change-counter.ts';
import { prepareUpsert } from './upsert.ts';

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

/** Writes rows of `task_labels`. */
export class LabelRows {
  readonly #counter: ChangeCounter;
  readonly #upsert: Statement;
  #pending: Label[] = [];

  constructor(db: Db, counter: ChangeCounter) {
    this.#counter = counter;
    this.#upsert = prepareUpsert(db, 'task_labels', ['task_execution_id', 'key'], { value: 'replace', source: 'replace' });
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
