import { agentSwarm } from './agent-swarm.ts';
import { anthropic } from './anthropic.ts';
import { bullmq } from './bullmq.ts';
import { celery } from './celery.ts';
import { claudeCode } from './claude-code.ts';
import { codex } from './codex.ts';
import { copilot } from './copilot.ts';
import { db } from './db.ts';
import type { Dialect } from './dialect.ts';
import { geminiCli } from './gemini-cli.ts';
import { genAi } from './gen-ai.ts';
import { hatchet } from './hatchet.ts';
import { http } from './http.ts';
import { inngest } from './inngest.ts';
import { langfuse } from './langfuse.ts';
import { langSmith } from './langsmith.ts';
import { mastra } from './mastra.ts';
import { mcp } from './mcp.ts';
import { openInference } from './openinference.ts';
import { pydanticAi } from './pydantic-ai.ts';
import { rpc } from './rpc.ts';
import { strands } from './strands.ts';
import { temporal } from './temporal.ts';
import { traceloop } from './traceloop.ts';
import { trigger } from './trigger.ts';
import { vercelAi } from './vercel-ai.ts';

/**
 * Every dialect, in the order in which they are asked; the first that knows the span wins. Markers that a span has
 * started look like the span itself, whoever made it: Trigger.dev's and Logfire's come first. Emitters that are told by
 * name come before the conventions that they keep to. GenAI before HTTP always: some SDKs put both sets of attributes
 * on one span.
 */
export const DIALECTS: readonly Dialect[] = [
  hatchet,
  trigger,
  pydanticAi,
  agentSwarm,
  claudeCode,
  codex,
  geminiCli,
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
  bullmq,
  celery,
  temporal,
  inngest,
  http,
  rpc,
  db,
];
