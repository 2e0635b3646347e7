import type { Reading } from '../model/reading.ts';
import { SPAN_KIND } from '../model/span-record.ts';
import { count, text } from './attributes.ts';
import { CONVERSATION_ATTRIBUTES, conversationOf } from './conversation.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, saysFailed } from './failure.ts';
import { fromOne, queueTask } from './queue-task.ts';
import { taskNamedBy } from './task-named.ts';

const PARTIAL = '$span.partial';
const ENTITY = '$entity.type';
const RUN_ID = 'ctx.run.id';
const TASK_ID = 'ctx.task.id';
/** Counts from 1. */
const ATTEMPT = 'ctx.attempt.number';

/**
 * Trigger.dev. Its processor puts the run's attributes onto every span, of whichever emitter, and sends a marker with an
 * id of its own when a span starts; the attempt is the consumer span that says so.
 */
export const trigger: Dialect = {
  name: 'trigger',
  attributes: [PARTIAL, ENTITY, RUN_ID, TASK_ID, ATTEMPT, ...CONVERSATION_ATTRIBUTES, ...FAILURE_ATTRIBUTES],
  events: [],
  read(span): Reading | null {
    const a = span.attributes;
    if (a[PARTIAL] === true) return { what: 'step', source: 'trigger', reason: 'partial_span', names: taskNamedBy(a) };
    const runId = text(a, RUN_ID);
    if (runId === null || span.kind !== SPAN_KIND.consumer) return null;
    if (text(a, ENTITY) !== 'attempt' && !/^Attempt \d+$/.test(span.name)) return null;
    return queueTask({
      source: 'trigger',
      taskId: runId,
      attempt: fromOne(count(a, ATTEMPT) ?? 1),
      taskType: text(a, TASK_ID),
      workflowRunId: runId,
      conversationId: conversationOf(a),
      outcome: saysFailed(span) ? 'failed' : 'completed',
      failure: failureOf(span),
    });
  },
};
