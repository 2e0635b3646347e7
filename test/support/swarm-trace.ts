import { type Attributes, type Context, ROOT_CONTEXT, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { SpanRecord } from '../../src/model/span-record.ts';
import { decodeJson } from '../../src/otlp/decode-json.ts';

/**
 * One task of desplega agent-swarm 1.135 with Claude Code as its harness, made by the real SDK in three providers, as
 * three processes make it: the worker, the swarm's API, Claude Code 2.1.330. All of the swarm's spans are INTERNAL.
 */
export const SWARM = {
  agent: 'a3c1f0de-0000-4000-8000-000000000007',
  task: 'task-42',
  session: '33a70c93-f8b9-40c1-b043-c822fac24ff3',
  /** What the harness tells at its end: all of its model calls. */
  total: { input: 3000, output: 300, costUsd: 0.5 },
  /** Of each of the three requests; Claude leaves cached tokens out of its input. */
  request: { input: 100, cacheRead: 850, cacheWrite: 50, output: 100 },
} as const;

const T0 = Date.UTC(2026, 0, 15, 10);
const SECOND = 1000;

interface Host {
  readonly tracer: Tracer;
  readonly exporter: InMemorySpanExporter;
}

function host(scope: string, resource: Attributes): Host {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor(exporter)];
  const provider = new BasicTracerProvider({ spanProcessors, resource: resourceFromAttributes(resource) });
  return { tracer: provider.getTracer(scope), exporter };
}

/** As OTLP brings it: what another process sent as `traceparent`. */
const remote = (span: Span): Context => trace.setSpanContext(ROOT_CONTEXT, { ...span.spanContext(), isRemote: true });
const below = (span: Span): Context => trace.setSpan(ROOT_CONTEXT, span);

type Times = readonly [startS: number, endS: number];

function span(
  tracer: Tracer,
  name: string,
  [startS, endS]: Times,
  attributes: Attributes,
  parent: Context,
  failed?: string,
): Span {
  const made = tracer.startSpan(name, { startTime: T0 + startS * SECOND, attributes }, parent);
  if (failed !== undefined) made.setStatus({ code: SpanStatusCode.ERROR, message: failed });
  made.end(T0 + endS * SECOND);
  return made;
}

export interface SwarmSpans {
  readonly worker: readonly SpanRecord[];
  readonly api: readonly SpanRecord[];
  readonly claude: readonly SpanRecord[];
  /** The worker's span of the whole task. */
  readonly session: SpanRecord;
}

export function swarmTrace(): SwarmSpans {
  const swarm = (role: string, instance: string): Attributes => ({
    'service.name': role === 'api' ? 'agent-swarm-api' : 'agent-swarm',
    'service.namespace': 'agent-swarm',
    'service.instance.id': instance,
    'agentswarm.service.role': role,
  });
  const worker = host('agent-swarm', swarm('worker', SWARM.agent));
  const api = host('agent-swarm', swarm('api', '5b3d0000-1111-4222-8333-444444444444'));
  const claude = host('com.anthropic.claude_code.tracing', { 'service.name': 'claude-code', 'service.version': '2.1.330' });

  const whose: Attributes = {
    'agent.id': SWARM.agent,
    // The id of the pool's slot; the task's own stands beside it.
    'agentswarm.task.id': 'pool-1',
    'agentswarm.task.real_id': SWARM.task,
    'agentswarm.agent.role': 'worker',
    'agentswarm.harness_provider': 'claude',
  };
  const session = worker.tracer.startSpan('worker.session', { startTime: T0, attributes: whose }, ROOT_CONTEXT);
  const create = span(
    worker.tracer,
    'worker.session.create',
    [0.1, 0.4],
    { ...whose, 'agentswarm.provider.session_id': 'pending' },
    below(session),
  );
  session.setAttribute('agentswarm.provider.session_id', SWARM.session);
  runClaude(claude.tracer, remote(create));

  /** The harness tells no end of a tool: it is closed, well, at the next message. */
  const seen = (kind: string, times: Times, tool: string, callId: string, more: Attributes = {}): void => {
    const attributes: Attributes = {
      ...whose,
      'agentswarm.provider.session_id': SWARM.session,
      'agentswarm.tool.name': tool,
      'agentswarm.tool.call_id': callId,
      'agentswarm.tool.kind': kind,
      'agentswarm.tool.implicit_close': true,
      ...more,
    };
    span(worker.tracer, kind === 'mcp' ? 'worker.mcp.tool' : 'worker.tool', times, attributes, below(session));
  };
  const mcp = (tool: string): Attributes => ({ 'mcp.server.name': 'agent-swarm', 'mcp.tool.name': tool });
  seen('shell', [10, 20], 'Bash', 'toolu_bash');
  seen('file', [20, 30], 'Edit', 'toolu_edit');
  seen('mcp', [30, 40], 'mcp__agent-swarm__store-progress', 'toolu_mcp_1', mcp('store-progress'));
  seen('mcp', [40, 50], 'mcp__agent-swarm__store-progress', 'toolu_mcp_2', mcp('store-progress'));
  seen('agent', [50, 80], 'Agent', 'toolu_agent');
  seen('file', [60, 70], 'Write', 'toolu_write');

  /** The same call in the API, in a trace of its own. */
  const answered = (at: number, tool: string, more: Attributes = {}): void => {
    const request = span(
      api.tracer,
      'POST /mcp',
      [at, at + 0.3],
      { 'http.request.method': 'POST', 'agent.id': SWARM.agent, 'http.response.status_code': 200 },
      ROOT_CONTEXT,
    );
    const attributes = { 'mcp.tool.name': tool, 'agent.id': SWARM.agent, 'agentswarm.task.id': SWARM.task, ...more };
    span(api.tracer, `mcp.tool ${tool}`, [at + 0.1, at + 0.2], attributes, below(request));
  };
  answered(31, 'store-progress');
  answered(41, 'store-progress', { 'mcp.tool.is_error': true });
  // Called by a script of the agent: the worker has not seen it.
  answered(75, 'get-tasks');

  session.setAttributes({
    'gen_ai.response.model': 'claude-sonnet-4-20250514',
    'gen_ai.usage.input_tokens': SWARM.total.input,
    'gen_ai.usage.output_tokens': SWARM.total.output,
    'agentswarm.cost.total_usd': SWARM.total.costUsd,
    'agentswarm.session.outcome': 'ok',
  });
  session.end(T0 + 100 * SECOND);
  const spans = received(worker);
  const own = spans.find(({ name }) => name === 'worker.session');
  if (own === undefined) throw new Error('no worker.session');
  return { worker: spans, api: received(api), claude: received(claude), session: own };
}

