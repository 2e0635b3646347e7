import {
  type CallReading,
  callReading,
  type Reading,
  type StepReading,
  type TaskName,
  type TaskReading,
} from '../model/reading.ts';
import type { FoldedCall, FoldedHttp, NodeClass, SpanFacts } from '../model/span-node.ts';

/**
 * Facts as the text of `span_memory.facts`: positions instead of names, and nothing that is unknown or that the row says
 * already. Written for every span, and more than half of the file when it was plain JSON of the object: 605 bytes a call,
 * 256 so. Later versions add positions at the end and fields to readings; what is missing reads as unknown.
 */
type WireFacts = [
  startMs: number,
  endMs: number | null,
  durationMs: number | null,
  sessionId: string | null,
  names?: WireName | 0,
  reading?: WireReading | 0,
  http?: FoldedHttp | 0,
  serverStatus?: number | null,
  inner?: Readonly<Record<string, FoldedCall>> | 0,
  usageBelow?: 0 | 1,
  total?: WireReading,
];
type WireName = [source: TaskName['source'], taskId: string, attempt: number];
/** A reading without `what` (the class), without `names` (they stand beside it) and without what is null. */
type WireReading = Record<string, unknown>;

export function encodeFacts(facts: SpanFacts): string {
  const wire: WireFacts = [facts.startMs, facts.endMs, facts.durationMs, facts.sessionId];
  const { names, reading, http, serverStatus, inner, usageBelow, total } = facts;
  const sumsUp = usageBelow === true || total !== undefined;
  const isTarget = http !== undefined || serverStatus !== undefined || inner !== undefined || sumsUp;
  if (names !== null || reading !== null || isTarget) {
    wire.push(names === null ? 0 : [names.source, names.taskId, names.attempt], reading === null ? 0 : wireReading(reading));
  }
  if (isTarget) {
    wire.push(http ?? 0, serverStatus ?? null);
    if (inner !== undefined || sumsUp) wire.push(inner ?? 0);
  }
  if (sumsUp) wire.push(usageBelow === true ? 1 : 0);
  if (total !== undefined) wire.push(wireReading(total));
  return JSON.stringify(wire);
}

function wireReading(reading: Reading): WireReading {
  const wire: WireReading = {};
  const fields = reading as unknown as WireReading;
  for (const key in fields) {
    const value = fields[key];
    if (value !== null && key !== 'what' && key !== 'names') wire[key] = value;
  }
  return wire;
}

const UNKNOWN_OF_TASK = {
  taskId: null,
  taskType: null,
  workflowRunId: null,
  parentTaskId: null,
  conversationId: null,
  errorType: null,
  errorMessage: null,
};

function readingOf(cls: NodeClass, wire: WireReading, names: TaskName | null): Reading | null {
  switch (cls) {
    case 'agent':
    case 'call':
      return callReading({ toolName: null, success: null, names, ...wire } as Parameters<typeof callReading>[0]);
    case 'task':
      return { what: 'task', ...UNKNOWN_OF_TASK, ...wire } as unknown as TaskReading;
    case 'step':
      return { what: 'step', source: null, names, ...wire } as StepReading;
    case 'server':
      return { what: 'server', statusCode: null, names, ...wire } as Reading;
    case 'signal':
      return { what: 'signal', ...wire } as Reading;
    case 'open':
      return null;
  }
}

/** @throws {SyntaxError} when the text is no JSON: then the file was damaged. */
export function decodeFacts(text: string, cls: NodeClass): SpanFacts {
  const [startMs, endMs, durationMs, sessionId, wireName, wire, http, serverStatus, inner, usageBelow, total] = JSON.parse(
    text,
  ) as WireFacts;
  const names: TaskName | null = wireName ? { source: wireName[0], taskId: wireName[1], attempt: wireName[2] } : null;
  return {
    startMs,
    endMs,
    durationMs,
    sessionId,
    names,
    reading: wire ? readingOf(cls, wire, names) : null,
    ...(inner ? { inner } : {}),
    ...(usageBelow ? { usageBelow: true } : {}),
    ...(total === undefined ? {} : { total: readingOf('call', total, names) as CallReading }),
    ...(http ? { http } : {}),
    ...(serverStatus == null ? {} : { serverStatus }),
  };
}
