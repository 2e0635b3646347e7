import { closeSync, constants, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { APPLICATION_ID } from './migrate.ts';

/**
 * - `foreign`: another program's database, or no file at all (a folder, a pipe).
 * - `damaged`: begins like no SQLite database.
 * - `emptied`: had content and has none.
 * - `empty`: never had any: a writer has only just made it.
 * - `unclear`: SQLite must say, since the header does not yet hold what stands in the -wal, or may not be read.
 */
export type FileKind = 'ours' | 'foreign' | 'damaged' | 'emptied' | 'empty' | 'unclear';

const MAGIC = 'SQLite format 3\0';
const APPLICATION_ID_OFFSET = 68;
const HEADER_BYTES = 100;

/** Whose file it is, by its first hundred bytes; opens no database. */
export function fileKind(path: string): FileKind {
  const header = Buffer.alloc(HEADER_BYTES);
  let fd: number | undefined;
  try {
    // Without O_NONBLOCK opening a pipe waits for somebody to write to it.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile()) return 'foreign';
    const length = readSync(fd, header, 0, HEADER_BYTES, 0);
    // Both times are of one instant until somebody writes or truncates.
    if (length === 0) return stat.mtimeNs === stat.birthtimeNs ? 'empty' : 'emptied';
    if (length < HEADER_BYTES || header.toString('latin1', 0, MAGIC.length) !== MAGIC) return 'damaged';
  } catch {
    return 'unclear';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
  const id = header.readUInt32BE(APPLICATION_ID_OFFSET);
  if (id === APPLICATION_ID) return 'ours';
  return id === 0 && existsSync(`${path}-wal`) ? 'unclear' : 'foreign';
}