/** A turn with two requests, five tools, and a sub-agent that makes a third request and a Write. */
function runClaude(tracer: Tracer, parent: Context): void {
  const session = { 'session.id': SWARM.session };
  const interaction = tracer.startSpan('claude_code.interaction', { startTime: T0 + 1 * SECOND, attributes: session }, parent);
  const request = (id: string, times: Times, within: Span, more: Attributes = {}): void => {
    const { input, cacheRead, cacheWrite, output } = SWARM.request;
    const usage = { input_tokens: input, cache_read_tokens: cacheRead, cache_creation_tokens: cacheWrite, output_tokens: output };
    const about = { ...session, model: 'claude-sonnet-4-20250514', request_id: id, success: true, attempt: 1 };
    span(tracer, 'claude_code.llm_request', times, { ...about, ...usage, ...more }, below(within));
  };
  /** @returns the execution, below which a sub-agent's spans stand */
  const tool = (name: string, id: string, [start, end]: Times, within: Span, more: Attributes = {}, failed?: string): Span => {
    const call = { ...session, tool_use_id: id, ...more };
    const made = tracer.startSpan(
      'claude_code.tool',
      { startTime: T0 + start * SECOND, attributes: { ...call, tool_name: name } },
      below(within),
    );
    span(tracer, 'claude_code.tool.blocked_on_user', [start, start + 0.1], { ...session, decision: 'accept' }, below(made));
    const outcome = failed === undefined ? { success: true } : { success: false, error: failed, 'error.type': 'tool_error' };
    const execution = span(
      tracer,
      'claude_code.tool.execution',
      [start + 0.1, end],
      { ...call, ...outcome },
      below(made),
      failed,
    );
    made.end(T0 + end * SECOND);
    return execution;
  };
  request('req_1', [2, 9], interaction);
  tool('Bash', 'toolu_bash', [10, 12], interaction);
  tool('Edit', 'toolu_edit', [20, 21], interaction, {}, 'FileChangedError');
  tool('mcp_tool', 'toolu_mcp_1', [30.5, 31.5], interaction);
  tool('mcp_tool', 'toolu_mcp_2', [40.5, 41.5], interaction, {}, 'McpToolCallError');
  const agent = tool('Agent', 'toolu_agent', [50, 78], interaction);
  const of = { agent_id: 'ab5007062011a9343' };
  request('req_2', [52, 58], agent, of);
  tool('Write', 'toolu_write', [60, 61], agent, of);
  request('req_3', [80, 90], interaction);
  interaction.end(T0 + 95 * SECOND);
}

/** Through OTLP/JSON, as a receiver gets it. */
function received({ exporter }: Host): SpanRecord[] {
  const bytes = JsonTraceSerializer.serializeRequest(exporter.getFinishedSpans());
  return decodeJson(new TextDecoder().decode(bytes)).spans;
}
