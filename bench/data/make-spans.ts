import type { Attributes } from '../../src/model/span-record.ts';
import { SPAN_KIND, STATUS_CODE } from '../../src/model/span-record.ts';
import { Random } from './random.ts';

/** One span as its emitter makes it, payload attributes included. */
export interface PlannedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Index of the parent within the trace; -1: a span of another process that never arrives. */
  readonly parent: number;
  readonly parentSpanId: string;
  readonly name: string;
  /** OTLP numbering. */
  readonly kind: number;
  readonly scope: 'hatchet' | 'app' | 'mcp' | 'http';
  readonly startMs: number;
  readonly endMs: number;
  readonly status: number;
  readonly statusMessage: string | null;
  readonly attributes: Attributes;
  readonly exception: Attributes | null;
}

export type PlannedTrace = readonly PlannedSpan[];

/** The spans are of today: what is old takes other paths. */
export const BENCH_EPOCH_MS = Date.now();
const SPANS_A_TRACE = 20;
const TOOLS = [
  'search_code',
  'read_file',
  'write_file',
  'run_tests',
  'open_pull_request',
  'list_issues',
  'fetch_url',
  'query_orders',
];
const WORKFLOWS = ['triage-ticket', 'review-change', 'write-report', 'answer-customer', 'sync-inventory'];
const HOSTS = ['api.openai.com', 'api.github.com', 'billing.internal', 'search.internal:8080', 'hooks.example.com'];
const PATHS = ['/v1/chat/completions', '/repos/acme/shop/issues/1432', '/v2/orders/9f86d081884c7d65', '/search', '/v1/messages'];

/** Grows one trace; every method adds a span and returns its index. */
class TraceMaker {
  readonly spans: PlannedSpan[] = [];
  readonly #random: Random;
  readonly #traceId: string;
  readonly #taskId: string;
  readonly #startMs: number;
  /** Hatchet's own span processor, where it is attached, copies the task's keys onto every span within. */
  readonly #copied: Attributes;

  constructor(random: Random, startMs: number) {
    this.#random = random;
    this.#traceId = random.hex(32);
    this.#taskId = random.uuid();
    this.#startMs = startMs;
    this.#copied = random.next() < 0.5 ? { 'hatchet.step_run_id': this.#taskId, 'hatchet.retry_count': 0 } : {};
  }

  task(lengthMs: number, failed: boolean): number {
    const random = this.#random;
    const workflow = random.of(WORKFLOWS);
    const attributes = {
      instrumentor: 'hatchet',
      tenant_id: random.uuid(),
      worker_id: random.uuid(),
      workflow_run_id: random.uuid(),
      step_id: random.uuid(),
      step_run_id: this.#taskId,
      retry_count: 0,
      payload: JSON.stringify({ input: { ticket: random.hex(8), note: random.hex(200) }, triggered_by: 'manual' }),
      workflow_name: workflow,
      action_name: `${workflow}:${workflow}`,
      step_name: workflow,
    };
    return this.#add(-1, 'hatchet.start_step_run', SPAN_KIND.consumer, 'hatchet', 0, lengthMs, attributes, failed);
  }

  step(parent: number, name: string, atMs: number, lengthMs: number): number {
    return this.#add(parent, name, SPAN_KIND.internal, 'app', atMs, lengthMs, { ...this.#copied, 'app.phase': name }, false);
  }

  tool(parent: number, atMs: number, lengthMs: number, failed: boolean): number {
    const random = this.#random;
    const tool = random.of(TOOLS);
    const attributes = {
      ...this.#copied,
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': tool,
      'gen_ai.tool.call.id': `call_${random.hex(24)}`,
      'gen_ai.tool.call.arguments': JSON.stringify({ query: random.hex(120) }),
      'gen_ai.conversation.id': this.#taskId,
      ...(failed ? { 'error.type': 'ToolError' } : {}),
    };
    return this.#add(parent, `execute_tool ${tool}`, SPAN_KIND.internal, 'app', atMs, lengthMs, attributes, failed);
  }

  mcpCall(parent: number, atMs: number, lengthMs: number): number {
    const tool = this.#random.of(TOOLS);
    const attributes = {
      ...this.#copied,
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': tool,
      'mcp.session.id': this.#random.uuid(),
      'network.transport': 'tcp',
    };
    return this.#add(parent, `tools/call ${tool}`, SPAN_KIND.client, 'mcp', atMs, lengthMs, attributes, false);
  }

