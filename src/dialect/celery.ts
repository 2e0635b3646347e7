import type { Reading, TaskOutcome } from '../model/reading.ts';
import { SPAN_KIND, type SpanRecord } from '../model/span-record.ts';
import { count, firstText, text } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, saysFailed } from './failure.ts';
import { queueTask } from './queue-task.ts';
import { taskNamedBy } from './task-named.ts';

const ACTION = 'celery.action';
const STATE = 'celery.state';
const TASK = ['celery.task_name', 'celery.name'] as const;
const ID = ['messaging.message.id', 'messaging.message_id', 'celery.id'] as const;
/** Left out while it is 0. */
const RETRIES = 'celery.retries';
const RETRY_REASON = 'celery.retry.reason';

/** By Celery's word where it is there: exceptions that a task declares in `throws` fail it without a status. */
function outcomeOf(span: SpanRecord): TaskOutcome {
  const state = text(span.attributes, STATE);
  if (state === 'REVOKED') return 'cancelled';
  return state === 'FAILURE' || state === 'RETRY' || saysFailed(span) || text(span.attributes, RETRY_REASON) !== null
    ? 'failed'
    : 'completed';
}

/** Celery by OpenTelemetry's instrumentation for Python. Everything but the span's name is set at its end. */
export const celery: Dialect = {
  name: 'celery',
  attributes: [ACTION, STATE, ...TASK, ...ID, RETRIES, RETRY_REASON, ...FAILURE_ATTRIBUTES],
  events: [],
  read(span): Reading | null {
    const a = span.attributes;
    const action = text(a, ACTION);
    if (action === null) return null;
    if (action !== 'run' || span.kind !== SPAN_KIND.consumer) {
      return { what: 'step', source: 'celery', reason: 'producer', names: taskNamedBy(a) };
    }
    const failure = failureOf(span);
    return queueTask({
      source: 'celery',
      taskId: firstText(a, ID),
      attempt: count(a, RETRIES) ?? 0,
      taskType: firstText(a, TASK) ?? /^run\/(.+)$/.exec(span.name)?.[1] ?? null,
      outcome: outcomeOf(span),
      failure: { errorType: failure.errorType, errorMessage: failure.errorMessage ?? text(a, RETRY_REASON) },
    });
  },
};
