import { existsSync, linkSync, readdirSync, renameSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { StoreError } from '../store/store-error.ts';

/** Which file a name stood for. */
export interface FileId {
  readonly device: number;
  readonly inode: number;
}

export function fileIdOf(path: string): FileId | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? null : { device: found.dev, inode: found.ino };
}

/** Whether the memory's file is at fault, and stays so: its bytes, or tables that are not what they should be. */
export function isDamage(error: unknown): boolean {
  if (error instanceof StoreError) return error.code === 'corrupt' || error.code === 'not-ours';
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code !== 'string') return false;
  return /^SQLITE_(CORRUPT|NOTADB)/.test(code) || (code === 'SQLITE_ERROR' && /^no such (table|column)/.test(String(message)));
}

const MARK = '.damaged-';

/**
 * Puts a damaged file beside itself under another name, with what SQLite keeps beside it, so that a new one begins.
 *
 * @param id of the file that was found to be damaged: of several processes that find it so one is first, and the new file stays
 * @returns where it lies now; null where another process was first
 * @throws the file system's error
 */
export function setAside(path: string, id: FileId | null, nowMs: number = Date.now()): string | null {
  if (id === null || !isSame(fileIdOf(path), id)) return null;
  const aside = freeName(`${path}${MARK}${new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')}`);
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  if (!isSame(fileIdOf(aside), id)) {
    // Between the two looks another process had put its new one there.
    if (!existsSync(path)) linkSync(aside, path);
    return null;
  }
  for (const ending of ['-wal', '-shm', '-journal']) {
    if (existsSync(`${path}${ending}`)) renameSync(`${path}${ending}`, `${aside}${ending}`);
  }
  return aside;
}

/** Those that were set aside, the oldest first. */
export function damagedBeside(path: string): string[] {
  try {
    return readdirSync(dirname(path))
      .filter((name) => name.startsWith(`${basename(path)}${MARK}`) && !/-(wal|shm|journal)$/.test(name))
      .sort()
      .map((name) => join(dirname(path), name));
  } catch {
    return [];
  }
}

const isSame = (one: FileId | null, other: FileId): boolean => one?.device === other.device && one.inode === other.inode;

function freeName(wanted: string): string {
  for (let n = 0; ; n++) {
    const name = n === 0 ? wanted : `${wanted}-${n}`;
    if (!existsSync(name)) return name;
  }
}
