import { accessSync, closeSync, constants, fchmodSync, fchownSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { giveToNeighbour, makeFolder } from '../model/make-folder.ts';

export const FILE_MODE = 0o600;

/**
 * Makes an empty file of that mode, whatever the umask, where there is none: SQLite would make it 0644, and gives its
 * -wal and -shm the mode of the file.
 * @throws the file system's error, also where an existing file refuses writing: SQLite would open it read-only and say so
 * only at the first commit.
 */
export function ensureFile(path: string, mode: number): void {
  makeFolder(dirname(path));
  try {
    const fd = openSync(path, 'wx', mode);
    try {
      fchmodSync(fd, mode);
      // SQLite gives its -wal and -shm the owner of the file too.
      giveToNeighbour(path, (uid, gid) => fchownSync(fd, uid, gid));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    accessSync(path, constants.W_OK);
  }
}

/**
 * Whether `ensureFile` would succeed as far as modes tell, without making anything.
 * @throws the file system's error that stands in the way
 */
export function wouldMakeFile(path: string): void {
  for (let at = path; ; at = dirname(at)) {
    try {
      accessSync(at, constants.W_OK);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(at) === at) throw error;
    }
  }
}
