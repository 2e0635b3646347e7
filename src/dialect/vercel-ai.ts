import { callReading, type Reading } from '../model/reading.ts';
import type { Attributes, SpanRecord } from '../model/span-record.ts';
import { firstText, text } from './attributes.ts';
import { CONVERSATION_ATTRIBUTES, conversationOf } from './conversation.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, NO_FAILURE, saysFailed } from './failure.ts';
import { agentTask, GEN_AI_ATTRIBUTES, readGenAi } from './gen-ai.ts';
import { TASK_NAMING_ATTRIBUTES, taskNamedBy } from './task-named.ts';
import { readUsage, type UsageKeys, usageAttributes } from './usage.ts';

const OPERATION = 'ai.operationId';
const FUNCTION = 'ai.telemetry.functionId';
const MODEL_CALL = /\.(?:doGenerate|doStream|doEmbed)$/;
const AGENT = /^ai\.(?:generateText|streamText|generateObject|streamObject)$/;
const MODEL = ['ai.response.model', 'gen_ai.response.model', 'ai.model.id', 'gen_ai.request.model'] as const;
const FINISH = ['ai.response.finishReason', 'gen_ai.response.finish_reasons'] as const;

const USAGE: UsageKeys = {
  input: ['ai.usage.inputTokens', 'ai.usage.promptTokens', 'gen_ai.usage.input_tokens', 'ai.usage.tokens'],
  output: ['ai.usage.outputTokens', 'ai.usage.completionTokens', 'gen_ai.usage.output_tokens'],
  cacheRead: ['ai.usage.inputTokenDetails.cacheReadTokens', 'ai.usage.cachedInputTokens', 'gen_ai.usage.cache_read.input_tokens'],
  cacheWrite: ['ai.usage.inputTokenDetails.cacheWriteTokens', 'gen_ai.usage.cache_creation.input_tokens'],
  reasoning: ['ai.usage.outputTokenDetails.reasoningTokens', 'ai.usage.reasoningTokens'],
};

/** Of the outer span: only the names of its sum. Under `promptTokens` stand the last step's (150 of 250 in the capture of 4.3.19). */
const SUM: UsageKeys = { ...USAGE, input: ['ai.usage.inputTokens'], output: ['ai.usage.outputTokens'] };

function readOwn(span: SpanRecord, operation: string): Reading {
  const a = span.attributes;
  const names = taskNamedBy(a);
  const failed = saysFailed(span);
  const shared = {
    source: 'vercel-ai',
    success: !failed,
    ...(failed ? failureOf(span) : NO_FAILURE),
    conversationId: conversationOf(a),
    subAgent: text(a, FUNCTION),
    names,
  } as const;
  if (operation === 'ai.toolCall') {
    return callReading({ ...shared, kind: 'tool', toolName: text(a, 'ai.toolCall.name'), callId: text(a, 'ai.toolCall.id') });
  }
  const model = firstText(a, MODEL);
  const provider = firstText(a, ['ai.model.provider', 'gen_ai.system']);
  if (MODEL_CALL.test(operation)) {
    const usage = readUsage(a, USAGE, 'by-size');
    const abandoned = operation.endsWith('.doStream') && isUnfinished(a) && (usage?.outputTokens ?? null) === null;
    return callReading({
      ...shared,
      success: abandoned && !failed ? null : !failed,
      kind: 'llm',
      toolName: operation.endsWith('.doEmbed') ? 'embeddings' : 'chat',
      model,
      provider,
      requestId: firstText(a, ['ai.response.id', 'gen_ai.response.id']),
      usage,
    });
  }
  if (AGENT.test(operation)) {
    const name = text(a, FUNCTION) ?? operation;
    return callReading({
      ...shared,
      kind: 'agent',
      toolName: name,
      model,
      provider,
      usage: readUsage(a, SUM, 'by-size'),
      asTask: agentTask(span, 'vercel-ai', name, shared),
    });
  }
  // `ai.embed` around `ai.embed.doEmbed` repeats its tokens, and no agent runs in it.
  return { what: 'step', source: 'vercel-ai', reason: 'ai_step', names };
}

const isUnfinished = (a: Attributes): boolean => FINISH.every((key) => a[key] === undefined);

/**
 * Vercel's `ai`: 4 to 6, and 7 with `LegacyOpenTelemetry`, by `ai.operationId`; 7 with `OpenTelemetry`, which keeps to
 * the GenAI conventions under the scope `gen_ai`.
 */
export const vercelAi: Dialect = {
  name: 'vercel-ai',
  attributes: [
    OPERATION,
    FUNCTION,
    'ai.toolCall.name',
    'ai.toolCall.id',
    'ai.model.provider',
    'ai.response.id',
    'gen_ai.system',
    ...MODEL,
    ...FINISH,
    ...usageAttributes(USAGE),
    ...CONVERSATION_ATTRIBUTES,
    ...TASK_NAMING_ATTRIBUTES,
    ...FAILURE_ATTRIBUTES,
    ...GEN_AI_ATTRIBUTES,
  ],
  events: [],
  read(span) {
    const operation = text(span.attributes, OPERATION);
    if (operation !== null) return readOwn(span, operation);
    return span.scope.name === 'gen_ai' ? readGenAi(span, { source: 'vercel-ai' }) : null;
  },
};
