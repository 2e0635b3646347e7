import type { CallKind } from '../model/reading.ts';

/** Ids of tool uses and requests are unique within a session: spans, records and hooks meet by them. */
export const claudeKey = (session: string | null, id: string | null): string | null =>
  session === null || id === null ? null : `${session}:${id}`;

/** Stands for the name of every MCP tool where details are off: any other name tells more. */
export const UNNAMED_MCP_TOOL = 'mcp_tool';

/** `Agent` starts a sub-agent; MCP tools are called `mcp__SERVER__TOOL`, or `mcp_tool` where details are off. */
export function kindOfTool(tool: string | null): CallKind {
  if (tool === 'Agent' || tool === 'Task') return 'agent';
  return tool?.startsWith('mcp__') || tool === UNNAMED_MCP_TOOL ? 'mcp' : 'tool';
}
