import { anthropic } from './anthropic.ts';
import { copilot } from './copilot.ts';
import type { Dialect } from './dialect.ts';
import { genAi } from './gen-ai.ts';
import { hatchet } from './hatchet.ts';
import { http } from './http.ts';
import { langfuse } from './langfuse.ts';
import { langSmith } from './langsmith.ts';
import { mastra } from './mastra.ts';
import { mcp } from './mcp.ts';
import { openInference } from './openinference.ts';
import { pydanticAi } from './pydantic-ai.ts';
import { strands } from './strands.ts';
import { traceloop } from './traceloop.ts';
import { vercelAi } from './vercel-ai.ts';

/**
 * Every dialect, in the order in which they are asked; the first that knows the span wins. Emitters that are told by
 * name come before the conventions that they keep to. GenAI before HTTP always: some SDKs put both sets of attributes
 * on one span.
 */
export const DIALECTS: readonly Dialect[] = [
  hatchet,
  pydanticAi,
  anthropic,
  mastra,
  strands,
  copilot,
  vercelAi,
  openInference,
  langfuse,
  langSmith,
  traceloop,
  genAi,
  mcp,
  http,
];
