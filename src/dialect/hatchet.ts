import type { Reading, TaskName } from '../model/reading.ts';
import { type Attributes, STATUS_CODE } from '../model/span-record.ts';
import { firstCount, firstText } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { failureOf, NO_FAILURE } from './failure.ts';

const both = (key: string): readonly [string, string] => [key, `hatchet.${key}`];
const STEP_RUN_ID = both('step_run_id');
const RETRY_COUNT = both('retry_count');
const WORKFLOW_RUN_ID = both('workflow_run_id');
const ACTION_NAME = both('action_name');
const STEP_NAME = both('step_name');
const PARENT_WORKFLOW_RUN_ID = both('parent_workflow_run_id');
const ACTION_NAME_OLD = both('action_id');

/** On the task's own span: bare keys in TypeScript, prefixed in Python and Go; both where Hatchet's own span processor runs. */
const own = (a: Attributes, keys: readonly [string, string]): string | null => firstText(a, keys);

/**
 * Only the prefixed keys name an enclosing task: Hatchet's span processor copies them onto every span started inside
 * one. A bare `step_run_id` on a stranger's span is that stranger's own attribute.
 */
export function hatchetTaskNamedBy(a: Attributes): TaskName | null {
  const taskId = firstText(a, ['hatchet.step_run_id']);
  return taskId === null ? null : { source: 'hatchet', taskId, attempt: firstCount(a, ['hatchet.retry_count']) ?? 0 };
}

/**
 * Hatchet's TypeScript, Python and Go SDKs. Tasks are told by the span's name, never by the presence of a
 * `step_run_id`: with Hatchet's span processor attached every span inside a task has one.
 */
export const hatchet: Dialect = {
  name: 'hatchet',
  attributes: [
    'instrumentor',
    ...STEP_RUN_ID,
    ...RETRY_COUNT,
    ...WORKFLOW_RUN_ID,
    ...ACTION_NAME,
    ...ACTION_NAME_OLD,
    ...STEP_NAME,
    ...PARENT_WORKFLOW_RUN_ID,
  ],
  events: [],
  read(span): Reading | null {
    if (!span.name.startsWith('hatchet.')) return null;
    const a = span.attributes;
    if (span.name === 'hatchet.start_step_run' || span.name.startsWith('hatchet.start_step_run.')) {
      const taskId = own(a, STEP_RUN_ID);
      if (taskId === null) return { what: 'step', source: 'hatchet', reason: 'task_without_id', names: null };
      const failed = span.status === STATUS_CODE.error;
      return {
        what: 'task',
        source: 'hatchet',
        taskId,
        attempt: firstCount(a, RETRY_COUNT) ?? 0,
        taskType: own(a, ACTION_NAME) ?? own(a, ACTION_NAME_OLD) ?? own(a, STEP_NAME),
        workflowRunId: own(a, WORKFLOW_RUN_ID),
        parentTaskId: own(a, PARENT_WORKFLOW_RUN_ID),
        namesParents: true,
        conversationId: null,
        outcome: failed ? 'failed' : 'completed',
        ...(failed ? failureOf(span) : NO_FAILURE),
      };
    }
    if (span.name === 'hatchet.cancel_step_run') {
      // Trust the prefixed id first: with Hatchet's span processor the other keys of a cancel span can be those of another
      // task (its store keeps the last started one), but this id is set by the instrumentor itself.
      const taskId = firstText(a, ['hatchet.step_run_id', 'step_run_id']);
      return taskId === null
        ? { what: 'step', source: 'hatchet', reason: 'cancel_without_id', names: null }
        : { what: 'signal', signal: 'cancelled', source: 'hatchet', taskId };
    }
    const producer = /^hatchet\.(run_workflow|run_workflows|schedule_workflow|push_event|bulk_push_event)$/.test(span.name);
    return { what: 'step', source: 'hatchet', reason: producer ? 'producer' : 'hatchet_step', names: hatchetTaskNamedBy(a) };
  },
};
