import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../model/make-folder.ts';

/**
 * Hook events that did not get into the spool: one byte each in a file of the folder, since appending a byte is atomic and
 * takes no lock, from a shell too. `refused`: the spool was full, or the event too large; `refused_git`: so it was for a hook of git. `unreadable`: stdin was no event.
 * `ignored_…`: it got in, and a drain found nothing in it of which a row could be made.
 * `expired`: a drain gave a record up by its age; the one at the end of a turn has nobody to tell.
 */
export type Refusal =
  | 'refused'
  | 'refused_git'
  | 'unreadable'
  | 'expired'
  | `ignored_${IgnoredHook}`
  | `snapshot_${SnapshotRefusal}`;

/** Why the state of a work tree was not kept: no work tree or no git, switched off after a timeout, past its time, or git failed. */
export type SnapshotRefusal = 'no_git' | 'suspended' | 'timeout' | 'failed';

/** What a hook event lacks: a session, the name of its event or of its call; or its event is none that this version knows. */
export const IGNORED_HOOKS = ['no_session', 'no_event_name', 'no_tool_call', 'unknown_event'] as const;
export type IgnoredHook = (typeof IGNORED_HOOKS)[number];

const REFUSAL_FILES = {
  refused: '.refused',
  refused_git: '.refused_git',
  unreadable: '.unreadable',
  expired: '.expired',
  ignored_no_session: '.ignored_no_session',
  ignored_no_event_name: '.ignored_no_event_name',
  ignored_no_tool_call: '.ignored_no_tool_call',
  ignored_unknown_event: '.ignored_unknown_event',
  snapshot_no_git: '.snapshot_no_git',
  snapshot_suspended: '.snapshot_suspended',
  snapshot_timeout: '.snapshot_timeout',
  snapshot_failed: '.snapshot_failed',
} as const satisfies Record<Refusal, string>;

/** @returns whether it could be counted */
export function countRefusal(folders: readonly string[], refusal: Refusal): boolean {
  for (const folder of folders) {
    try {
      makeFolder(folder);
      const file = openSync(join(folder, REFUSAL_FILES[refusal]), 'a', 0o600);
      try {
        writeSync(file, '.');
      } finally {
        closeSync(file);
      }
      return true;
    } catch {
      // The next folder.
    }
  }
  return false;
}

/** How many were counted in this folder since it was made. */
export const refusals = (folder: string, refusal: Refusal): number =>
  statSync(join(folder, REFUSAL_FILES[refusal]), { throwIfNoEntry: false })?.size ?? 0;
