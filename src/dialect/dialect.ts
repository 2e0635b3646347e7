import type { Reading } from '../model/reading.ts';
import type { SpanRecord } from '../model/span-record.ts';

/** How one family of emitters says task, tool call, model call. Pure: a span in, a reading out, nothing remembered. */
export interface Dialect {
  /** The name in the books. */
  readonly name: string;
  /** Every attribute that `read` looks at, of spans and resources: only these get past the doors. */
  readonly attributes: readonly string[];
  /** Names of span events that `read` looks at, besides `exception`. */
  readonly events: readonly string[];
  /** Whether `read` knows log records too; they come as spans of kind `SPAN_KIND.log`, named by their event. */
  readonly readsLogs?: boolean;
  /** null: not this dialect's span. Called for open spans too (`endMs === null`): attributes may still be missing then. */
  read(span: SpanRecord): Reading | null;
}
