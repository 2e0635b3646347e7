import fc from 'fast-check';
import { HOOK_ATTRIBUTE, HOOK_SCOPE, HOOK_SPAN } from '../../src/dialect/claude-hook.ts';
import { encodeEdits } from '../../src/ingest/hook-edits.ts';
import { HOOK_ID } from '../../src/ingest/hook-span.ts';
import { type Attributes, type ScopeRecord, SPAN_KIND, type SpanRecord } from '../../src/model/span-record.ts';

/**
 * Random traces: trees of Hatchet tasks, steps, tools, MCP calls, HTTP clients and servers, model-free. Some parents
 * never arrive, some spans name a task, some tasks share a key (retries, evictions), some are cancelled from outside.
 */

const SCOPE = { name: 'test', version: null };
const RESOURCE = { attributes: {} };
const T0 = Date.UTC(2026, 0, 15, 10);

type HookShape =
  | 'hook-started'
  | 'hook-succeeded'
  | 'hook-failed'
  | 'hook-interrupted'
  | 'hook-denied'
  | 'hook-listed'
  | 'hook-rejected'
  | 'hook-session';

type Shape =
  | 'llm'
  | 'llm-silent'
  | 'agent'
  | 'agent-total'
  | 'openinference-llm'
  | 'vercel-agent'
  | 'vercel-llm'
  | 'anthropic-llm'
  | 'mastra-sum'
  | 'mastra-step'
  | 'claude-request'
  | 'claude-cost'
  | 'claude-tool'
  | 'claude-execution'
  | 'claude-result'
  | 'swarm-caller'
  | 'swarm-callee'
  | 'swarm-tool'
  | HookShape
  | 'task'
  | 'step'
  | 'tool'
  | 'mcp-client'
  | 'mcp-server'
  | 'http-client'
  | 'http-server'
  | 'producer';

/** Log records: nothing stands below them. */
const isRecord = (shape: Shape): boolean => shape === 'claude-result' || shape === 'claude-cost' || isHook(shape);
const isHook = (shape: Shape): shape is HookShape => shape.startsWith('hook-');

const scopeOf = (shape: Shape): ScopeRecord =>
  isHook(shape)
    ? { name: HOOK_SCOPE, version: null }
    : shape.startsWith('swarm')
      ? { name: 'agent-swarm', version: null }
      : isRecord(shape)
        ? { name: 'com.anthropic.claude_code.events', version: null }
        : shape === 'anthropic-llm'
          ? { name: 'com.anthropic.sdk.typescript', version: null }
          : SCOPE;

interface Plan {
  readonly shape: Shape;
  /** Which earlier span of the trace is its parent; -1: none; -2: one that never arrives. */
  readonly parent: number;
  readonly trace: number;
  readonly task: number;
  readonly attempt: number;
  readonly name: number;
  readonly failed: boolean;
  readonly namesTask: boolean;
  readonly namesParent: boolean;
  readonly remote: boolean | null;
  readonly start: number;
  readonly length: number;
}

const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');
const traceId = (n: number): string => hex(0xabc000 + n, 32);
const spanId = (n: number): string => hex(0xdef000 + n, 16);

const claude = (plan: Plan): Attributes => ({ 'session.id': `s${plan.attempt}`, tool_use_id: `toolu_${plan.task}_${plan.name}` });

/** What one request of Claude's used: the span and the record of it agree. */
const claudeRequest = (plan: Plan): Attributes => ({
  'session.id': `s${plan.attempt}`,
  request_id: `req_${plan.task}_${plan.name}`,
  model: 'claude-sonnet-4-5',
  input_tokens: 10 + plan.task,
  cache_read_tokens: 1000 + plan.name,
  output_tokens: 5 + plan.attempt,
});

/** Two doors tell of one edit: what they know of it may differ. */
const changed = (plan: Plan): string =>
  encodeEdits({
    place: {
      cwd: plan.failed ? null : '/w',
      projectDir: null,
      git: { top: '/w', branch: plan.namesParent ? `b${plan.trace}` : null, headSha: null, repoId: plan.failed ? null : 'r' },
    },
    edits: Array.from({ length: 1 + (plan.start % 2) }, (_, n) => ({
      path: `/w/f${n}`,
      previousPath: null,
      type: plan.failed ? 'edit' : 'create',
      linesAdded: plan.namesTask ? null : plan.length,
      linesRemoved: plan.start,
    })),
  });

