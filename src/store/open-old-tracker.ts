import { existsSync, statSync } from 'node:fs';
import { absolutePath } from '../model/absolute-path.ts';
import { APPLICATION_ID } from './migrate.ts';
import { type Db, openAsRead } from './open.ts';
import { copyOf, isWal, type Snapshot, snapshotOf } from './snapshot.ts';
import { asStoreError } from './store-error.ts';

/** A file of cc-ai-tracker, as it was at one moment. */
export interface OldTracker {
  readonly path: string;
  /**
   * All rows of a table as they are, in the order of their row numbers; none where the file lacks the table. What a
   * damaged page holds is not there, and `broken` says so.
   */
  rows(table: string): Iterable<OldRow>;
  /** Why a table could not be read to its end. */
  readonly broken: readonly string[];
  close(): void;
}

/** SQLite keeps any type in any column, and older versions of the file have fewer of them. */
export type OldRow = Readonly<Record<string, unknown>> & { readonly rowid: number };

/** Why a file is none that can be taken over. */
export class OldTrackerError extends Error {
  override readonly name = 'OldTrackerError';
}

/** Longest wait for cc-ai-tracker’s own writers. */
const READ_WAIT_MS = 2000;
const TABLES = ['edits', 'commits', 'commit_files'];

/**
 * Opens a cc-ai-tracker file without leaving a trace beside it: SQLite makes -wal and -shm even for who only reads, so a file with a
 * journal is read as a copy.
 * @throws {OldTrackerError}
 */
export function openOldTracker(file: string): OldTracker {
  const path = absolutePath(file);
  assertFile(path);
  let snapshot: Snapshot | undefined;
  let db: Db | undefined;
  try {
    snapshot = untouched(path);
    db = openAsRead(snapshot, READ_WAIT_MS);
    assertOldTracker(db, path);
    return opened(db, path);
  } catch (error) {
    db?.close();
    if (error instanceof OldTrackerError) throw error;
    throw inWords(error, path);
  } finally {
    if (snapshot?.as === 'copy') snapshot.remove();
  }
}

function assertFile(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new OldTrackerError(`cannot import ${path}: there is no such file; check the path`);
  if (stat.isDirectory()) throw new OldTrackerError(`cannot import ${path}: it is a folder; name the file in it (tracker.db)`);
  if (!stat.isFile()) throw new OldTrackerError(`cannot import ${path}: it is no file; name one of cc-ai-tracker (tracker.db)`);
  if (stat.size === 0) throw new OldTrackerError(`cannot import ${path}: it is empty; nothing was ever recorded in it`);
}

function untouched(path: string): Snapshot {
  const hasJournal = (): boolean => existsSync(`${path}-wal`) || existsSync(`${path}-journal`);
  if (hasJournal()) return copyOf(path);
  const snapshot = snapshotOf(path);
  // As a file: either its journal is none that a reader leaves anything of, or it is large, or somebody writes now.
  return snapshot.as === 'file' && isWal(path) ? copyOf(path) : snapshot;
}

function assertOldTracker(db: Db, path: string): void {
  const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
  if (db.pragma('application_id', { simple: true }) === APPLICATION_ID)
    throw new OldTrackerError(
      `cannot import ${path}: it is a file of this version already; reading commands find it by --db, or put it beside the others`,
    );
  if (names.includes('edits') || names.includes('commits')) return;
  const what = names.length === 0 ? 'it has no tables' : `its tables are ${names.slice(0, 5).join(', ')}`;
  throw new OldTrackerError(
    `cannot import ${path}: it is no file of cc-ai-tracker (${what}, not ${TABLES.join(', ')}); name another one`,
  );
}

function opened(db: Db, path: string): OldTracker {
  const broken: string[] = [];
  return {
    path,
    broken,
    *rows(table) {
      if (db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table) === undefined) return;
      try {
        const all = db.prepare(`SELECT rowid AS rowid, * FROM "${table}" ORDER BY rowid`);
        for (const row of all.iterate()) yield row as OldRow;
      } catch (error) {
        if (!/^SQLITE_(CORRUPT|IOERR|NOTADB)/.test(String((error as { code?: unknown }).code))) throw error;
        broken.push(`${path} is damaged within ${table} (${(error as Error).message}); \`sqlite3 FILE .recover\` may save more`);
      }
    },
    close: () => void db.close(),
  };
}

function inWords(error: unknown, path: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'SQLITE_NOTADB')
    return new OldTrackerError(`cannot import ${path}: it is no SQLite database; name a file of cc-ai-tracker (tracker.db)`);
  if (code === 'EACCES' || code === 'EPERM')
    return new OldTrackerError(`cannot import ${path}: ${message}; check its owner and mode`);
  const told = asStoreError(error, 'import', path);
  return told === error ? error : new OldTrackerError((told as Error).message);
}
