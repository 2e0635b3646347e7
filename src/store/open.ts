import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { absolutePath } from '../model/absolute-path.ts';
import type { HealthFinding } from '../model/health.ts';
import { packageVersion } from '../model/package-version.ts';
import { fileSystemOf } from './file-system.ts';
import { chooseJournal } from './journal.ts';
import { ensureFile, FILE_MODE } from './make-file.ts';
import {
  assertOurs,
  assertReaderFits,
  assertWriterFits,
  type FileIdentity,
  type Migration,
  migrate,
  readIdentity,
  shippedMigrations,
} from './migrate.ts';
import { copyOf, type Snapshot, snapshotOf } from './snapshot.ts';
import { asStoreError, StoreError } from './store-error.ts';
import { switchJournal } from './switch-journal.ts';

export type Db = Database.Database;
export type RunResult = Database.RunResult;
export type Statement<Parameters extends unknown[] = unknown[], Row = unknown> = Pick<
  Database.Statement<Parameters, Row>,
  'get' | 'all' | 'run'
>;

export interface OpenFile extends FileIdentity {
  readonly db: Db;
  readonly path: string;
  /** What SQLite answered, not what was asked for: `wal`, `truncate` or `delete`. Of a file read as a copy: the copy's. */
  readonly journal: string;
  readonly synchronous: string;
  readonly writable: boolean;
  /** What a person should know of this file although it works. */
  readonly findings: readonly HealthFinding[];
  /**
   * Whether another process has brought the file to a newer schema since it was opened: then it has to be opened again,
   * since it may not admit this build any more. Cheap; certain only inside a transaction.
   */
  schemaMoved(): boolean;
  /** Moves all of the write-ahead log into the file. @returns whether all of it is there now. */
  bringLogIn(): boolean;
  /** May be called twice. */
  close(): void;
}

export interface WriteOptions {
  /** Longest wait for a lock, ms. 0 on a thread that others share: then `locked` is thrown and the caller comes back. */
  readonly busyTimeoutMs: number;
  /** `wal`, `truncate` or `delete`; null or absent: by file system. */
  readonly journal?: string | null;
  /** `normal` or `full`; null or absent: normal with WAL, else full. */
  readonly synchronous?: string | null;
  /** Of a file that is made here; 0600 by default. Its -wal and -shm follow. */
  readonly fileMode?: number | null;
  /** Other than this one's, which is written into a file that is made here: files for tests as an older release made them. */
  readonly packageVersion?: string;
  /** Other than the shipped ones: tests of old and new builds on one file. */
  readonly migrations?: readonly Migration[];
}

export interface ReadOptions {
  /** Longest wait for a lock, ms; 2000 by default. */
  readonly busyTimeoutMs?: number;
  /** Other than the shipped ones, as in `WriteOptions`. */
  readonly migrations?: readonly Migration[];
}

/**
 * Pages (of 4 KiB) in the WAL before a commit copies them into the file: SQLite's own default. 4000 and 10,000 saved less
 * than the spread between runs (10.7 to 12.8 µs CPU a row in all three), for 16 and 40 MB more disk per agent.
 */
const WAL_AUTOCHECKPOINT_PAGES = 1000;
/** A WAL that one long reader made grow is cut back to this at the next checkpoint. */
const WAL_SIZE_LIMIT_BYTES = 16 * 1024 * 1024;
const SYNCHRONOUS = ['off', 'normal', 'full', 'extra'];

/**
 * Opens an agent's file for writing, makes it if need be and brings its schema up to date.
 * @throws {StoreError}
 */
export function openForWriting(file: string, options: WriteOptions): OpenFile {
  const path = absolutePath(file);
  let db: Db | undefined;
  try {
    ensureFile(path, options.fileMode ?? FILE_MODE);
    db = new Database(path, { timeout: options.busyTimeoutMs });
    const state = assertOurs(db, path, 'write to');
    const fileSystem = fileSystemOf(dirname(path));
    const choice = chooseJournal(fileSystem.kind, options.journal ?? null, options.synchronous ?? null);
    // So that retention can give pages back. It holds only where set before the first page is written, hence before WAL;
    // on a file with pages it does nothing but wait for the write lock.
    if (state === 'empty') db.pragma('auto_vacuum = incremental');
    const journal = switchJournal(db, choice.journal, fileSystem.kind === 'local', options.busyTimeoutMs);
    db.pragma(`synchronous = ${choice.synchronous}`);
    db.pragma(`wal_autocheckpoint = ${WAL_AUTOCHECKPOINT_PAGES}`);
    db.pragma(`journal_size_limit = ${WAL_SIZE_LIMIT_BYTES}`);
    const migrations = options.migrations ?? shippedMigrations();
    const identity = migrate(db, path, migrations, options.packageVersion ?? packageVersion(), state);
    const findings = choice.problems.map((message): HealthFinding => ({ level: 'amber', code: 'setting', message }));
    if (journal !== choice.journal) {
      findings.push({
        level: 'amber',
        code: 'journal',
        message: `${path}: asked for journal ${choice.journal}, SQLite answered ${journal}`,
      });
    }
    return opened(db, path, journal, identity, true, findings);
  } catch (error) {
    // Before the close, which gives handles back: whether they lack is why a file cannot be opened.
    const told = asStoreError(error, 'write to', path);
    db?.close();
    throw told;
  }
}

