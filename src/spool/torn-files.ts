import { readdirSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isHookFile } from './record-name.ts';

/** A writer that still lives is done within seconds, on the slowest disk too. */
const TORN_AFTER_MS = 3_600_000;

/** Names of ours and no others: AI_TRACKER_SPOOL_DIR may be a folder that others use. */
const TEMPORARY = /^\.(.+\.hook|\d{14}-[0-9a-f]{8}-.+\.json)\.tmp$/;

/** Deletes temporary files whose writers were killed: half a record each, which nobody was told is kept. @returns how many */
export function removeTornFiles(folder: string, nowMs: number): number {
  let removed = 0;
  try {
    for (const name of readdirSync(folder)) {
      if (!TEMPORARY.test(name)) continue;
      const path = join(folder, name);
      const found = statSync(path, { throwIfNoEntry: false });
      if (found === undefined || nowMs - found.mtimeMs < TORN_AFTER_MS) continue;
      unlinkSync(path);
      removed += 1;
    }
  } catch {
    // No such folder, not ours, or another drainer was first.
  }
  return removed;
}

/** Shell hooks give a record its name by a link, and leave the temporary one: of two processes they start only one. */
export function removeTemporary(folder: string, name: string): void {
  if (!isHookFile(name)) return;
  try {
    rmSync(join(folder, `.${name}.tmp`), { force: true });
  } catch {
    // Deleted with the torn ones.
  }
}
