import { type CallReading, type CallTold, callReading, type Reading } from '../model/reading.ts';
import type { Attributes, SpanRecord } from '../model/span-record.ts';
import { text } from './attributes.ts';
import { claudeKey, kindOfTool } from './claude-call.ts';
import { taskNamedAs } from './task-named.ts';

const SOURCE = 'claude-code';

/** Scope of hook events told as spans (`ingest/hook-span.ts`). No door takes one from outside: none reads events of these names. */
export const HOOK_SCOPE = 'ai-tracker.hook';
export const HOOK_SPAN = {
  tool: 'ai_tracker.hook.tool',
  listed: 'ai_tracker.hook.listed',
  session: 'ai_tracker.hook.session',
} as const;
export const HOOK_ATTRIBUTE = {
  phase: 'ai_tracker.hook.phase',
  task: 'ai_tracker.task.id',
  /** What the call changed, JSON (`ingest/hook-edits.ts`); read where rows of it are made. */
  edits: 'ai_tracker.hook.edits',
} as const;

/** The hook is handed what the execution's own span tells later: the rest of the harness's telemetry knows less. */
export const HOOK_RESULT_AUTHORITY = 8;
const NO_RESULT_AUTHORITY = 1;

/** What a hook event says of its call. */
function saidBy(
  phase: string | null,
  a: Attributes,
): Pick<CallReading, 'success' | 'errorType' | 'errorMessage' | 'authority' | 'told'> | null {
  const said = { success: null, errorType: null, errorMessage: text(a, 'error'), authority: NO_RESULT_AUTHORITY, told: null };
  switch (phase) {
    case 'started':
    case 'listed':
    case 'rejected':
      return { ...said, errorMessage: null, told: phase satisfies CallTold };
    case 'succeeded':
      return { ...said, success: true, errorMessage: null, authority: HOOK_RESULT_AUTHORITY };
    case 'failed':
      return { ...said, success: false, authority: HOOK_RESULT_AUTHORITY };
    case 'interrupted':
      return { ...said, errorType: 'interrupted', authority: HOOK_RESULT_AUTHORITY };
    case 'denied':
      return { ...said, errorType: 'denied' };
    default:
      return null;
  }
}

/** Hook events of Claude Code. */
export function readHook(span: SpanRecord): Reading | null {
  const a = span.attributes;
  const session = text(a, 'session.id');
  if (session === null) return null;
  const task = text(a, HOOK_ATTRIBUTE.task);
  const names = task === null ? null : taskNamedAs(task);
  const phase = text(a, HOOK_ATTRIBUTE.phase);
  if (span.name === HOOK_SPAN.session) {
    return { what: 'step', source: SOURCE, reason: 'session', names, ...(phase === 'ended' ? { ends: session } : {}) };
  }
  const callId = text(a, 'tool_use_id');
  const toolName = text(a, 'tool_name');
  const said = saidBy(phase, a);
  if (callId === null || said === null) return null;
  return callReading({
    ...{ source: SOURCE, kind: kindOfTool(toolName), toolName, callId, ...said },
    conversationId: session,
    subAgent: text(a, 'agent_id'),
    names,
    key: claudeKey(session, callId),
  });
}
