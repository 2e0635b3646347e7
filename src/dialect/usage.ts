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
  /** What the emitter sums up itself: it tells how cached tokens are counted. */
  readonly total?: readonly string[];
}

/** Every generation of the GenAI conventions, and the spellings that emitters of them use. */
export const GEN_AI_USAGE: UsageKeys = {
  input: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'],
  output: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'],
  cacheRead: [
    'gen_ai.usage.cache_read.input_tokens',
    'gen_ai.usage.cache_read_input_tokens',
    'gen_ai.usage.cached_input_tokens',
    'gen_ai.usage.details.cache_read_tokens',
  ],
  cacheWrite: [
    'gen_ai.usage.cache_creation.input_tokens',
    'gen_ai.usage.cache_write.input_tokens',
    'gen_ai.usage.cache_creation_input_tokens',
    'gen_ai.usage.cache_write_input_tokens',
    'gen_ai.usage.details.cache_write_tokens',
  ],
  reasoning: [
    'gen_ai.usage.reasoning.output_tokens',
    'gen_ai.usage.reasoning_tokens',
    'gen_ai.usage.reasoning_output_tokens',
    'gen_ai.usage.details.reasoning_tokens',
  ],
  total: ['gen_ai.usage.total_tokens', 'llm.usage.total_tokens'],
};

export const usageAttributes = (keys: UsageKeys): readonly string[] => [
  ...keys.input,
  ...keys.output,
  ...keys.cacheRead,
  ...keys.cacheWrite,
  ...keys.reasoning,
  ...(keys.total ?? []),
];

/** An emitter's own names first, the conventions' behind them: many write both. */
export const orGenAi = (own: UsageKeys): UsageKeys => ({
  input: [...own.input, ...GEN_AI_USAGE.input],
  output: [...own.output, ...GEN_AI_USAGE.output],
  cacheRead: [...own.cacheRead, ...GEN_AI_USAGE.cacheRead],
  cacheWrite: [...own.cacheWrite, ...GEN_AI_USAGE.cacheWrite],
  reasoning: [...own.reasoning, ...GEN_AI_USAGE.reasoning],
  total: [...(own.total ?? []), ...(GEN_AI_USAGE.total ?? [])],
});

/** How an emitter counts what was cached: within its input, beside it, or as the numbers themselves tell. */
export type CacheCounting = 'within' | 'beside' | 'by-size';

/**
 * Brings the input to the one meaning of the column: cached tokens included.
 * @param total what the emitter sums up itself, null where it does not.
 */
export function normalised(usage: Usage, counting: CacheCounting, total: number | null = null): Usage {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = usage;
  if (inputTokens === null) return usage;
  const cached = (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0);
  // More cached than read in all, or a total that only adds up with the cached ones: this emitter's input leaves them out.
  const saysBeside = cached > inputTokens || (cached > 0 && total === inputTokens + (outputTokens ?? 0) + cached);
  const isBeside = counting === 'beside' || (counting === 'by-size' && saysBeside);
  return isBeside ? { ...usage, inputTokens: inputTokens + cached } : usage;
}

export const isNothing = (usage: Usage): boolean => Object.values(usage).every((value) => value === null);

/** null: nothing at all was counted. */
export function readUsage(a: Attributes, keys: UsageKeys, counting: CacheCounting): Usage | null {
  const usage: Usage = {
    inputTokens: firstCount(a, keys.input),
    outputTokens: firstCount(a, keys.output),
    cacheReadTokens: firstCount(a, keys.cacheRead),
    cacheWriteTokens: firstCount(a, keys.cacheWrite),
    reasoningTokens: firstCount(a, keys.reasoning),
  };
  return isNothing(usage) ? null : normalised(usage, counting, keys.total === undefined ? null : firstCount(a, keys.total));
}
