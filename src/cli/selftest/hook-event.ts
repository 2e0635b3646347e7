import { join } from 'node:path';

/** Asks for the row of an edit by its session. */
export const EDIT_ROW = 'SELECT 1 FROM file_modifications WHERE conversation_id = ? AND lines_added = 2';

/**
 * A Write of Claude Code, of two lines, as its PostToolUse tells it. Nothing is written.
 *
 * @param cwd no work tree of git: its memory of lines would take the event for one of its files
 */
export function hookEvent(sessionId: string, cwd: string): string {
  const file = join(cwd, `${sessionId}.txt`);
  const content = 'one\ntwo\n';
  return JSON.stringify({
    ...{ session_id: sessionId, transcript_path: '/dev/null', cwd, permission_mode: 'default' },
    ...{ hook_event_name: 'PostToolUse', tool_name: 'Write', tool_use_id: `toolu_${sessionId}`, duration_ms: 1 },
    tool_input: { file_path: file, content },
    tool_response: { type: 'create', filePath: file, content, structuredPatch: [], originalFile: null },
  });
}
