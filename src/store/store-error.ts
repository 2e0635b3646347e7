import { closeSync, openSync } from 'node:fs';

/**
 * Why a file could not be used:
 * - `locked`: another process holds it; the same call may work a moment later.
 * - `too-old`: this build is older than the file allows.
 * - `not-ours`: another program's file, or no database at all.
 * - `corrupt`: SQLite says that the file is damaged.
 * - `disk`: the disk is full, gone or failing, or the folder does not exist.
 * - `no-handles`: this process, or the machine, has as many files open as it may.
 * - `read-only`: the file or its folder refuses writing (or, for readers, reading).
 */
export type StoreErrorCode = 'locked' | 'too-old' | 'not-ours' | 'corrupt' | 'disk' | 'no-handles' | 'read-only';

const NEXT_STEP: Record<StoreErrorCode, string> = {
  locked: 'A moment later it may work; if it stays so, see which process holds it: `fuser` the file.',
  'too-old': 'Upgrade ai-tracker-otel in this process; until then its records wait in the spool.',
  'not-ours':
    'Move it aside, so that a new one begins, or name another file (--db, AI_TRACKER_DB_PATH) or folder (--dir, AI_TRACKER_SHARED_DIR).',
  corrupt: 'Keep the file, move it aside and let a new one begin; `sqlite3 FILE .recover` may save its rows.',
  disk: 'Check that the folder exists and that its disk has room.',
  'no-handles':
    'Too many files are open: raise the limit (`ulimit -n`, LimitNOFILE= of systemd, fs.file-max of the machine) and start again.',
  'read-only': 'Check the owner and mode of the file and of its folder.',
};

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  readonly path: string;
  /** Without what was tried and the next step. */
  readonly reason: string;
  /** @param operation what was tried, in words that fit after "cannot": "open", "write to". */
  constructor(code: StoreErrorCode, operation: string, path: string, reason: string, cause?: unknown) {
    super(`cannot ${operation} ${path}: ${reason}. ${NEXT_STEP[code]}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.path = path;
    this.reason = reason;
  }
}

/** The meaning of a SQLite result code (`SQLITE_BUSY_SNAPSHOT`) or of a file system's (`EACCES`); null where it is a mistake of ours. */
function meaningOf(code: string): StoreErrorCode | null {
  if (/^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(code)) return 'locked';
  if (/^SQLITE_NOTADB/.test(code)) return 'not-ours';
  if (/^SQLITE_CORRUPT/.test(code)) return 'corrupt';
  if (/^SQLITE_(READONLY|PERM|AUTH)/.test(code)) return 'read-only';
  if (/^SQLITE_(FULL|IOERR|CANTOPEN|NOLFS)/.test(code)) return 'disk';
  if (/^(EACCES|EPERM|EROFS)$/.test(code)) return 'read-only';
  if (/^E[MN]FILE$/.test(code)) return 'no-handles';
  if (/^E[A-Z]+$/.test(code)) return 'disk';
  return null;
}

/** SQLite has one code for every file that it could not open. A database, its -wal, its -shm and a folder are four handles. */
function lacksHandles(): boolean {
  const handles: number[] = [];
  try {
    while (handles.length < 4) handles.push(openSync(process.execPath, 'r'));
    return false;
  } catch (error) {
    return /^E[MN]FILE$/.test((error as NodeJS.ErrnoException).code ?? '');
  } finally {
    for (const handle of handles) closeSync(handle);
  }
}

/**
 * The error as a `StoreError`, where it is one of the file or the disk; else itself (a wrong statement, a wrong type:
 * mistakes of ours that must not pass for a full disk).
 */
export function asStoreError(error: unknown, operation: string, path: string): unknown {
  if (error instanceof StoreError) return error;
  const code = (error as { code?: unknown } | null)?.code;
  let meaning = typeof code === 'string' ? meaningOf(code) : null;
  if (code === 'SQLITE_CANTOPEN' && lacksHandles()) meaning = 'no-handles';
  if (meaning === null) return error;
  return new StoreError(meaning, operation, path, `${(error as Error).message} (${code as string})`, error);
}

export const isLocked = (error: unknown): boolean => error instanceof StoreError && error.code === 'locked';