  http(parent: number, atMs: number, lengthMs: number, status: number): number {
    const random = this.#random;
    const host = random.of(HOSTS);
    const [address, port] = host.split(':');
    const attributes = {
      ...this.#copied,
      'http.request.method': random.next() < 0.6 ? 'POST' : 'GET',
      'url.full': `https://${host}${random.of(PATHS)}?page=${random.between(1, 9)}`,
      'server.address': address as string,
      'server.port': Number(port ?? 443),
      'network.protocol.version': '1.1',
      'http.response.status_code': status,
      'user_agent.original': 'node',
      ...(status >= 400 ? { 'error.type': String(status) } : {}),
    };
    return this.#add(parent, 'POST', SPAN_KIND.client, 'http', atMs, lengthMs, attributes, status >= 400);
  }

  producer(parent: number, atMs: number): number {
    const attributes = {
      ...this.#copied,
      instrumentor: 'hatchet',
      'hatchet.workflow_name': 'write-report',
      'hatchet.payload': '{"n":1}',
    };
    return this.#add(parent, 'hatchet.run_workflow', SPAN_KIND.producer, 'hatchet', atMs, 4, attributes, false);
  }

  #add(
    parent: number,
    name: string,
    kind: number,
    scope: PlannedSpan['scope'],
    atMs: number,
    lengthMs: number,
    attributes: Attributes,
    failed: boolean,
  ): number {
    const startMs = this.#startMs + atMs;
    return (
      this.spans.push({
        traceId: this.#traceId,
        spanId: this.#random.hex(16),
        parent,
        parentSpanId: this.spans[parent]?.spanId ?? this.#random.hex(16),
        name,
        kind,
        scope,
        startMs,
        endMs: startMs + lengthMs + Math.floor(this.#random.next() * 1000) / 1000,
        status: failed ? STATUS_CODE.error : STATUS_CODE.unset,
        statusMessage: failed ? 'the upstream refused the request' : null,
        attributes,
        exception: failed
          ? { 'exception.type': 'UpstreamError', 'exception.message': 'refused', 'exception.stacktrace': this.#random.hex(400) }
          : null,
      }) - 1
    );
  }
}

/** A Hatchet task of three steps with model calls over HTTP, tools, MCP calls and a child run: 20 spans. */
function makeTrace(random: Random, startMs: number): PlannedTrace {
  const trace = new TraceMaker(random, startMs);
  const failed = random.next() < 0.05;
  const task = trace.task(900, failed);
  const plan = trace.step(task, 'plan', 5, 250);
  trace.http(plan, 10, 200, 200);
  trace.tool(plan, 215, 20, false);
  const act = trace.step(task, 'act', 260, 500);
  for (const atMs of [265, 385, 505]) {
    trace.http(act, atMs, 60, random.next() < 0.05 ? 503 : 200);
    // Half of an agent's tools work by HTTP or MCP; what lies beneath them is the same call seen from inside.
    const tool = trace.tool(act, atMs + 62, 50, random.next() < 0.1);
    if (atMs === 385) trace.http(tool, atMs + 64, 40, 200);
    if (atMs === 505) trace.http(trace.mcpCall(tool, atMs + 63, 45), atMs + 65, 40, 200);
  }
  trace.http(trace.mcpCall(act, 640, 60), 642, 50, 200);
  const finish = trace.step(task, 'finish', 770, 120);
  trace.producer(finish, 775);
  trace.http(finish, 785, 60, random.next() < 0.1 ? 404 : 200);
  trace.step(finish, 'report', 850, 30);
  if (trace.spans.length !== SPANS_A_TRACE) throw new Error(`a trace has ${trace.spans.length} spans, not ${SPANS_A_TRACE}`);
  return trace.spans;
}

/** Traces of 20 spans of one worker that runs about eight tasks at a time. */
export function makeTraces(count: number, seed = 1): PlannedTrace[] {
  const random = new Random(seed);
  const traces: PlannedTrace[] = [];
  for (let i = 0; i < count; i++) traces.push(makeTrace(random, BENCH_EPOCH_MS + i * 110 + random.between(0, 50)));
  return traces;
}
