import type { Reading, TaskName } from '../model/reading.ts';
import { type Attributes, type SpanRecord, STATUS_CODE } from '../model/span-record.ts';
import { count, firstText, text } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, NO_FAILURE } from './failure.ts';

/** Bare in TypeScript, with the prefix in Python and Go; both where Hatchet's own span processor runs. */
const KEYS = [
  'step_run_id',
  'retry_count',
  'workflow_run_id',
  'action_name',
  'action_id',
  'step_name',
  'parent_workflow_run_id',
] as const;
const PREFIX = 'hatchet.';

/** The JavaScript instrumentor's scope is the SDK's name; Python's is the module of its instrumentor. */
const PYTHON_SCOPE = 'hatchet_sdk';
/** `type(e).__name__`, or with its module in newer versions of opentelemetry-api. Not the one of `concurrent.futures`, which is a failure like others. */
const PYTHON_CANCELLED = /^(?:asyncio\.(?:exceptions\.)?)?CancelledError$/;

/**
 * Only the prefixed keys name an enclosing task: Hatchet's span processor copies them onto every span started inside
 * one. A bare `step_run_id` on a stranger's span is that stranger's own attribute.
 */
export function hatchetTaskNamedBy(a: Attributes): TaskName | null {
  const taskId = text(a, 'hatchet.step_run_id');
  return taskId === null ? null : { source: 'hatchet', taskId, attempt: count(a, 'hatchet.retry_count') ?? 0 };
}

const step = (reason: string, names: TaskName | null): Reading => ({ what: 'step', source: 'hatchet', reason, names });

const isTask = (name: string): boolean => name === 'hatchet.start_step_run' || name.startsWith('hatchet.start_step_run.');
const PRODUCER = /^hatchet\.(?:run_workflows?|schedule_workflow|push_event|bulk_push_event)$/;

/**
 * Hatchet's TypeScript, Python and Go SDKs. Tasks are told by the span's name, never by the presence of a
 * `step_run_id`: with Hatchet's span processor attached every span inside a task has one.
 */
export const hatchet: Dialect = {
  name: 'hatchet',
  attributes: [...KEYS, ...KEYS.map((key) => PREFIX + key), ...FAILURE_ATTRIBUTES],
  events: [],
  read(span): Reading | null {
    if (!span.name.startsWith('hatchet.')) return null;
    const a = span.attributes;
    if (isTask(span.name)) return readTask(span);
    if (span.name === 'hatchet.cancel_step_run') {
      // The instrumentor sets this id itself. The other keys may be copies from another task: Hatchet's span processor
      // hands out those of the task that was started last.
      const taskId = firstText(a, ['hatchet.step_run_id', 'step_run_id']);
      return taskId === null
        ? step('cancel_without_id', null)
        : { what: 'signal', signal: 'cancelled', source: 'hatchet', taskId };
    }
    // Hatchet's own account of the run, for its dashboard: a second telling of tasks that their workers tell.
    if (span.name.startsWith('hatchet.engine.')) return step('engine_span', null);
    if (PRODUCER.test(span.name)) return step('producer', hatchetTaskNamedBy(a));
    // A durable wait has the task's id but not its attempt, which cannot be guessed: its parent says it.
    return step('hatchet_step', count(a, 'hatchet.retry_count') === null ? null : hatchetTaskNamedBy(a));
  },
};

function readTask(span: SpanRecord): Reading {
  const a = span.attributes;
  const bareId = text(a, 'step_run_id');
  const prefixedId = text(a, 'hatchet.step_run_id');
  const taskId = bareId ?? prefixedId;
  if (taskId === null) return step('task_without_id', null);
  // Beside bare keys the prefixed are copies, at times another task's: then none of them is this one's.
  const prefix = bareId === null || prefixedId === null || prefixedId === bareId ? PREFIX : null;
  const own = (key: (typeof KEYS)[number]): string | null => text(a, key) ?? (prefix === null ? null : text(a, prefix + key));
  const failure = span.status === STATUS_CODE.error ? failureOf(span) : null;
  const cancelled =
    failure !== null && span.scope.name.startsWith(PYTHON_SCOPE) && PYTHON_CANCELLED.test(failure.errorType ?? '');
  const failed = failure !== null && !cancelled;
  return {
    what: 'task',
    source: 'hatchet',
    taskId,
    attempt: count(a, 'retry_count') ?? (prefix === null ? null : count(a, `${prefix}retry_count`)) ?? 0,
    taskType: own('action_name') ?? own('action_id') ?? own('step_name'),
    workflowRunId: own('workflow_run_id'),
    parentTaskId: own('parent_workflow_run_id'),
    namesParents: true,
    conversationId: null,
    outcome: cancelled ? 'cancelled' : failed ? 'failed' : 'completed',
    ...(failed ? failure : NO_FAILURE),
  };
}
