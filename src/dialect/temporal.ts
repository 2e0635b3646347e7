import type { Reading, TaskOutcome } from '../model/reading.ts';
import { type SpanRecord, STATUS_CODE } from '../model/span-record.ts';
import { firstText } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, saysFailed } from './failure.ts';
import { queueTask } from './queue-task.ts';
import { taskNamedBy } from './task-named.ts';

/** TypeScript's and Python's (also Go's) spelling. */
const RUN_ID = ['run_id', 'temporalRunID', 'temporalRunId'] as const;
const WORKFLOW_ID = ['temporalWorkflowId', 'temporalWorkflowID'] as const;
const ACTIVITY_ID = ['temporalActivityId', 'temporalActivityID'] as const;
const NAME = /^(Run|Start|StartChild|Signal|SignalWithStart|Handle|Validate|Query|Complete|Continue|Update)\w*:(.+)$/;
const CANCELLED = /(?:^|\.)(?:CancelledFailure|CancelledError|ActivityCancelled)$/;

function outcomeOf(span: SpanRecord, errorType: string | null): TaskOutcome {
  // A benign failure leaves the status open and the exception behind; success says OK.
  const failed = saysFailed(span) || (span.status !== STATUS_CODE.ok && span.events.some((event) => event.name === 'exception'));
  if (!failed) return 'completed';
  return errorType !== null && CANCELLED.test(errorType) ? 'cancelled' : 'failed';
}

/**
 * Temporal by its tracing interceptors: `RunWorkflow:TYPE` and `RunActivity:TYPE`. None of them says which attempt of an
 * activity a span is (read in TypeScript 1.24 and in Python's), so each of its spans is a task by itself.
 */
export const temporal: Dialect = {
  name: 'temporal',
  attributes: [...RUN_ID, ...WORKFLOW_ID, ...ACTIVITY_ID, ...FAILURE_ATTRIBUTES],
  events: [],
  read(span): Reading | null {
    const found = NAME.exec(span.name);
    const a = span.attributes;
    const isTemporal = /^@?temporalio\b|^temporal/.test(span.scope.name);
    if (found === null || (!isTemporal && firstText(a, WORKFLOW_ID) === null)) return null;
    const isWorkflow = span.name.startsWith('RunWorkflow:');
    if (!isWorkflow && !span.name.startsWith('RunActivity:')) {
      return { what: 'step', source: 'temporal', reason: 'temporal_step', names: taskNamedBy(a) };
    }
    const failure = failureOf(span);
    const runId = firstText(a, RUN_ID);
    return queueTask({
      source: 'temporal',
      // A retried workflow is another run.
      taskId: isWorkflow ? runId : null,
      attempt: 0,
      taskType: found[2] ?? null,
      workflowRunId: runId,
      outcome: outcomeOf(span, failure.errorType),
      failure,
    });
  },
};