function hook(plan: Plan & { readonly shape: HookShape }): { name: string; kind: number; attributes: Attributes } {
  const what = plan.shape.slice('hook-'.length);
  const attributes = {
    ...claude(plan),
    ...(plan.namesTask ? { [HOOK_ATTRIBUTE.task]: `hatchet:run-${plan.task}:${plan.attempt}` } : {}),
  };
  if (what === 'session') {
    const phase = plan.failed ? 'started' : 'ended';
    return { name: HOOK_SPAN.session, kind: SPAN_KIND.log, attributes: { ...attributes, [HOOK_ATTRIBUTE.phase]: phase } };
  }
  const isList = what === 'listed' || what === 'rejected';
  const edits = what === 'succeeded' || what === 'interrupted' ? { [HOOK_ATTRIBUTE.edits]: changed(plan) } : {};
  return {
    name: isList ? HOOK_SPAN.listed : HOOK_SPAN.tool,
    kind: SPAN_KIND.log,
    attributes: { ...attributes, tool_name: `tool_${plan.name}`, [HOOK_ATTRIBUTE.phase]: what, ...edits },
  };
}

function attributesOf(plan: Plan): { name: string; kind: number; attributes: Attributes } {
  const tool = `tool_${plan.name}`;
  const { shape } = plan;
  if (isHook(shape)) return hook({ ...plan, shape });
  switch (shape) {
    case 'task':
      return {
        name: 'hatchet.start_step_run',
        kind: 5,
        attributes: {
          step_run_id: `run-${plan.task}`,
          retry_count: plan.attempt,
          action_name: `wf:${plan.task}`,
          workflow_run_id: `wf-${plan.task}`,
          ...(plan.namesParent ? { parent_workflow_run_id: `run-${(plan.task + 1) % 4}` } : {}),
        },
      };
    case 'producer':
      return { name: 'hatchet.run_workflow', kind: 4, attributes: {} };
    case 'step':
      return { name: 'work', kind: 1, attributes: {} };
    case 'tool':
      return {
        name: `execute_tool ${tool}`,
        kind: 1,
        attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': tool },
      };
    case 'mcp-client':
    case 'mcp-server':
      return {
        name: `tools/call ${tool}`,
        kind: plan.shape === 'mcp-client' ? 3 : 2,
        attributes: { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': tool, 'gen_ai.tool.call.id': `call_${plan.name}` },
      };
    case 'http-client':
      return {
        name: 'GET',
        kind: 3,
        attributes: {
          'http.request.method': 'GET',
          'url.full': 'https://example.test/a',
          'http.response.status_code': plan.failed ? 503 : 200,
        },
      };
    case 'llm':
      return {
        name: 'chat gpt-4o',
        kind: 3,
        attributes: {
          'gen_ai.operation.name': 'chat',
          'gen_ai.request.model': 'gpt-4o',
          'gen_ai.usage.input_tokens': 100 + plan.length,
          'gen_ai.usage.output_tokens': 10 + plan.name,
          ...(plan.namesParent ? { 'operation.cost': 0.25 } : {}),
        },
      };
    case 'llm-silent':
      return { name: 'chat', kind: 3, attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.response.id': `r${plan.name}` } };
    case 'agent':
      return {
        name: 'invoke_agent a',
        kind: 1,
        attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': tool },
      };
    case 'agent-total':
      return {
        name: 'invoke_agent b',
        kind: 1,
        attributes: {
          'gen_ai.operation.name': 'invoke_agent',
          'gen_ai.request.model': 'gpt-4o',
          'gen_ai.usage.input_tokens': 1000 + plan.length,
          'gen_ai.usage.output_tokens': 100,
        },
      };
    case 'openinference-llm':
      return {
        name: 'OpenAI Chat Completions',
        kind: 1,
        attributes: {
          'openinference.span.kind': 'LLM',
          'llm.model_name': 'gpt-4o',
          'llm.token_count.prompt': 100 + plan.length,
          'llm.token_count.completion': 10 + plan.name,
          'llm.token_count.prompt_details.cache_read': plan.name,
        },
      };
    case 'vercel-agent':
      return {
        name: 'ai.generateText',
        kind: 1,
        attributes: {
          'ai.operationId': 'ai.generateText',
          'ai.usage.inputTokens': 1000 + plan.length,
          'ai.usage.outputTokens': 100 + plan.name,
        },
      };
    case 'vercel-llm':
      return {
        name: 'ai.generateText.doGenerate',
        kind: 1,
        attributes: {
          'ai.operationId': 'ai.generateText.doGenerate',
          'ai.usage.inputTokens': 100 + plan.length,
          'ai.usage.outputTokens': 10 + plan.name,
          'gen_ai.usage.input_tokens': 100 + plan.length,
          'gen_ai.usage.output_tokens': 10 + plan.name,
        },
      };
    case 'anthropic-llm':
      return {
        name: 'anthropic.messages.create',
        kind: 3,
        attributes: {
          'gen_ai.operation.name': 'chat',
          'http.request.method': 'POST',
          'gen_ai.usage.input_tokens': 100 + plan.length,
          'gen_ai.usage.cache_read.input_tokens': 50,
          'gen_ai.usage.output_tokens': 10 + plan.name,
        },
      };
    case 'mastra-sum':
    case 'mastra-step':
      return {
        name: 'chat',
        kind: 3,
        attributes: {
          'mastra.span.type': plan.shape === 'mastra-sum' ? 'model_generation' : 'model_step',
          'gen_ai.operation.name': plan.shape === 'mastra-sum' ? 'chat' : 'model_step',
          'gen_ai.usage.input_tokens': 100 + plan.length,
          'gen_ai.usage.output_tokens': 10 + plan.name,
        },
      };
    case 'claude-request':
      return { name: 'claude_code.llm_request', kind: 1, attributes: { ...claudeRequest(plan), success: true } };
    case 'claude-cost':
      return { name: 'api_request', kind: 100, attributes: { ...claudeRequest(plan), cost_usd: 0.5 } };
    case 'claude-tool':
      return { name: 'claude_code.tool', kind: 1, attributes: { ...claude(plan), tool_name: tool } };
    case 'claude-execution':
      return { name: 'claude_code.tool.execution', kind: 1, attributes: { ...claude(plan), success: !plan.failed } };
    case 'claude-result':
      return {
        name: 'tool_result',
        kind: 100,
        attributes: { ...claude(plan), tool_name: tool, success: plan.failed ? 'false' : 'true' },
      };
    case 'swarm-caller':
      return {
        name: 'worker.mcp.tool',
        kind: 1,
        attributes: {
          'agentswarm.task.real_id': `swarm-${plan.task}`,
          'agentswarm.provider.session_id': `s${plan.attempt}`,
          'agentswarm.tool.call_id': `toolu_${plan.start}`,
          'agentswarm.tool.kind': 'mcp',
          'agentswarm.tool.implicit_close': plan.namesParent,
          'mcp.tool.name': tool,
        },
      };
    case 'swarm-tool':
      return {
        name: 'worker.tool',
        kind: 1,
        attributes: {
          'agentswarm.task.real_id': `swarm-${plan.task}`,
          'agentswarm.provider.session_id': `s${plan.attempt}`,
          'agentswarm.tool.call_id': `toolu_${plan.task}_${plan.name}`,
          'agentswarm.tool.name': tool,
          'agentswarm.tool.implicit_close': plan.namesParent,
        },
      };
    case 'swarm-callee':
      return {
        name: `mcp.tool ${tool}`,
        kind: 1,
        attributes: { 'agentswarm.task.id': `swarm-${plan.task}`, 'mcp.tool.name': tool, 'mcp.tool.is_error': plan.failed },
      };
    case 'http-server':
      return { name: 'GET /a', kind: 2, attributes: { 'http.request.method': 'GET', 'http.response.status_code': 200 } };
  }
}

function toSpan(plan: Plan, index: number, plans: readonly Plan[]): SpanRecord {
  const { name, kind, attributes } = attributesOf(plan);
  const earlier = plans.flatMap((other, i) => (i < index && other.trace === plan.trace && !isRecord(other.shape) ? [i] : []));
  const parentIndex = plan.parent >= 0 && earlier.length > 0 ? earlier[plan.parent % earlier.length] : undefined;
  const parentSpanId = parentIndex !== undefined ? spanId(parentIndex) : plan.parent === -2 ? spanId(0xfff) : null;
  const startMs = T0 + plan.start;
  return {
    traceId: traceId(plan.trace),
    spanId: isHook(plan.shape) ? `${HOOK_ID}${spanId(index)}` : spanId(index),
    parentSpanId,
    parentRemote: plan.remote,
    name,
    kind,
    startMs,
    endMs: startMs + plan.length,
    durationMs: plan.shape === 'hook-started' ? null : plan.length,
    status: plan.failed ? 2 : 0,
    statusMessage: plan.failed ? 'it broke' : null,
    attributes: {
      ...attributes,
      ...(plan.namesTask ? { 'hatchet.step_run_id': `run-${plan.task}`, 'hatchet.retry_count': plan.attempt } : {}),
    },
    events: [],
    scope: scopeOf(plan.shape),
    resource: RESOURCE,
  };
}

const cancel = (task: number, start: number, index: number): SpanRecord => ({
  traceId: traceId(900 + index),
  spanId: spanId(0x900 + index),
  parentSpanId: null,
  parentRemote: null,
  name: 'hatchet.cancel_step_run',
  kind: 5,
  startMs: T0 + start,
  endMs: T0 + start + 1,
  durationMs: 1,
  status: 0,
  statusMessage: null,
  attributes: { 'hatchet.step_run_id': `run-${task}` },
  events: [],
  scope: SCOPE,
  resource: RESOURCE,
});

const SHAPES: readonly Shape[] = [
  'llm',
  'llm',
  'llm-silent',
  'agent',
  'agent-total',
  'claude-tool',
  'claude-execution',
  'claude-result',
  'swarm-caller',
  'swarm-callee',
  'task',
  'step',
  'step',
  'tool',
  'tool',
  'mcp-client',
  'mcp-server',
  'http-client',
  'http-client',
  'http-server',
  'producer',
];

/** Mostly model calls, of several emitters at once: where tokens could be counted twice. */
const MODEL_SHAPES: readonly Shape[] = [
  'llm',
  'llm',
  'llm-silent',
  'openinference-llm',
  'vercel-agent',
  'vercel-llm',
  'anthropic-llm',
  'mastra-sum',
  'mastra-step',
  'claude-request',
  'claude-cost',
  'agent',
  'agent-total',
  'task',
  'step',
  'tool',
  'mcp-client',
  'http-client',
  'http-server',
];

/** Everything that tells of one of Claude Code's calls, of few calls: most of them are told of in many ways. */
const HOOK_SHAPES: readonly Shape[] = [
  'hook-started',
  'hook-started',
  'hook-succeeded',
  'hook-failed',
  'hook-interrupted',
  'hook-denied',
  'hook-listed',
  'hook-rejected',
  'hook-session',
  'claude-tool',
  'claude-execution',
  'claude-result',
  'swarm-tool',
  'task',
  'step',
];

const planOf = (shapes: readonly Shape[], of: Partial<Record<'task' | 'attempt', number>> = {}): fc.Arbitrary<Plan> =>
  fc.record({
    shape: fc.constantFrom(...shapes),
    parent: fc.integer({ min: -2, max: 20 }),
    trace: fc.integer({ min: 0, max: 2 }),
    task: fc.integer({ min: 0, max: of.task ?? 3 }),
    attempt: fc.integer({ min: 0, max: of.attempt ?? 2 }),
    name: fc.integer({ min: 0, max: 2 }),
    failed: fc.boolean(),
    namesTask: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    namesParent: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    remote: fc.constantFrom(null, false, false, true),
    start: fc.integer({ min: 0, max: 1000 }),
    length: fc.integer({ min: 0, max: 500 }),
  });

const spansOf = (shapes: readonly Shape[], of: Partial<Record<'task' | 'attempt', number>> = {}): fc.Arbitrary<SpanRecord[]> =>
  fc
    .tuple(
      fc.array(planOf(shapes, of), { minLength: 1, maxLength: 30 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 1500 })), { maxLength: 3 }),
    )
    .map(([plans, cancels]) => [
      ...plans.map((p, i) => toSpan(p, i, plans)),
      ...cancels.map(([task, start], i) => cancel(task, start, i)),
    ]);

export const randomSpans: fc.Arbitrary<SpanRecord[]> = spansOf(SHAPES);
export const randomModelSpans: fc.Arbitrary<SpanRecord[]> = spansOf(MODEL_SHAPES);
/** Hook events among the spans and log records of the same calls. */
export const randomHookSpans: fc.Arbitrary<SpanRecord[]> = spansOf(HOOK_SHAPES, { task: 0, attempt: 1 });
