import type { Reading } from '../model/reading.ts';
import { count, firstText, text } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, saysFailed } from './failure.ts';
import { queueTask } from './queue-task.ts';

const RUN_ID = 'sdk.run.id';
const FUNCTION = ['sys.function.id', 'sdk.function.id'] as const;
const ATTEMPT = 'inngest.step.attempt';

/**
 * Inngest: `inngest.execution` is one request of a run, which comes back for each of its steps. All requests of a run
 * are one task, from the first start to the last end.
 */
export const inngest: Dialect = {
  name: 'inngest',
  attributes: [RUN_ID, ...FUNCTION, ATTEMPT, ...FAILURE_ATTRIBUTES],
  events: [],
  read(span): Reading | null {
    if (span.name !== 'inngest.execution') return null;
    const a = span.attributes;
    const runId = text(a, RUN_ID);
    return queueTask({
      source: 'inngest',
      taskId: runId,
      attempt: count(a, ATTEMPT) ?? 0,
      taskType: firstText(a, FUNCTION),
      workflowRunId: runId,
      outcome: saysFailed(span) ? 'failed' : 'completed',
      failure: failureOf(span),
    });
  },
};
