import {
  type CallReading,
  callReading,
  type DurationQuality,
  type Reading,
  type Source,
  type TaskReading,
} from '../model/reading.ts';
import { type Attributes, SPAN_KIND, type SpanRecord } from '../model/span-record.ts';
import { count, firstText, text } from './attributes.ts';
import { CONVERSATION_ATTRIBUTES, conversationOf } from './conversation.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, NO_FAILURE, saysFailed } from './failure.ts';
import { TASK_NAMING_ATTRIBUTES, taskNamedBy } from './task-named.ts';
import { type CacheCounting, GEN_AI_USAGE, readUsage, type UsageKeys, usageAttributes } from './usage.ts';

const OPERATION = 'gen_ai.operation.name';
const TOOL = new Set(['execute_tool', 'tool_call']);
const AGENT = new Set(['invoke_agent', 'invoke_workflow']);
const MODEL = new Set(['chat', 'text_completion', 'generate_content', 'embeddings', 'llm_call']);
const CALL_ID = ['gen_ai.tool.call.id', 'gen_ai.tool.call_id'] as const;
const PROVIDER = ['gen_ai.provider.name', 'gen_ai.system'] as const;
const REQUEST_ID = ['anthropic.request.id', 'gen_ai.response.id'] as const;
const STATUS_CODE = ['http.response.status_code', 'http.status_code'] as const;
const FINISH = ['gen_ai.response.finish_reasons', 'anthropic.message.stop_reason', 'gen_ai.response.finish_reason'] as const;

export const GEN_AI_ATTRIBUTES: readonly string[] = [
  OPERATION,
  'gen_ai.tool.name',
  ...CALL_ID,
  'gen_ai.tool.status',
  'gen_ai.agent.name',
  'gen_ai.agent.id',
  'gen_ai.workflow.name',
  'gen_ai.request.model',
  'gen_ai.response.model',
  'gen_ai.request.stream',
  ...PROVIDER,
  ...REQUEST_ID,
  ...STATUS_CODE,
  ...FINISH,
  'http.request.resend_count',
  'mcp.method.name',
  'operation.cost',
  ...usageAttributes(GEN_AI_USAGE),
  ...CONVERSATION_ATTRIBUTES,
  ...TASK_NAMING_ATTRIBUTES,
  ...FAILURE_ATTRIBUTES,
];

/** Where an emitter of the GenAI conventions departs from them. */
export interface GenAiQuirks {
  readonly source: Source;
  readonly cache?: CacheCounting;
  readonly usage?: UsageKeys;
  /** What it calls its provider although it is none. */
  readonly notAProvider?: ReadonlySet<string>;
  readonly durationQuality?: DurationQuality;
  /** Knows of a failure that neither status nor `error.type` tells; null: no more than those. */
  readonly failed?: (span: SpanRecord) => boolean | null;
  /** Where its agents state totals under names of their own. */
  readonly usageOnAgents?: UsageKeys;
  /** Its spans of tools never say whether the tool failed: NULL then, not success. */
  readonly toolOutcomeUnknown?: true;
}

/** What to call an agent: its name, its workflow's, its id. */
export const agentNameOf = (a: Attributes): string | null =>
  firstText(a, ['gen_ai.agent.name', 'gen_ai.workflow.name', 'gen_ai.agent.id']);

export const GEN_AI: GenAiQuirks = { source: 'genai' };

/** Whether the conventions say what the span is: then no other vocabulary on it is asked. */
export function knowsOperation(a: Attributes): boolean {
  const operation = text(a, OPERATION);
  return operation !== null && (TOOL.has(operation) || AGENT.has(operation) || MODEL.has(operation));
}

const nameAfter = (span: SpanRecord, operation: string): string | null =>
  span.name.startsWith(`${operation} `) ? span.name.slice(operation.length + 1) : null;

/** A finished stream says why it stopped or what it wrote; one that was abandoned says neither. */
function isAbandonedStream(a: Attributes, outputTokens: number | null): boolean {
  return a['gen_ai.request.stream'] === true && outputTokens === null && FINISH.every((key) => a[key] === undefined);
}

/** Reads a span by its GenAI operation; null where it has none. */
export function readGenAi(span: SpanRecord, quirks: GenAiQuirks): Reading | null {
  const a = span.attributes;
  const operation = text(a, OPERATION);
  if (operation === null) return null;
  const names = taskNamedBy(a);
  if (TOOL.has(operation)) return readTool(span, operation, quirks);
  if (text(a, 'mcp.method.name') !== null) return null;
  if (AGENT.has(operation)) return readAgent(span, operation, quirks);
  if (MODEL.has(operation)) return readModelCall(span, operation, quirks);
  return { what: 'step', source: quirks.source, reason: 'gen_ai_step', names };
}

