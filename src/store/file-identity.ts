import { statSync } from 'node:fs';

/**
 * Which file lies at a path: device and inode; null where there is none. A file that was removed while it is open goes on
 * taking writes without a word, so a writer compares what it opened with what lies there.
 */
export function fileIdentity(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`;
}
