import { agentSwarm } from './agent-swarm.ts';
import { claudeCode } from './claude-code.ts';
import type { Dialect } from './dialect.ts';
import { genAi } from './gen-ai.ts';
import { hatchet } from './hatchet.ts';
import { http } from './http.ts';
import { mcp } from './mcp.ts';

/**
 * Every dialect, in the order in which they are asked; the first that knows the span wins. GenAI before HTTP always:
 * some SDKs put both sets of attributes on one span.
 */
export const DIALECTS: readonly Dialect[] = [hatchet, agentSwarm, claudeCode, genAi, mcp, http];