/** What all three kinds of call share. */
function common(
  span: SpanRecord,
  quirks: GenAiQuirks,
): Pick<
  CallReading,
  'source' | 'success' | 'errorType' | 'errorMessage' | 'conversationId' | 'subAgent' | 'durationQuality' | 'names'
> {
  const a = span.attributes;
  const failed = saysFailed(span) || text(a, 'gen_ai.tool.status') === 'error' || quirks.failed?.(span) === true;
  return {
    source: quirks.source,
    success: !failed,
    ...(failed ? failureOf(span) : NO_FAILURE),
    conversationId: conversationOf(a),
    subAgent: firstText(a, ['gen_ai.agent.name', 'gen_ai.agent.id']),
    durationQuality: quirks.durationQuality ?? null,
    names: taskNamedBy(a),
  };
}

export function readTool(span: SpanRecord, operation: string, quirks: GenAiQuirks): Reading | null {
  const a = span.attributes;
  const shared = common(span, quirks);
  const isMcp = text(a, 'mcp.method.name') === 'tools/call';
  // The two ends of an MCP call say this operation too; they are MCP's (`mcp.ts`). A tool's own span may bear its attributes.
  if (isMcp && (span.kind === SPAN_KIND.client || span.kind === SPAN_KIND.server)) return null;
  return callReading({
    ...shared,
    success: shared.success === true && quirks.toolOutcomeUnknown ? null : shared.success,
    kind: isMcp ? 'mcp' : 'tool',
    toolName: text(a, 'gen_ai.tool.name') ?? nameAfter(span, operation),
    callId: firstText(a, CALL_ID),
  });
}

function provider(a: Attributes, quirks: GenAiQuirks): string | null {
  const named = firstText(a, PROVIDER);
  return named !== null && quirks.notAProvider?.has(named) === true ? null : named;
}

export function readModelCall(span: SpanRecord, operation: string, quirks: GenAiQuirks): Reading {
  const a = span.attributes;
  const shared = common(span, quirks);
  const usage = readUsage(a, quirks.usage ?? GEN_AI_USAGE, quirks.cache ?? 'by-size');
  const unknown = shared.success === true && isAbandonedStream(a, usage?.outputTokens ?? null);
  const cost = a['operation.cost'];
  return callReading({
    ...shared,
    success: unknown ? null : shared.success,
    kind: 'llm',
    toolName: operation === 'llm_call' ? 'chat' : operation,
    model: firstText(a, ['gen_ai.response.model', 'gen_ai.request.model']),
    provider: provider(a, quirks),
    requestId: firstText(a, REQUEST_ID),
    statusCode: count(a, STATUS_CODE[0]) ?? count(a, STATUS_CODE[1]),
    retryCount: count(a, 'http.request.resend_count'),
    usage,
    costUsd: typeof cost === 'number' && cost >= 0 ? cost : null,
  });
}

export function readAgent(span: SpanRecord, operation: string, quirks: GenAiQuirks): Reading {
  const a = span.attributes;
  const name = agentNameOf(a) ?? nameAfter(span, operation);
  const shared = common(span, quirks);
  return callReading({
    ...shared,
    kind: 'agent',
    toolName: name ?? span.name,
    model: firstText(a, ['gen_ai.response.model', 'gen_ai.request.model']),
    provider: provider(a, quirks),
    usage: readUsage(a, quirks.usageOnAgents ?? GEN_AI_USAGE, quirks.cache ?? 'by-size'),
    asTask: agentTask(span, quirks.source, name ?? span.name, shared),
  });
}

/** The task that an agent's span is where nothing stands above it. */
export function agentTask(
  span: SpanRecord,
  source: Source,
  type: string,
  outcome: Pick<CallReading, 'success' | 'errorType' | 'errorMessage' | 'conversationId'>,
): TaskReading {
  return {
    what: 'task',
    source,
    taskId: null,
    attempt: 0,
    taskType: type,
    workflowRunId: null,
    parentTaskId: null,
    namesParents: false,
    conversationId: outcome.conversationId,
    outcome: outcome.success === false ? 'failed' : 'completed',
    errorType: outcome.errorType,
    errorMessage: outcome.errorMessage,
  };
}

/** GenAI semantic conventions, every generation of names, by whoever keeps to them. */
export const genAi: Dialect = {
  name: 'genai',
  attributes: GEN_AI_ATTRIBUTES,
  events: [],
  read: (span) => readGenAi(span, GEN_AI),
};
