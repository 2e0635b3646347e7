import type { Attributes } from '../model/span-record.ts';
import { firstText, text } from './attributes.ts';

/** Where emitters name the conversation, in the order of their claim. */
export const CONVERSATION_ATTRIBUTES = [
  'gen_ai.conversation.id',
  'session.id',
  'langfuse.session.id',
  'langsmith.metadata.session_id',
  'ai.telemetry.metadata.sessionId',
  'copilot_chat.session_id',
  'mcp.session.id',
  'conversation.id',
] as const;

export const conversationOf = (a: Attributes): string | null => firstText(a, CONVERSATION_ATTRIBUTES);

/** Under which agent-swarm's worker tells the session of the harness that it runs; `pending` until the harness has one. */
const HARNESS_SESSION = 'agentswarm.provider.session_id';

/** The conversation that a span takes part in, or (a worker's) that it runs: whoever runs it is its agent. */
export function conversationAround(a: Attributes): string | null {
  const harness = text(a, HARNESS_SESSION);
  return harness !== null && harness !== 'pending' ? harness : conversationOf(a);
}
