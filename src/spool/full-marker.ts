import { closeSync, existsSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

/** In a spool that holds as much as it may: a shell hook sees it without counting bytes, and refuses its record. */
const FULL_MARKER = '.full';

export const isMarkedFull = (folder: string): boolean => existsSync(join(folder, FULL_MARKER));

/** Sets or takes away the marker. Best effort: who writes records from Node counts the bytes. */
export function markFull(folder: string, isFull: boolean): void {
  const path = join(folder, FULL_MARKER);
  try {
    if (isFull) closeSync(openSync(path, 'a', 0o600));
    else if (existsSync(path)) unlinkSync(path);
  } catch {
    // The folder is gone, or another did the same.
  }
}
