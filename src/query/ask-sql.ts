import type { Settings } from '../model/settings.ts';
import { listFiles } from '../store/list-files.ts';
import { type Db, type OpenFile, openForReading, openScratch } from '../store/open.ts';
import { asStoreError, StoreError } from '../store/store-error.ts';
import { acrossFiles } from './across-files.ts';

export interface SqlAnswer {
  /** Names as SQLite gives them; two may be the same. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly failures: readonly StoreError[];
}

/** The statement is wrong, or it does more than read. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
}

/**
 * Puts one SELECT to all files as if they were one: where there are several, the tables that it names are gathered in a
 * scratch database first. Attaching them instead ends at ten files, and a file of a read-only folder cannot be attached.
 * Statuses are those in the files.
 * @throws {SqlError}
 * @throws {StoreError} where no file could be read
 */
export function askSql(settings: Pick<Settings, 'dbPath' | 'sharedDir'>, env: NodeJS.ProcessEnv, sql: string): SqlAnswer {
  const listed = listFiles(settings, env);
  const [only] = listed;
  if (only !== undefined && listed.length === 1) {
    const file = openForReading(only.path);
    try {
      return { ...answer(file.db, sql, only.path), failures: [] };
    } finally {
      file.close();
    }
  }
  const scratch = openScratch();
  try {
    const selection = { settings: { ...settings, senderTimeoutMinutes: 0 }, env, agentId: null, nowMs: 0 };
    const { files, failures } = acrossFiles(selection, (file) => gather(scratch, file, sql));
    const [failure] = failures;
    if (files.length === 0 && failure !== undefined) throw failure;
    return { ...answer(scratch, sql, 'the gathered rows'), failures };
  } finally {
    scratch.close();
  }
}

function answer(db: Db, sql: string, path: string): Pick<SqlAnswer, 'columns' | 'rows'> {
  const statement = refusing(() => db.prepare(sql));
  if (!statement.reader || !statement.readonly) throw new SqlError('it is no SELECT; sql only reads');
  try {
    const columns = statement.columns().map(({ name }) => name);
    return { columns, rows: statement.raw().all() as unknown[][] };
  } catch (error) {
    const told = asStoreError(error, 'read', path);
    if (told instanceof StoreError) throw told;
    throw new SqlError((error as Error).message);
  }
}

function refusing<T>(prepare: () => T): T {
  try {
    return prepare();
  } catch (error) {
    throw new SqlError((error as Error).message);
  }
}

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Copies the tables and views of the file that the text mentions; a mention too many costs time only. */
function gather(scratch: Db, file: OpenFile, sql: string): void {
  const text = sql.toLowerCase();
  const names = file.db
    .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
    .pluck()
    .all() as string[];
  scratch.transaction(() => {
    for (const name of names) {
      const isNew = !hasTable(scratch, name);
      const isMentioned = text.includes(name);
      if (!isNew && !isMentioned) continue;
      const columns = file.db.prepare<[string], ColumnInfo>('SELECT name, type FROM pragma_table_info(?)').all(name);
      if (isNew) scratch.exec(`CREATE TABLE ${quote(name)} (${columns.map((c) => `${quote(c.name)} ${c.type}`).join(', ')})`);
      // A file of a newer version may have columns that the first one lacked.
      const known = new Set(scratch.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(name) as string[]);
      for (const { name: column, type } of columns) {
        if (!known.has(column)) scratch.exec(`ALTER TABLE ${quote(name)} ADD COLUMN ${quote(column)} ${type}`);
      }
      if (!isMentioned) continue;
      const list = columns.map((c) => quote(c.name)).join(', ');
      const insert = scratch.prepare(`INSERT INTO ${quote(name)} (${list}) VALUES (${columns.map(() => '?').join(', ')})`);
      for (const row of file.db
        .prepare(`SELECT ${list} FROM ${quote(name)}`)
        .raw()
        .iterate())
        insert.run(...(row as unknown[]));
    }
  })();
}

const hasTable = (db: Db, name: string): boolean =>
  db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined;
