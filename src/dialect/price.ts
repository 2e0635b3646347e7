import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Usage } from '../model/reading.ts';

/** The few parts of `@pydantic/genai-prices` that are used. It never fetches unless told to, and we don't tell it. */
interface PriceList {
  calcPrice(
    usage: { input_tokens?: number; cache_read_tokens?: number; cache_write_tokens?: number; output_tokens?: number },
    model: string,
    options?: { providerId?: string; timestamp?: Date },
  ): { total_price: number } | null;
}

export interface Estimate {
  readonly usd: number;
  /** `genai-prices VERSION`: which list of prices. */
  readonly version: string;
}

/** Names that instrumentations give providers, where the price list has another. */
const PROVIDER_ALIASES: Readonly<Record<string, string>> = {
  x_ai: 'x-ai',
  xai: 'x-ai',
  'gcp.gen_ai': 'google',
  'gcp.gemini': 'google',
  'gcp.vertex_ai': 'google',
  'azure.ai.inference': 'azure',
  'azure.ai.openai': 'azure',
  'openai.chat': 'openai',
  'openai.responses': 'openai',
  'openai.embeddings': 'openai',
  'anthropic.messages': 'anthropic',
  'google.generative-ai': 'google',
  mistral_ai: 'mistral',
};

const require = createRequire(import.meta.url);
let list: { readonly prices: PriceList; readonly version: string } | null | undefined;

/** Loaded at the first model call: 2 MB of tables that most commands never need. */
function priceList(): { readonly prices: PriceList; readonly version: string } | null {
  if (list === undefined) {
    try {
      const prices = require('@pydantic/genai-prices') as PriceList;
      // It does not export its package.json.
      const about = join(dirname(require.resolve('@pydantic/genai-prices')), '..', 'package.json');
      const { version } = JSON.parse(readFileSync(about, 'utf8')) as { version: string };
      list = { prices, version: `genai-prices ${version}` };
    } catch {
      list = null;
    }
  }
  return list;
}

/** Claude Code says the context window behind the model's name: `claude-sonnet-4-5[1m]`. */
const plainModel = (model: string): string => model.replace(/\[[^\]]*\]$/, '');

/**
 * What the tokens cost by the price list, in US dollars. null where the model or the tokens are not known: an unknown
 * model never costs 0. Models that are known under several providers take the provider into account.
 */
export function estimateCost(usage: Usage | null, model: string | null, provider: string | null, atMs: number): Estimate | null {
  if (usage === null || model === null || usage.inputTokens === null) return null;
  // Embeddings write nothing; of any other call an unknown output has no price.
  const outputTokens = usage.outputTokens ?? (/embed/i.test(model) ? 0 : null);
  if (outputTokens === null) return null;
  const loaded = priceList();
  if (loaded === null) return null;
  const tokens = {
    input_tokens: usage.inputTokens,
    output_tokens: outputTokens,
    ...(usage.cacheReadTokens === null ? {} : { cache_read_tokens: usage.cacheReadTokens }),
    ...(usage.cacheWriteTokens === null ? {} : { cache_write_tokens: usage.cacheWriteTokens }),
  };
  const providerId = provider === null ? undefined : (PROVIDER_ALIASES[provider] ?? provider);
  for (const options of providerId === undefined ? [{}] : [{ providerId }, {}]) {
    try {
      const price = loaded.prices.calcPrice(tokens, plainModel(model), { ...options, timestamp: new Date(atMs) });
      if (price !== null) return { usd: price.total_price, version: loaded.version };
    } catch {
      // It throws where the cached tokens exceed the input: then the tokens are not what they say, and no price is right.
      return null;
    }
  }
  return null;
}
