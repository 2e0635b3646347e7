import type { TaskOutcome, TaskReading } from '../model/reading.ts';
import type { SpanNode } from '../model/span-node.ts';

/**
 * One attempt of one task, out of all spans of its key. A function of the set of spans, not of their order: durable
 * eviction leaves two spans of one key, two doors show one span twice, a retry of an export repeats it.
 */
export interface TaskState {
  readonly reading: TaskReading;
  readonly status: 'running' | TaskOutcome;
  readonly startMs: number;
  readonly endMs: number | null;
  readonly durationMs: number | null;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
  /** The span that names the row's trace, span and parent: the earliest. */
  readonly first: SpanNode;
  /** The span whose session the row belongs to: the latest. */
  readonly last: SpanNode;
}

const taskOf = (node: SpanNode): TaskReading | null => (node.facts.reading?.what === 'task' ? node.facts.reading : null);

/** The order in which the spans of a task are asked; of equal starts the lesser id goes first. */
export const byStart = (a: SpanNode, b: SpanNode): number =>
  a.facts.startMs - b.facts.startMs || (a.traceId + a.spanId < b.traceId + b.spanId ? -1 : 1);

/** The first known value, the latest span asked first. */
function known<K extends 'taskType' | 'workflowRunId' | 'parentTaskId' | 'conversationId'>(
  spans: readonly SpanNode[],
  key: K,
): string | null {
  for (let i = spans.length - 1; i >= 0; i--) {
    const value = taskOf(spans[i] as SpanNode)?.[key];
    if (value != null) return value;
  }
  return null;
}

/** null where none of the spans is a task's. `cancelled`: a cancel signal falls on this attempt. */
export function taskState(nodes: readonly SpanNode[], cancelled: boolean): TaskState | null {
  const spans = nodes.filter((node) => taskOf(node) !== null).sort(byStart);
  const first = spans[0];
  const last = spans.at(-1);
  if (first === undefined || last === undefined) return null;
  const ended = spans.filter((node) => node.facts.endMs !== null);
  const latest = ended.at(-1);
  let endMs: number | null = null;
  for (const node of ended) endMs = Math.max(endMs ?? Number.NEGATIVE_INFINITY, node.facts.endMs ?? Number.NEGATIVE_INFINITY);
  // Span starts are whole milliseconds in the JS SDK, ends are not: compare whole milliseconds.
  const open = spans.some((node) => node.facts.endMs === null && (endMs === null || node.facts.startMs >= Math.floor(endMs)));
  const lastTask = taskOf(latest ?? last) as TaskReading;
  const reading: TaskReading = {
    ...lastTask,
    taskType: known(spans, 'taskType'),
    workflowRunId: known(spans, 'workflowRunId'),
    parentTaskId: known(spans, 'parentTaskId'),
    conversationId: known(spans, 'conversationId'),
  };
  const startMs = first.facts.startMs;
  if (open || latest === undefined) {
    return {
      reading,
      status: 'running',
      startMs,
      endMs: null,
      durationMs: null,
      errorType: null,
      errorMessage: null,
      first,
      last,
    };
  }
  const failed = lastTask.outcome === 'failed';
  const status = failed ? 'failed' : cancelled ? 'cancelled' : lastTask.outcome;
  return {
    reading,
    status,
    startMs,
    endMs,
    durationMs: ended.length === 1 ? latest.facts.durationMs : endMs === null ? null : endMs - startMs,
    errorType: lastTask.errorType,
    errorMessage: lastTask.errorMessage,
    first,
    last: latest,
  };
}

/**
 * The attempt that a cancel signal falls on: the highest that had started by then (facts of Hatchet: a cancel names
 * the task, not the attempt). Compared in whole milliseconds.
 */
export function attemptCancelledAt(
  atMs: number,
  attempts: readonly { readonly attempt: number; readonly startMs: number }[],
): number | null {
  let found: number | null = null;
  for (const { attempt, startMs } of attempts) {
    if (Math.floor(startMs) <= Math.floor(atMs) && (found === null || attempt > found)) found = attempt;
  }
  return found;
}
