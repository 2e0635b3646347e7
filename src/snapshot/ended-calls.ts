import { type GitFolders } from '../git/git-folders.ts';
import type { SnapshotStore } from '../git/snapshot-store.ts';
import type { BatchEvent, SessionEvent, ToolEvent } from '../hook/hook-event.ts';
import { type Mark, markKey, markNames, readMark, writeMark } from './call-marks.ts';
import { OPEN_MS } from './surroundings.ts';

/** A tool's hook runs a little after the tool wrote. */
const HOOK_LAG_MS = 100;
/** Tools whose beginning and end hooks tell, and that change files. */
const EDITING = /^(Edit|Write|MultiEdit|NotebookEdit)$/;
const COMMAND = /^(Bash|NotebookEdit)$/;

/** Notes a call of which no state was kept: so that a command that ran meanwhile is not given the same lines, nor waits for it. */
export function markStateless(call: string, event: ToolEvent, { top }: GitFolders, { marks }: SnapshotStore): void {
  const { timeMs, durationMs, edits, phase, toolName } = event;
  if (phase === 'started') {
    if (EDITING.test(toolName)) writeMark(marks, { what: 'begun', call, timeMs });
    return;
  }
  const sinceMs = timeMs - (durationMs ?? 0) - HOOK_LAG_MS;
  for (const { path, linesAdded, linesRemoved } of edits) {
    const below = path.startsWith(`${top}/`) ? path.slice(top.length + 1) : null;
    if (below !== null) writeMark(marks, { what: 'edited', call, timeMs, sinceMs, path: below, linesAdded, linesRemoved });
  }
  if (EDITING.test(toolName) || COMMAND.test(toolName))
    writeMark(marks, { what: 'closed', call, timeMs, ran: phase !== 'denied' });
}

/** Of a turn's calls that have no end of their own, none ran; what a session leaves running is over with it. */
export function markEnded(event: BatchEvent | SessionEvent, { marks }: SnapshotStore): void {
  const { sessionId, timeMs } = event;
  const names = markNames(marks);
  const ended = new Set(names.flatMap(({ what, key }) => (what === 'after' || what === 'closed' ? [key] : [])));
  const close = (call: string, ran: boolean): void => writeMark(marks, { what: 'closed', call, timeMs, ran } satisfies Mark);
  if (event.what === 'batch') {
    for (const { toolName, toolUseId } of event.calls) {
      const call = callName(sessionId, toolUseId);
      if ((EDITING.test(toolName) || COMMAND.test(toolName)) && !ended.has(markKey(call))) close(call, false);
    }
  } else if (event.phase === 'ended') {
    for (const name of names) {
      const isOpen = (name.what === 'before' || name.what === 'begun') && !ended.has(name.key);
      if (!isOpen || name.timeMs > timeMs || timeMs - name.timeMs > OPEN_MS) continue;
      const call = readMark(marks, name)?.call;
      if (call?.startsWith(`${sessionId}:`) === true) close(call, true);
    }
  }
}

export const callName = (sessionId: string, toolUseId: string): string => `${sessionId}:${toolUseId}`;
