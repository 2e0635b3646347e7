import type { Reading } from '../model/reading.ts';
import { SPAN_KIND, type SpanRecord } from '../model/span-record.ts';
import { cleanReading } from './clean-reading.ts';
import { DIALECTS } from './registry.ts';
import { taskNamedBy } from './task-named.ts';

export interface Classified {
  /** Name in the books. */
  readonly dialect: string;
  /** Without secrets: fit for the file. */
  readonly reading: Reading;
}

/** Name in the books of spans that no dialect knows. */
export const NO_DIALECT = 'other';

/** What the span is. A span that nobody knows is still a link between a call and its task. */
export function classify(span: SpanRecord): Classified {
  const isLog = span.kind === SPAN_KIND.log;
  for (const dialect of DIALECTS) {
    if (isLog && dialect.readsLogs !== true) continue;
    const reading = dialect.read(span);
    if (reading !== null) return { dialect: dialect.name, reading: cleanReading(reading) };
  }
  return {
    dialect: NO_DIALECT,
    reading: { what: 'step', source: null, reason: 'not_a_call', names: taskNamedBy(span.attributes) },
  };
}
