import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { APPLICATION_ID } from './migrate.ts';

/** `unclear`: SQLite must say, since the header does not yet hold what stands in the -wal, or may not be read. */
export type FileKind = 'ours' | 'foreign' | 'empty' | 'unclear';

const MAGIC = 'SQLite format 3\0';
const APPLICATION_ID_OFFSET = 68;
const HEADER_BYTES = 100;

/** Whose file it is, by its first hundred bytes; opens no database. */
export function fileKind(path: string): FileKind {
  const header = Buffer.alloc(HEADER_BYTES);
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    if (!fstatSync(fd).isFile()) return 'foreign';
    const length = readSync(fd, header, 0, HEADER_BYTES, 0);
    if (length === 0) return 'empty';
    if (length < HEADER_BYTES || header.toString('latin1', 0, MAGIC.length) !== MAGIC) return 'foreign';
  } catch {
    return 'unclear';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
  const id = header.readUInt32BE(APPLICATION_ID_OFFSET);
  if (id === APPLICATION_ID) return 'ours';
  return id === 0 && existsSync(`${path}-wal`) ? 'unclear' : 'foreign';
}
