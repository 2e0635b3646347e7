import type { Usage } from '../model/reading.ts';
import type { Attributes } from '../model/span-record.ts';
import { firstCount } from './attributes.ts';

/** Attribute names of one quantity each; the first that is there counts, since synonyms stand side by side. */
export interface UsageKeys {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly cacheRead: readonly string[];
  readonly cacheWrite: readonly string[];
  readonly reasoning: readonly string[];
}

/** Every generation of the GenAI conventions, and the spellings that emitters of them use. */
export const GEN_AI_USAGE: UsageKeys = {
  input: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'],
  output: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'],
  cacheRead: ['gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_read_input_tokens', 'gen_ai.usage.cached_input_tokens'],
  cacheWrite: [
    'gen_ai.usage.cache_creation.input_tokens',
    'gen_ai.usage.cache_write.input_tokens',
    'gen_ai.usage.cache_creation_input_tokens',
    'gen_ai.usage.cache_write_input_tokens',
  ],
  reasoning: ['gen_ai.usage.reasoning.output_tokens', 'gen_ai.usage.reasoning_tokens'],
};

export const usageAttributes = (keys: UsageKeys): readonly string[] => [
  ...keys.input,
  ...keys.output,
  ...keys.cacheRead,
  ...keys.cacheWrite,
  ...keys.reasoning,
];

/** How an emitter counts what was cached: within its input, beside it, or as the numbers themselves tell. */
export type CacheCounting = 'within' | 'beside' | 'by-size';

/** Brings the input to the one meaning of the column: cached tokens included. */
export function normalised(usage: Usage, counting: CacheCounting): Usage {
  const { inputTokens, cacheReadTokens, cacheWriteTokens } = usage;
  if (inputTokens === null) return usage;
  const cached = (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0);
  // More cached than read in all: this emitter's input leaves the cached tokens out.
  const isBeside = counting === 'beside' || (counting === 'by-size' && cached > inputTokens);
  return isBeside ? { ...usage, inputTokens: inputTokens + cached } : usage;
}

/** null: nothing at all was counted. */
export function readUsage(a: Attributes, keys: UsageKeys, counting: CacheCounting): Usage | null {
  const usage: Usage = {
    inputTokens: firstCount(a, keys.input),
    outputTokens: firstCount(a, keys.output),
    cacheReadTokens: firstCount(a, keys.cacheRead),
    cacheWriteTokens: firstCount(a, keys.cacheWrite),
    reasoningTokens: firstCount(a, keys.reasoning),
  };
  return Object.values(usage).every((value) => value === null) ? null : normalised(usage, counting);
}