/**
 * Opens an agent's file for reading; changes nothing. What a writer has committed and not yet moved from its -wal into
 * the file is seen, but for a file that is read as a copy: that one stays as it was at this moment.
 * @throws {StoreError}
 */
export function openForReading(file: string, options: ReadOptions = {}): OpenFile {
  const path = absolutePath(file);
  try {
    try {
      return openSnapshot(path, snapshotOf(path), options);
    } catch (error) {
      if (!/^SQLITE_(READONLY|CANTOPEN)/.test((error as { code?: string }).code ?? '')) throw error;
      return openSnapshot(path, copyOf(path), options);
    }
  } catch (error) {
    throw asStoreError(error, 'read', path);
  }
}

/**
 * Whether an existing file would take rows of this build; changes nothing. One that is locked or has only just been made may.
 * @throws {StoreError} `not-ours`, `corrupt`, `too-old`
 */
export function assertTakesRows(file: string, migrations: readonly Migration[] = shippedMigrations()): void {
  const path = absolutePath(file);
  let db: Db | undefined;
  try {
    const snapshot = snapshotOf(path);
    try {
      db = openAsRead(snapshot, 0);
      if (assertOurs(db, path, 'write to') === 'ours') assertWriterFits(readIdentity(db), migrations.length, path);
    } finally {
      db?.close();
      if (snapshot.as === 'copy') snapshot.remove();
    }
  } catch (error) {
    const told = asStoreError(error, 'write to', path);
    if (!(told instanceof StoreError) || ['not-ours', 'corrupt', 'too-old'].includes(told.code)) throw told;
  }
}

function openSnapshot(path: string, snapshot: Snapshot, { busyTimeoutMs = 2000, migrations }: ReadOptions): OpenFile {
  let db: Db | undefined;
  try {
    db = openAsRead(snapshot, busyTimeoutMs);
    if (assertOurs(db, path, 'read') === 'empty') throw new StoreError('not-ours', 'read', path, 'it has no tables (yet)');
    const identity = readIdentity(db);
    assertReaderFits(identity, (migrations ?? shippedMigrations()).length, path);
    return opened(db, path, db.pragma('journal_mode', { simple: true }) as string, identity, false, []);
  } catch (error) {
    db?.close();
    throw error;
  } finally {
    // SQLite holds the copy open by now; without a name it is gone with the connection, however the process ends.
    if (snapshot.as === 'copy') snapshot.remove();
  }
}

/** Of whoever's file it is. Of a copy, `remove` may follow the first read. */
export function openAsRead(snapshot: Snapshot, busyTimeoutMs: number): Db {
  switch (snapshot.as) {
    case 'file':
      return new Database(snapshot.path, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
    case 'bytes':
      return new Database(snapshot.bytes, { readonly: true });
    case 'copy': {
      // Ours alone, so a dead writer's journal may be rolled back in it.
      const db = new Database(snapshot.path, { fileMustExist: true });
      db.pragma('query_only = 1');
      return db;
    }
  }
}

function opened(
  db: Db,
  path: string,
  journal: string,
  identity: FileIdentity,
  writable: boolean,
  findings: readonly HealthFinding[],
): OpenFile {
  const synchronous = SYNCHRONOUS[db.pragma('synchronous', { simple: true }) as number] ?? 'unknown';
  const version = db.prepare('PRAGMA user_version').pluck();
  return {
    ...identity,
    db,
    path,
    journal,
    synchronous,
    writable,
    findings,
    schemaMoved: () => version.get() !== identity.schemaVersion,
    bringLogIn: () => bringLogIn(db),
    close: () => void db.close(),
  };
}

function bringLogIn(db: Db): boolean {
  try {
    const [done] = db.pragma('wal_checkpoint(PASSIVE)') as { busy: number; log: number; checkpointed: number }[];
    return done !== undefined && done.busy === 0 && done.log === done.checkpointed;
  } catch {
    return false;
  }
}

/** A database of this connection alone, in memory until it grows, then in a file without a name; gone when it is closed. */
export const openScratch = (): Db => new Database('');

/**
 * Loads the native module, which otherwise happens at the first open.
 * @throws what the loader says where the module is missing or was made for another machine or Node.
 */
export function loadNativeModule(): void {
  new Database(':memory:').close();
}
