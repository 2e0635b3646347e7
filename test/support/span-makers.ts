import type { Attributes, Origin, ProcessSession, ResourceRecord, SpanRecord } from '../../src/model/span-record.ts';

/** Spans as a door makes them. Ids are numbers here, so that a test can say which span it means. */

const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');
export const traceId = (n: number): string => hex(0xa0000000 + n, 32);
export const spanId = (n: number): string => hex(0xb0000000 + n, 16);

export const T0 = Date.UTC(2026, 0, 15, 10);

export interface SpanPlan {
  readonly trace?: number;
  readonly span: number;
  readonly parent?: number;
  readonly startMs?: number;
  /** null: still open. */
  readonly endMs?: number | null;
  readonly attributes?: Attributes;
  readonly resource?: Attributes;
}

function makeSpan(plan: SpanPlan, name: string, kind: number, attributes: Attributes): SpanRecord {
  const { trace = 1, span, parent, startMs = T0 + span, endMs = startMs + 10, resource = {} } = plan;
  return {
    traceId: traceId(trace),
    spanId: spanId(span),
    parentSpanId: parent === undefined ? null : spanId(parent),
    parentRemote: null,
    name,
    kind,
    startMs,
    endMs,
    durationMs: endMs === null ? null : endMs - startMs,
    status: 0,
    statusMessage: null,
    attributes: { ...attributes, ...plan.attributes },
    events: [],
    scope: { name: 'test', version: null },
    // Of its own: what is found out of a resource is remembered by identity.
    resource: { attributes: resource } satisfies ResourceRecord,
  };
}

export const taskSpan = (taskId: string, plan: SpanPlan): SpanRecord =>
  makeSpan(plan, 'hatchet.start_step_run', 5, { step_run_id: taskId, retry_count: 0, action_name: 'report:write' });

export const toolSpan = (plan: SpanPlan): SpanRecord =>
  makeSpan(plan, 'execute_tool search', 1, { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' });

export const modelSpan = (plan: SpanPlan): SpanRecord => makeSpan(plan, 'chat', 3, { 'gen_ai.operation.name': 'chat' });

/** A tool call that says which task it belongs to. */
export const toolSpanNaming = (taskId: string, plan: SpanPlan): SpanRecord =>
  toolSpan({ ...plan, attributes: { 'hatchet.step_run_id': taskId, 'hatchet.retry_count': 0 } });

export const cancelSpan = (taskId: string, plan: SpanPlan): SpanRecord =>
  makeSpan(plan, 'hatchet.cancel_step_run', 5, { 'hatchet.step_run_id': taskId });

export const mcpClientSpan = (plan: SpanPlan): SpanRecord =>
  makeSpan(plan, 'tools/call search', 3, { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'search' });

export const fromSender = (receivedMs: number, agentId: string | null = null): Origin => ({ door: 'otlp', agentId, receivedMs });
export const fromProcess = (session: ProcessSession, agentId: string | null): Origin => ({ door: 'process', session, agentId });

/** A process of another machine, as the files of a shared volume show it. */
export const elsewhere = (id: string, startedMs: number): ProcessSession => ({
  id,
  host: 'another-host',
  pid: process.pid,
  bootId: '00000000-0000-0000-0000-000000000000',
  pidNamespace: 'pid:[1]',
  processStartedAt: '1',
  startedMs,
});
