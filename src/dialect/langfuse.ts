import { type CallReading, callReading, type Reading } from '../model/reading.ts';
import type { SpanRecord } from '../model/span-record.ts';
import { firstText, text } from './attributes.ts';
import { CONVERSATION_ATTRIBUTES, conversationOf } from './conversation.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, NO_FAILURE, saysFailed } from './failure.ts';
import { agentTask, GEN_AI_ATTRIBUTES, knowsOperation, readGenAi } from './gen-ai.ts';
import { jsonAttribute } from './json-attribute.ts';
import { langfuseCost, langfuseUsage } from './langfuse-usage.ts';
import { isOutermost } from './local-root.ts';
import { TASK_NAMING_ATTRIBUTES, taskNamedBy } from './task-named.ts';
import { GEN_AI_USAGE, readUsage } from './usage.ts';

const TYPE = 'langfuse.observation.type';
const LEVEL = 'langfuse.observation.level';
const MESSAGE = 'langfuse.observation.status_message';
const USAGE = 'langfuse.observation.usage_details';
const COST = 'langfuse.observation.cost_details';
const MODEL = ['langfuse.observation.model.name', 'gen_ai.response.model', 'gen_ai.request.model'] as const;

const isError = (span: SpanRecord): boolean => text(span.attributes, LEVEL) === 'ERROR';

function shared(
  span: SpanRecord,
): Pick<CallReading, 'source' | 'success' | 'errorType' | 'errorMessage' | 'conversationId' | 'subAgent' | 'names'> {
  const a = span.attributes;
  const failed = saysFailed(span) || isError(span);
  const failure = failed ? failureOf(span) : NO_FAILURE;
  return {
    source: 'langfuse',
    success: !failed,
    errorType: failure.errorType,
    errorMessage: failure.errorMessage ?? (failed ? text(a, MESSAGE) : null),
    conversationId: conversationOf(a),
    subAgent: text(a, 'gen_ai.agent.name'),
    names: taskNamedBy(a),
  };
}

function readModelCall(span: SpanRecord, toolName: string): Reading {
  const a = span.attributes;
  const buckets = jsonAttribute(a, USAGE);
  const costs = jsonAttribute(a, COST);
  return callReading({
    ...shared(span),
    kind: 'llm',
    toolName,
    model: firstText(a, MODEL),
    provider: firstText(a, ['gen_ai.provider.name', 'gen_ai.system']),
    usage: (buckets === null ? null : langfuseUsage(buckets)) ?? readUsage(a, GEN_AI_USAGE, 'by-size'),
    costUsd: costs === null ? null : langfuseCost(costs),
  });
}

function readAgent(span: SpanRecord): Reading {
  const told = shared(span);
  return callReading({ ...told, kind: 'agent', toolName: span.name, asTask: agentTask(span, 'langfuse', span.name, told) });
}

/** Langfuse's SDKs from the one that builds on OpenTelemetry on. Failure is a level of its own, beside a status that says nothing. */
export const langfuse: Dialect = {
  name: 'langfuse',
  attributes: [
    TYPE,
    LEVEL,
    MESSAGE,
    USAGE,
    COST,
    ...MODEL,
    ...CONVERSATION_ATTRIBUTES,
    ...TASK_NAMING_ATTRIBUTES,
    ...FAILURE_ATTRIBUTES,
    ...GEN_AI_ATTRIBUTES,
  ],
  events: [],
  read(span) {
    const type = text(span.attributes, TYPE)?.toLowerCase() ?? null;
    if (type === null) return null;
    // Langfuse's processor also passes on spans of others, with their own vocabulary.
    if (knowsOperation(span.attributes)) return readGenAi(span, { source: 'langfuse', failed: isError });
    switch (type) {
      case 'generation':
        return readModelCall(span, 'chat');
      case 'embedding':
        return readModelCall(span, 'embeddings');
      case 'tool':
        return callReading({
          ...shared(span),
          kind: 'tool',
          toolName: span.name,
          callId: text(span.attributes, 'gen_ai.tool.call.id'),
        });
      case 'agent':
        return readAgent(span);
      case 'chain':
        if (isOutermost(span)) return readAgent(span);
        break;
    }
    return { what: 'step', source: 'langfuse', reason: 'langfuse_step', names: taskNamedBy(span.attributes) };
  },
};
