import type { Source, TaskOutcome, TaskReading } from '../model/reading.ts';
import type { Failure } from './failure.ts';
import { NO_FAILURE } from './failure.ts';

/** One attempt of a job or a run, as queues and workflow engines tell it; its parent is the nearest task above the span. */
export function queueTask(known: {
  readonly source: Source;
  /** null: the emitter does not say enough to tell one attempt from another, so the span is the task. */
  readonly taskId: string | null;
  /** Counted from 0. */
  readonly attempt: number;
  readonly taskType: string | null;
  readonly workflowRunId?: string | null;
  readonly conversationId?: string | null;
  readonly outcome: TaskOutcome;
  readonly failure: Failure;
}): TaskReading {
  const { failure, workflowRunId, conversationId, ...rest } = known;
  return {
    what: 'task',
    ...rest,
    workflowRunId: workflowRunId ?? null,
    parentTaskId: null,
    namesParents: false,
    conversationId: conversationId ?? null,
    ...(known.outcome === 'failed' ? failure : NO_FAILURE),
  };
}

/** Emitters that count attempts from 1. */
export const fromOne = (attempt: number): number => Math.max(0, attempt - 1);
