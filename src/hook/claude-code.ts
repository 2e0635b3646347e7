import { bashEdits } from './bash-edits.ts';
import { EVENTS_WITHOUT_ROW } from './claude-events.ts';
import { editEdits, multiEditEdits, notebookEdits, type ToolCall, writeEdits } from './file-edits.ts';
import type { BatchEvent, FileEdit, HookContext, HookEvent, HookPlace, HookReading, ToolEvent } from './hook-event.ts';
import { amountAt, flagAt, isObject, type JsonObject, listAt, nameAt, objectAt, objectsOf, textAt } from './json-read.ts';
import { mcpEdits } from './mcp-edits.ts';

const MAX_NAME = 256;
const MAX_ERROR = 4096;
const MAX_CALLS = 1000;

/**
 * Reads what Claude Code hands a hook. A payload that is no JSON object is ignored as `not_json`: a spool sets such a record
 * aside. `no_row` is an event of which none is made, `unknown_event` one of a version that is newer than this.
 * @param timeMs epoch milliseconds at which the hook ran
 */
export function readClaudeHook(payload: string, context: HookContext, place: HookPlace, timeMs: number): HookReading {
  let json: unknown;
  try {
    json = JSON.parse(payload);
  } catch {
    return ignored('not_json');
  }
  if (!isObject(json)) return ignored('not_json');
  const name = nameAt(json, 'hook_event_name', MAX_NAME);
  if (name !== null && EVENTS_WITHOUT_ROW.has(name)) return ignored('no_row');
  const sessionId = nameAt(json, 'session_id', MAX_NAME);
  if (sessionId === null) return ignored('no_session');
  const cwd = nameAt(json, 'cwd', 4096) ?? place.cwd;
  const base: Base = {
    ...{ source: 'claude-code', timeMs, sessionId, context },
    subAgent: nameAt(json, 'agent_id', MAX_NAME),
    place: { ...place, cwd },
  };
  switch (name) {
    case 'SessionStart':
      return { what: 'event', event: { ...base, what: 'session', phase: 'started' } };
    case 'SessionEnd':
      return { what: 'event', event: { ...base, what: 'session', phase: 'ended' } };
    case 'PostToolBatch':
      return { what: 'event', event: batch(base, json) };
    case 'PreToolUse':
      return tool(base, json, { phase: 'started' });
    case 'PostToolUse':
      return tool(base, json, outcome(base.place, json));
    case 'PostToolUseFailure':
      return tool(base, json, { phase: flagAt(json, 'is_interrupt') ? 'interrupted' : 'failed', error: textAt(json, 'error') });
    case 'PermissionDenied':
      return tool(base, json, { phase: 'denied', error: textAt(json, 'reason') });
    default:
      return ignored(name === null ? 'no_event_name' : 'unknown_event');
  }
}

type Base = Pick<HookEvent, 'source' | 'timeMs' | 'sessionId' | 'subAgent' | 'place' | 'context'>;

const ignored = (reason: string): HookReading => ({ what: 'ignored', reason });

type Outcome = Pick<ToolEvent, 'phase'> & { readonly error?: string | null; readonly edits?: readonly FileEdit[] };

function tool(base: Base, json: JsonObject, { phase, error = null, edits = [] }: Outcome): HookReading {
  const toolUseId = nameAt(json, 'tool_use_id', MAX_NAME);
  const toolName = nameAt(json, 'tool_name', MAX_NAME);
  if (toolUseId === null || toolName === null) return ignored('no_tool_call');
  const event: ToolEvent = {
    ...{ ...base, what: 'tool', phase, toolUseId, toolName },
    durationMs: amountAt(json, 'duration_ms'),
    error: error === null || error === '' ? null : error.slice(0, MAX_ERROR),
    edits,
  };
  return { what: 'event', event };
}

/** Of PostToolUse, which says that a call has come to its end: not always to a good one. */
function outcome(place: HookPlace, json: JsonObject): Outcome {
  const toolName = nameAt(json, 'tool_name', MAX_NAME) ?? '';
  const call: ToolCall = { input: objectAt(json, 'tool_input'), response: objectAt(json, 'tool_response'), cwd: place.cwd };
  if (toolName.startsWith('mcp__')) {
    const folder = place.projectDir ?? place.cwd;
    const answer = answerText(json['tool_response']);
    return { phase: 'succeeded', edits: call.input === null ? [] : mcpEdits({ toolName, input: call.input, answer, folder }) };
  }
  switch (toolName) {
    case 'Write':
      return { phase: 'succeeded', edits: writeEdits(call) };
    case 'Edit':
      return { phase: 'succeeded', edits: editEdits(call) };
    case 'MultiEdit':
      return { phase: 'succeeded', edits: multiEditEdits(call) };
    case 'NotebookEdit': {
      const error = textAt(call.response, 'error') ?? '';
      return error === '' ? { phase: 'succeeded', edits: notebookEdits(call) } : { phase: 'failed', error };
    }
    case 'Bash':
      // What an interrupted command had changed by then is changed.
      return { phase: flagAt(call.response, 'interrupted') ? 'interrupted' : 'succeeded', edits: bashEdits(call) };
    default:
      return { phase: 'succeeded' };
  }
}

const ERROR_MARK = '<tool_use_error>';

function batch(base: Base, json: JsonObject): BatchEvent {
  const calls = objectsOf(listAt(json, 'tool_calls'), MAX_CALLS).flatMap((call) => {
    const toolUseId = nameAt(call, 'tool_use_id', MAX_NAME);
    const toolName = nameAt(call, 'tool_name', MAX_NAME);
    if (toolUseId === null || toolName === null) return [];
    return [{ toolUseId, toolName, isToolUseError: answerText(call['tool_response']).startsWith(ERROR_MARK) }];
  });
  return { ...base, what: 'batch', calls };
}

/** A text, or the texts of content blocks. */
function answerText(response: unknown): string {
  if (typeof response === 'string') return response;
  const blocks = Array.isArray(response) ? response : isObject(response) ? listAt(response, 'content') : null;
  return objectsOf(blocks, MAX_CALLS)
    .map((block) => textAt(block, 'text') ?? '')
    .join('\n');
}
