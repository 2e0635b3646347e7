import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { StoreError } from './store-error.ts';

/** Marks our files in SQLite's header (offset 68): "aitr". `file` and `PRAGMA application_id` show it. */
export const APPLICATION_ID = 0x61697472;

export interface Migration {
  /** 1, 2, 3, … without holes; `PRAGMA user_version` after it was applied. */
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

const FOLDER = new URL('../../schema/agent/', import.meta.url);

/** The numbered files of a folder, in order. */
export function readMigrations(folder: URL): readonly Migration[] {
  const names = readdirSync(folder)
    .filter((name) => /^\d{4}_\w+\.sql$/.test(name))
    .sort();
  return names.map((name, index) => {
    const version = Number(name.slice(0, 4));
    if (version !== index + 1) throw new Error(`schema file ${name} is out of order: want number ${index + 1}`);
    return { version, name, sql: readFileSync(new URL(name, folder), 'utf8') };
  });
}

let shipped: readonly Migration[] | undefined;
export const shippedMigrations = (): readonly Migration[] => (shipped ??= readMigrations(FOLDER));

export interface FileIdentity {
  readonly sourceUuid: string;
  /** `PRAGMA user_version`; above ours where a newer build has been here. */
  readonly schemaVersion: number;
  readonly minReader: number;
  readonly minWriter: number;
}

const pragma = (db: Database, name: string): number => db.pragma(name, { simple: true }) as number;

/**
 * Whether the file is ours, or empty and free to become ours. Reads only.
 * @throws {StoreError} `not-ours`
 */
export function assertOurs(db: Database, path: string, operation: string): 'ours' | 'empty' {
  // In this order: another process may give birth to the file between the two reads, and then the later one must see it.
  const tables = db.prepare('SELECT name FROM sqlite_master ORDER BY name').pluck().all() as string[];
  const id = pragma(db, 'application_id');
  if (id === APPLICATION_ID) return 'ours';
  if (id === 0 && tables.length === 0) return 'empty';
  const what =
    tables.includes('edits') && tables.includes('commits') ? 'it is a cc-ai-tracker file' : 'it belongs to another program';
  throw new StoreError('not-ours', operation, path, `${what} (application_id ${id}, ${tables.length} tables)`);
}

export function readIdentity(db: Database): FileIdentity {
  const rows = db.prepare('SELECT key, value FROM file_info').raw().all() as [string, string][];
  const info = new Map(rows);
  return {
    sourceUuid: info.get('source_uuid') ?? '',
    schemaVersion: pragma(db, 'user_version'),
    minReader: Number(info.get('min_reader') ?? 1),
    minWriter: Number(info.get('min_writer') ?? 1),
  };
}

/**
 * Brings the file to the newest of `migrations`, in one transaction that takes the write lock first: of many processes
 * on a fresh file one applies them, the others wait for as long as the connection's busy timeout and then find it done.
 * A file of a newer build is left as it is, where it admits this one.
 * @param state what `assertOurs` just said, where it was asked already.
 * @throws {StoreError} `too-old` where the file names a newer oldest writer; `not-ours`.
 */
export function migrate(
  db: Database,
  path: string,
  migrations: readonly Migration[],
  packageVersion: string,
  state: 'ours' | 'empty' = assertOurs(db, path, 'write to'),
): FileIdentity {
  const newest = migrations.length;
  let fresh = state === 'empty';
  if (fresh || pragma(db, 'user_version') < newest) {
    db.exec('BEGIN IMMEDIATE');
    try {
      // Asked again under the lock: another process may have been here since.
      fresh = assertOurs(db, path, 'write to') === 'empty';
      const from = pragma(db, 'user_version');
      for (const { version, sql } of migrations) if (version > from) db.exec(sql);
      if (fresh) {
        db.pragma(`application_id = ${APPLICATION_ID}`);
        const put = db.prepare('INSERT INTO file_info (key, value) VALUES (?, ?)');
        put.run('source_uuid', randomUUID());
        put.run('created_by', packageVersion);
        put.run('created_at', new Date().toISOString());
      }
      if (from < newest) db.pragma(`user_version = ${newest}`);
      db.exec('COMMIT');
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
    // Out of the -wal, so that the header shows whose file it is to those who read only that (file-kind.ts).
    if (fresh) db.pragma('wal_checkpoint(PASSIVE)');
  }
  const identity = readIdentity(db);
  assertWriterFits(identity, newest, path);
  return identity;
}

/** @throws {StoreError} `too-old` */
export function assertWriterFits(identity: FileIdentity, ourVersion: number, path: string): void {
  if (identity.minWriter <= ourVersion) return;
  throw new StoreError(
    'too-old',
    'write to',
    path,
    `its schema is version ${identity.schemaVersion} and takes writers of version ${identity.minWriter} or newer; this build knows version ${ourVersion}`,
  );
}

/** @throws {StoreError} `too-old` */
export function assertReaderFits(identity: FileIdentity, ourVersion: number, path: string): void {
  if (identity.minReader <= ourVersion) return;
  throw new StoreError(
    'too-old',
    'read',
    path,
    `its schema is version ${identity.schemaVersion} and takes readers of version ${identity.minReader} or newer; this build knows version ${ourVersion}`,
  );
}
