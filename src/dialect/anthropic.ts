import type { Dialect } from './dialect.ts';
import { GEN_AI_ATTRIBUTES, readGenAi } from './gen-ai.ts';

/** The SDK's built-in spans, and those that the API itself exports under the caller's trace. Claude Code's scope also begins with `com.anthropic.`. */
const SCOPE = /^com\.anthropic\.(?:sdk\.|claude-platform)/;

/**
 * Anthropic's SDKs, from 1.12 of the TypeScript one on. They keep to the GenAI conventions, with `cache_write` for
 * `cache_creation`, and put HTTP attributes onto the same span: their own request and its resends.
 */
export const anthropic: Dialect = {
  name: 'anthropic',
  attributes: GEN_AI_ATTRIBUTES,
  events: [],
  read: (span) => (SCOPE.test(span.scope.name) ? readGenAi(span, { source: 'anthropic', cache: 'within' }) : null),
};
