import { statSync } from 'node:fs';

/** Bytes of a database on disk: the file and what waits in its journals; 0 where there is none. The -shm holds no data. */
export function fileSize(path: string): number {
  let bytes = 0;
  for (const part of ['', '-wal', '-journal']) bytes += statSync(path + part, { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}
