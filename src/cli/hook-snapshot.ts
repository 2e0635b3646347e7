import type { HookFindings } from '../spool/hook-file.ts';
import { countRefusal } from '../spool/refusals.ts';

/** What decides whether an event is the beginning or the end of a call around which the work tree's state is kept. */
export interface HookedCall {
  readonly event: string;
  readonly toolName: string;
}

const AROUND: ReadonlySet<string> = new Set(['PreToolUse', 'PostToolUse', 'PostToolUseFailure']);
/** An older Claude Code tells of a notebook only its new cell. */
const BASH: ReadonlySet<string> = new Set(['Bash', 'NotebookEdit']);

/** @param setting of `AI_TRACKER_SNAPSHOTS` */
export const wantsSnapshot = ({ event, toolName }: HookedCall, setting: string): boolean =>
  AROUND.has(event) && setting !== 'off' && (BASH.has(toolName) || (setting === 'all' && toolName.startsWith('mcp__')));

/**
 * Keeps the state of the work tree for a call. Where it cannot, that is counted in the spool's folder.
 *
 * @param top of the work tree; null: there is none
 */
export async function hookSnapshot(
  top: string | null,
  folders: readonly string[],
): Promise<Pick<HookFindings, 'snapshot' | 'snapshot_error'>> {
  if (top === null) {
    countRefusal(folders, 'snapshot_no_git');
    return { snapshot_error: 'no_git' };
  }
  const { takeSnapshot } = await import('../git/take-snapshot.ts');
  const outcome = takeSnapshot({ top, name: crypto.randomUUID() });
  switch (outcome.status) {
    case 'taken':
      return { snapshot: outcome.index };
    case 'missed':
      countRefusal(folders, `snapshot_${outcome.miss}`);
      return { snapshot_error: outcome.miss };
  }
}
