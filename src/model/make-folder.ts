import { chownSync, mkdirSync, statSync } from 'node:fs';
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
    make(folder);
    return;
  } catch (error) {
    if (isFolder(folder)) return;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const parent = dirname(folder);
  if (parent !== folder && !isFolder(parent)) makeFolder(parent);
  // Once more in any case: another process may have made the parent, or the folder itself, since.
  try {
    make(folder);
  } catch (error) {
    if (!isFolder(folder)) throw error;
  }
}

function make(folder: string): void {
  mkdirSync(folder, { mode: FOLDER_MODE });
  giveToNeighbour(folder, (uid, gid) => chownSync(folder, uid, gid));
}

/**
 * What root makes in the folder of another user (a drain of their spool, `sudo`) has to be theirs, or they could never write
 * it. Best effort: a network's file system may not let root give away.
 * @param give makes it that user's
 */
export function giveToNeighbour(path: string, give: (uid: number, gid: number) => void): void {
  if (process.geteuid?.() !== 0) return;
  try {
    const { uid, gid } = statSync(dirname(path));
    if (uid !== 0) give(uid, gid);
  } catch {
    // It stays root's.
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
