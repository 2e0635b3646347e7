import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Of folders that we make. One that exists keeps its mode, group and setgid. */
const FOLDER_MODE = 0o700;

/**
 * Makes the folder where it is missing, and what is missing above it; a new one below a setgid folder inherits group and
 * setgid from the kernel.
 *
 * Not `mkdirSync(…, { recursive: true })`: where the kernel answers ENOENT although the parent is there (below /proc, or
 * a relative path in a working directory that was removed), that one never returns and takes a whole core (Node 24.21).
 * @throws the file system's error
 */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: FOLDER_MODE });
    return;
  } catch (error) {
    if (isFolder(folder)) return;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const parent = dirname(folder);
  if (parent !== folder && !isFolder(parent)) makeFolder(parent);
  // Once more in any case: another process may have made the parent, or the folder itself, since.
  try {
    mkdirSync(folder, { mode: FOLDER_MODE });
  } catch (error) {
    if (!isFolder(folder)) throw error;
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
