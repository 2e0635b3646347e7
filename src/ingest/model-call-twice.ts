import type { CallReading, Usage } from '../model/reading.ts';
import type { SpanNode } from '../model/span-node.ts';
import { callOf } from '../resolve/ancestry.ts';
import { type FamilyTree, hasUsage, insideModelCall } from '../resolve/model-calls.ts';

/** What the outer sight of the same call knows beside the tokens; a cost only where it is not that of several calls. */
export function withModelCallAround(
  tree: FamilyTree,
  node: SpanNode,
  reading: CallReading,
  around: SpanNode | null,
): CallReading {
  const outer = around === null ? null : callOf(around);
  if (around === null || outer === null) return reading;
  const siblings = insideModelCall(tree, around).calls.filter((call) => hasUsage(callOf(call)));
  const isOnly = siblings.length === 1 && siblings[0] === node;
  return {
    ...reading,
    model: reading.model ?? outer.model,
    provider: reading.provider ?? outer.provider,
    conversationId: reading.conversationId ?? outer.conversationId,
    subAgent: reading.subAgent ?? outer.subAgent,
    requestId: reading.requestId ?? (isOnly ? outer.requestId : null),
    costUsd: reading.costUsd ?? (isOnly ? outer.costUsd : null),
    statusCode: reading.statusCode ?? (isOnly ? outer.statusCode : null),
    retryCount: reading.retryCount ?? (isOnly ? outer.retryCount : null),
    usage: isOnly ? completed(reading.usage, outer.usage) : reading.usage,
  };
}

/** Parts of a count that the outer sight alone knows; only where both count the same input. */
function completed(inner: Usage | null, outer: Usage | null): Usage | null {
  if (inner === null || outer === null || inner.inputTokens !== outer.inputTokens) return inner;
  return {
    inputTokens: inner.inputTokens,
    outputTokens: inner.outputTokens ?? outer.outputTokens,
    cacheReadTokens: inner.cacheReadTokens ?? outer.cacheReadTokens,
    cacheWriteTokens: inner.cacheWriteTokens ?? outer.cacheWriteTokens,
    reasoningTokens: inner.reasoningTokens ?? outer.reasoningTokens,
  };
}
