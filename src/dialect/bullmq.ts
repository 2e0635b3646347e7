import type { Reading } from '../model/reading.ts';
import { SPAN_KIND } from '../model/span-record.ts';
import { count, text } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, saysFailed } from './failure.ts';
import { fromOne, queueTask } from './queue-task.ts';
import { taskNamedBy } from './task-named.ts';

const OPERATION = 'bullmq.queue.operation';
const QUEUE = 'bullmq.queue.name';
const JOB_ID = 'bullmq.job.id';
const JOB_NAME = 'bullmq.job.name';
/** Counts from 1: it is raised before the span ends. */
const ATTEMPTS = 'bullmq.job.attempts.made';
const FAILED = 'job failed';
const REASON = 'bullmq.job.failed.reason';

/** BullMQ by `bullmq-otel`. A failed attempt leaves its span without a status: only the event `job failed` tells. */
export const bullmq: Dialect = {
  name: 'bullmq',
  attributes: [OPERATION, QUEUE, JOB_ID, JOB_NAME, ATTEMPTS, REASON, ...FAILURE_ATTRIBUTES],
  events: [FAILED],
  read(span): Reading | null {
    const a = span.attributes;
    const operation = text(a, OPERATION);
    if (operation === null) return null;
    const names = taskNamedBy(a);
    if (operation !== 'process' || span.kind !== SPAN_KIND.consumer) {
      const reason = span.kind === SPAN_KIND.producer ? 'producer' : 'bullmq_step';
      return { what: 'step', source: 'bullmq', reason, names };
    }
    const queue = text(a, QUEUE);
    const job = text(a, JOB_ID);
    const attempts = count(a, ATTEMPTS);
    // While it runs the span does not say which attempt it is: as the first it would reopen the first one's row.
    if (span.endMs === null && attempts === null) return { what: 'step', source: 'bullmq', reason: 'bullmq_step', names };
    const event = span.events.findLast((one) => one.name === FAILED);
    const failure = failureOf(span);
    return queueTask({
      source: 'bullmq',
      // Job ids are unique within their queue.
      taskId: job === null || attempts === null ? null : queue === null ? job : `${queue}:${job}`,
      attempt: fromOne(attempts ?? 1),
      taskType: text(a, JOB_NAME) ?? queue,
      outcome: event !== undefined || saysFailed(span) ? 'failed' : 'completed',
      failure: {
        errorType: failure.errorType,
        errorMessage: failure.errorMessage ?? (event === undefined ? null : text(event.attributes, REASON)),
      },
    });
  },
};
