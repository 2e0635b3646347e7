import { firstText, text } from '../dialect/attributes.ts';
import type { SpanRecord } from '../model/span-record.ts';

/** Resources whose `service.name` is a tool that agents use, not an agent. */
const TOOLS_OF_AGENTS: ReadonlySet<string> = new Set([
  'claude-code',
  'codex',
  'codex-cli',
  'gemini-cli',
  'copilot-chat',
  'github-copilot',
  'github-copilot-cli',
  'claude-platform',
]);

const AGENT_RESOURCE = ['agent.id', 'gen_ai.main_agent.id', 'gen_ai.agent.id'] as const;

/** The agent that the span itself or its resource names; null: others may know. */
export function statedAgent(span: SpanRecord, agentAttributes: readonly string[] | null): string | null {
  const own = span.attributes;
  const resource = span.resource.attributes;
  if (agentAttributes !== null) return firstText(own, agentAttributes) ?? firstText(resource, agentAttributes);
  const stated = text(own, 'agent.id') ?? firstText(resource, AGENT_RESOURCE);
  if (stated !== null) return stated;
  // agent-swarm's workers and leads run with their agent's stable id as instance; its API's is random at every start.
  const role = text(resource, 'agentswarm.service.role');
  return role === 'worker' || role === 'lead' ? text(resource, 'service.instance.id') : null;
}

/** Codex names its service after the front end: codex_cli_rs, codex_exec, codex_vscode, codex_mcp_server. */
const isToolOfAgents = (service: string): boolean => TOOLS_OF_AGENTS.has(service) || service.startsWith('codex_');

/** The service as a last resort: not where nobody named it, nor where it is a tool that some agent uses. */
export function agentByService(span: SpanRecord): string | null {
  const service = text(span.resource.attributes, 'service.name');
  return service === null || service.startsWith('unknown_service') || isToolOfAgents(service.toLowerCase()) ? null : service;
}

/** Whose rows these are, and by which rule their file is found. */
export type Agent =
  | { readonly kind: 'named'; readonly id: string }
  /** A process that has no agent id and whose spans name none. */
  | { readonly kind: 'none'; readonly id: 'default' }
  /** Nobody claimed the rows in time. */
  | { readonly kind: 'unassigned'; readonly id: 'unassigned' };

export const NO_AGENT: Agent = { kind: 'none', id: 'default' };
export const UNASSIGNED: Agent = { kind: 'unassigned', id: 'unassigned' };

/** An agent may be called `default`: its file is another than that of a process without an agent. */
export const agentKey = (agent: Agent): string => (agent.kind === 'named' ? `=${agent.id}` : agent.kind);

export const agentNamed = (id: string | null): Agent => (id === null ? NO_AGENT : { kind: 'named', id });
