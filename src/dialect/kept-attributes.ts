import { DIALECTS } from './registry.ts';

/**
 * Which attributes and events get past a door: those that some dialect reads, those that name agent and session, and
 * those that the user asks for as labels. Everything else (prompts, payloads, arguments) stays outside.
 */

/** Read from spans and resources to find the agent and the session, whatever the dialect. */
export const IDENTITY_ATTRIBUTES = [
  'agent.id',
  'gen_ai.main_agent.id',
  'gen_ai.agent.id',
  'service.name',
  'service.version',
  'service.instance.id',
  'service.namespace',
  'host.name',
  'process.pid',
  'ai_tracker.session.id',
  'agentswarm.service.role',
] as const;

const ATTRIBUTES: ReadonlySet<string> = new Set([...IDENTITY_ATTRIBUTES, ...DIALECTS.flatMap((d) => d.attributes)]);
const EVENTS: ReadonlySet<string> = new Set(['exception', ...DIALECTS.flatMap((d) => d.events)]);

export const keepsAttribute = (key: string): boolean => ATTRIBUTES.has(key);
export const keepsEvent = (name: string): boolean => EVENTS.has(name);

/** `keepsAttribute` widened by attributes that the user names (labels, agent attributes). */
export function attributeFilter(more: readonly string[]): (key: string) => boolean {
  if (more.length === 0) return keepsAttribute;
  const all = new Set([...ATTRIBUTES, ...more]);
  return (key) => all.has(key);
}
