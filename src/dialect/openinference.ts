import { type CallReading, callReading, type Reading, type Usage } from '../model/reading.ts';
import type { Attributes, SpanRecord } from '../model/span-record.ts';
import { firstCount, firstText, number, text } from './attributes.ts';
import { CONVERSATION_ATTRIBUTES, conversationOf } from './conversation.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, NO_FAILURE, saysFailed } from './failure.ts';
import { agentTask, GEN_AI_ATTRIBUTES, knowsOperation, readGenAi } from './gen-ai.ts';
import { isOutermost } from './local-root.ts';
import { TASK_NAMING_ATTRIBUTES, taskNamedBy } from './task-named.ts';
import { isNothing, normalised, orGenAi, readUsage, type UsageKeys, usageAttributes } from './usage.ts';

const KIND = 'openinference.span.kind';
const MODEL = ['llm.response.model_name', 'llm.model_name', 'llm.request.model_name', 'embedding.model_name'] as const;
const AGENT_NAME = ['agent.name', 'graph.node.id'] as const;
const CALL_ID = ['tool_call.id', 'tool.id'] as const;
const COST = 'llm.cost.total';
/** That there was an answer, without the answer. */
const ANSWERED = ['llm.finish_reason', 'llm.output_messages.0.message.role'] as const;
/** Its spans are made after the fact from the SDK's own tracing, whose times are whole milliseconds. */
const MILLISECOND_SCOPE = '@arizeai/openinference-instrumentation-openai-agents';

const USAGE: UsageKeys = orGenAi({
  input: ['llm.token_count.prompt'],
  output: ['llm.token_count.completion'],
  cacheRead: ['llm.token_count.prompt_details.cache_read', 'llm.token_count.prompt_details.cache_input'],
  cacheWrite: ['llm.token_count.prompt_details.cache_write'],
  reasoning: ['llm.token_count.completion_details.reasoning'],
  total: ['llm.token_count.total'],
});

function usageOf(a: Attributes, isEmbedding: boolean): Usage | null {
  const usage = readUsage(a, USAGE, 'by-size');
  if (usage !== null || !isEmbedding) return usage;
  // Embeddings have no output: a total without parts is their input.
  const total = { ...NO_USAGE, inputTokens: firstCount(a, ['llm.token_count.total']) };
  return isNothing(total) ? null : normalised(total, 'within');
}

const NO_USAGE: Usage = {
  inputTokens: null,
  outputTokens: null,
  cacheReadTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
};

type Shared = Pick<
  CallReading,
  'source' | 'success' | 'errorType' | 'errorMessage' | 'conversationId' | 'durationQuality' | 'names' | 'subAgent'
>;

function sharedOf(span: SpanRecord): Shared {
  const a = span.attributes;
  const failed = saysFailed(span);
  return {
    source: 'openinference',
    success: !failed,
    ...(failed ? failureOf(span) : NO_FAILURE),
    conversationId: conversationOf(a),
    subAgent: text(a, 'agent.name'),
    durationQuality: span.scope.name === MILLISECOND_SCOPE ? 'millisecond' : null,
    names: taskNamedBy(a),
  };
}

function readModelCall(span: SpanRecord, isEmbedding: boolean): Reading {
  const a = span.attributes;
  const shared = sharedOf(span);
  const usage = usageOf(a, isEmbedding);
  const cost = number(a, COST);
  // Nothing says that it answered: a stream that its reader left.
  const silent =
    !isEmbedding &&
    (usage?.outputTokens ?? null) === null &&
    ANSWERED.every((key) => a[key] === undefined) &&
    span.endMs !== null;
  return callReading({
    ...shared,
    success: shared.success === true && silent ? null : shared.success,
    kind: 'llm',
    toolName: isEmbedding ? 'embeddings' : 'chat',
    model: firstText(a, MODEL),
    provider: firstText(a, ['llm.provider', 'llm.system']),
    usage,
    costUsd: cost !== null && cost >= 0 ? cost : null,
  });
}

function readAgent(span: SpanRecord, name: string): Reading {
  const shared = sharedOf(span);
  return callReading({
    ...shared,
    kind: 'agent',
    toolName: name,
    usage: readUsage(span.attributes, USAGE, 'by-size'),
    asTask: agentTask(span, 'openinference', name, shared),
  });
}

/** OpenInference, by whichever of its instrumentations. All its spans are INTERNAL; only `openinference.span.kind` tells. */
export const openInference: Dialect = {
  name: 'openinference',
  attributes: [
    KIND,
    'tool.name',
    'llm.provider',
    'llm.system',
    COST,
    ...MODEL,
    ...AGENT_NAME,
    ...CALL_ID,
    ...ANSWERED,
    ...usageAttributes(USAGE),
    ...CONVERSATION_ATTRIBUTES,
    ...TASK_NAMING_ATTRIBUTES,
    ...FAILURE_ATTRIBUTES,
    ...GEN_AI_ATTRIBUTES,
  ],
  events: [],
  read(span) {
    const kind = text(span.attributes, KIND)?.toUpperCase() ?? null;
    if (kind !== null && knowsOperation(span.attributes)) return readGenAi(span, { source: 'openinference', usage: USAGE });
    switch (kind) {
      case null:
        return null;
      case 'LLM':
      case 'EMBEDDING':
        return readModelCall(span, kind === 'EMBEDDING');
      case 'TOOL':
        return callReading({
          ...sharedOf(span),
          kind: 'tool',
          toolName: text(span.attributes, 'tool.name') ?? span.name,
          callId: firstText(span.attributes, CALL_ID),
        });
      case 'AGENT':
        return readAgent(span, firstText(span.attributes, AGENT_NAME) ?? span.name);
      case 'CHAIN':
        // LangGraph's agents are chains: the outermost is the run, those within are its nodes.
        if (isOutermost(span)) return readAgent(span, firstText(span.attributes, AGENT_NAME) ?? span.name);
        break;
    }
    return { what: 'step', source: 'openinference', reason: 'openinference_step', names: taskNamedBy(span.attributes) };
  },
};
