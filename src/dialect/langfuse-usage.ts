import type { Usage } from '../model/reading.ts';
import type { Attributes } from '../model/span-record.ts';
import { count, number } from './attributes.ts';
import { isNothing, normalised } from './usage.ts';

/**
 * `usage_details`: a JSON object of buckets, which users and integrations fill in the form of their provider. Langfuse's
 * own buckets exclude each other (`input`, `input_cached_tokens`, …; its integration of OpenAI subtracts the details), so
 * they are added up. Details below `…_details` are within the count they belong to.
 */
export function langfuseUsage(buckets: Attributes): Usage | null {
  let input: number | null = null;
  let output: number | null = null;
  let cacheRead: number | null = null;
  let cacheWrite: number | null = null;
  let reasoning: number | null = null;
  let within = 0;
  for (const name in buckets) {
    const tokens = count(buckets, name);
    if (tokens === null || /^total/i.test(name)) continue;
    const isDetail = name.includes('details.');
    const isOutput = /^(?:output|completion)/i.test(name);
    if (/reasoning/i.test(name)) reasoning = (reasoning ?? 0) + tokens;
    if (!isOutput && /cach/i.test(name)) {
      if (/creat|write/i.test(name)) cacheWrite = (cacheWrite ?? 0) + tokens;
      else cacheRead = (cacheRead ?? 0) + tokens;
    }
    if (isDetail) continue;
    const isPart = !/^(?:input|prompt|output|completion)(?:_?tokens)?$/i.test(name);
    if (isPart) within += tokens;
    if (isOutput) output = (output ?? 0) + tokens;
    else if (/^(?:input|prompt|cache)/i.test(name)) input = (input ?? 0) + tokens;
  }
  const summed: Usage = {
    inputTokens: input,
    outputTokens: output,
    cacheReadTokens: cacheRead,
    cacheWriteTokens: cacheWrite,
    reasoningTokens: reasoning,
  };
  if (isNothing(summed)) return null;
  const total = number(buckets, 'total');
  // The buckets' own total says when parts were within their wholes after all.
  const partsAreWithin = within > 0 && total !== null && (input ?? 0) + (output ?? 0) === total + within;
  return partsAreWithin ? wholesOnly(buckets, summed) : normalised(summed, 'within');
}

function wholesOnly(buckets: Attributes, summed: Usage): Usage {
  const whole = (names: readonly string[]): number | null => {
    for (const name of names) {
      const tokens = count(buckets, name);
      if (tokens !== null) return tokens;
    }
    return null;
  };
  return {
    ...summed,
    inputTokens: whole(['input', 'input_tokens', 'prompt_tokens', 'promptTokens']),
    outputTokens: whole(['output', 'output_tokens', 'completion_tokens', 'completionTokens']),
  };
}

/** US dollars of `cost_details`: its total, else the sum of its parts. */
export function langfuseCost(costs: Attributes): number | null {
  const total = number(costs, 'total');
  if (total !== null) return total >= 0 ? total : null;
  let sum: number | null = null;
  for (const name in costs) {
    const cost = number(costs, name);
    if (cost !== null && cost >= 0) sum = (sum ?? 0) + cost;
  }
  return sum;
}
