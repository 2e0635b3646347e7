import { callReading, type Reading } from '../model/reading.ts';
import { type Attributes, SPAN_KIND } from '../model/span-record.ts';
import { count, firstText, text } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, NO_FAILURE, saysFailed } from './failure.ts';
import { taskNamedBy } from './task-named.ts';

const SYSTEM = ['db.system.name', 'db.system'] as const;
const OPERATION = ['db.operation.name', 'db.operation'] as const;
const TARGET = ['db.collection.name', 'db.sql.table', 'db.mongodb.collection', 'db.namespace', 'db.name'] as const;
const SUMMARY = 'db.query.summary';
const STATUS = 'db.response.status_code';

/** What was done to what, never the statement: that holds values. */
function nameOf(a: Attributes): string | null {
  const summary = text(a, SUMMARY);
  if (summary !== null) return summary;
  const parts = [firstText(a, OPERATION), firstText(a, TARGET)].filter((part) => part !== null);
  return parts.length === 0 ? firstText(a, SYSTEM) : parts.join(' ');
}

/** Database calls, by the stable names and by those before. Recorded where the user asks for the kind. */
export const db: Dialect = {
  name: 'db',
  attributes: [...SYSTEM, ...OPERATION, ...TARGET, SUMMARY, STATUS, ...FAILURE_ATTRIBUTES],
  events: [],
  read(span): Reading | null {
    const a = span.attributes;
    if (firstText(a, SYSTEM) === null) return null;
    const names = taskNamedBy(a);
    // Drivers within the process (SQLite) have INTERNAL spans.
    if (span.kind !== SPAN_KIND.client && span.kind !== SPAN_KIND.internal) {
      return { what: 'step', source: 'db', reason: 'db_internal', names };
    }
    const failed = saysFailed(span);
    return callReading({
      source: 'db',
      kind: 'db',
      toolName: nameOf(a),
      success: !failed,
      ...(failed ? failureOf(span) : NO_FAILURE),
      statusCode: count(a, STATUS),
      names,
    });
  },
};
