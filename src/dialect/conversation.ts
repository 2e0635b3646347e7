import type { Attributes } from '../model/span-record.ts';
import { firstText } from './attributes.ts';

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
