import { type CallKind, callReading, type Reading, type TaskReading } from '../../src/model/reading.ts';
import type { NodeClass, SpanNode } from '../../src/model/span-node.ts';
import type { Tree } from '../../src/resolve/ancestry.ts';

/** Spans as the ownership memory holds them. */

export interface Place {
  readonly id: string;
  readonly parent?: string;
  readonly trace?: string;
  readonly start?: number;
  /** Left out: 10 ms after the start; `null`: open. */
  readonly end?: number | null;
  readonly duration?: number;
  readonly session?: string;
}

function node(place: Place, cls: NodeClass, ref: string | null, reading: Reading | null): SpanNode {
  const startMs = place.start ?? 0;
  const endMs = place.end === undefined ? startMs + 10 : place.end;
  return {
    traceId: place.trace ?? 't',
    spanId: place.id,
    parentSpanId: place.parent ?? null,
    parentRemote: null,
    cls,
    ref,
    agentId: 'agent-1',
    facts: {
      startMs,
      endMs,
      durationMs: place.duration ?? (endMs === null ? null : endMs - startMs),
      sessionId: place.session ?? 's',
      reading,
      names: null,
    },
  };
}

const TASK: TaskReading = {
  what: 'task',
  source: 'hatchet',
  taskId: 'run-1',
  attempt: 0,
  taskType: null,
  workflowRunId: null,
  parentTaskId: null,
  namesParents: true,
  conversationId: null,
  outcome: 'completed',
  errorType: null,
  errorMessage: null,
};

export const task = (place: Place, reading: Partial<TaskReading> = {}): SpanNode =>
  node(place, 'task', `task ${place.id}`, { ...TASK, ...reading });

export const call = (place: Place, kind: CallKind, toolName: string | null, callId: string | null = null): SpanNode =>
  node(
    place,
    place.end === null ? 'open' : 'call',
    null,
    callReading({ source: 'genai', kind, toolName, callId, success: true }),
  );

export const step = (place: Place): SpanNode =>
  node(place, 'step', null, { what: 'step', source: null, reason: 'not_a_call', names: null });

export const server = (place: Place): SpanNode =>
  node(place, 'server', null, { what: 'server', source: 'http', statusCode: 200, names: null });

/** Started, not ended, not known to be anything. */
export const open = (place: Place): SpanNode => node({ ...place, end: null }, 'open', null, null);

export function treeOf(...nodes: readonly SpanNode[]): Tree {
  const byId = new Map(nodes.map((one) => [`${one.traceId}:${one.spanId}`, one]));
  return { get: (traceId, spanId) => byId.get(`${traceId}:${spanId}`) };
}
