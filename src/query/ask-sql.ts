import { listFiles } from '../store/list-files.ts';
import { shippedMigrations } from '../store/migrate.ts';
import { type Db, type OpenFile, openForReading, openScratch } from '../store/open.ts';
import { asStoreError, StoreError } from '../store/store-error.ts';
import { acrossFiles, type Selection } from './across-files.ts';

export interface SqlAnswer {
  /** Names as SQLite gives them; two may be the same. */
  readonly columns: readonly string[];
  /** Integers that a number cannot hold are bigints. */
  readonly rows: readonly (readonly unknown[])[];
  /** Files that could be read. Where there are none but failures, there is no answer: no columns, no rows. */
  readonly files: readonly string[];
  readonly failures: readonly StoreError[];
}

/** The statement is wrong, or it does more than read. The message is SQLite's. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  /** What there is to ask, in the order of their names. */
  readonly tables: readonly string[];
  constructor(message: string, tables: readonly string[] = []) {
    super(message);
    this.tables = tables;
  }
}

/**
 * Puts one SELECT to all files as if they were one: unless one file is the whole answer, the tables that it names are
 * gathered in a scratch database first, whose tables are there also where no file is. Attaching the files instead ends at
 * ten, and a file of a read-only folder cannot be attached. Statuses are those in the files.
 * @throws {SqlError}
 */
export function askSql(selection: Selection, sql: string): SqlAnswer {
  const { settings, env, agentId } = selection;
  const listed = listFiles(settings, env);
  const [only] = listed;
  if (only !== undefined && listed.length === 1 && agentId === null) {
    let file: OpenFile | undefined;
    try {
      file = openForReading(only.path);
      return { ...answer(file.db, sql, only.path), files: [only.path], failures: [] };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return { columns: [], rows: [], files: [], failures: [error] };
    } finally {
      file?.close();
    }
  }
  const scratch = openScratch();
  try {
    makeTables(scratch);
    const { files, failures } = acrossFiles(selection, (file) => gather(scratch, file.db, sql, agentId));
    if (files.length === 0 && failures.length > 0) return { columns: [], rows: [], files, failures };
    return { ...answer(scratch, sql, 'the gathered rows'), files, failures };
  } finally {
    scratch.close();
  }
}

function answer(db: Db, sql: string, path: string): Pick<SqlAnswer, 'columns' | 'rows'> {
  try {
    const statement = db.prepare(sql);
    if (!statement.reader || !statement.readonly) throw new SqlError('it is no SELECT; sql only reads');
    const columns = statement.columns().map(({ name }) => name);
    const rows = statement.safeIntegers().raw().all() as unknown[][];
    return { columns, rows: rows.map((row) => row.map(asNumber)) };
  } catch (error) {
    if (error instanceof SqlError) throw error;
    const told = asStoreError(error, 'read', path);
    if (told instanceof StoreError) throw told;
    throw new SqlError((error as Error).message, tablesOf(db));
  }
}

/** Exact where a number is; what it would round stays a bigint. */
function asNumber(value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const tablesOf = (db: Db): string[] =>
  db
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )
    .pluck()
    .all() as string[];

const columnsOf = (db: Db, table: string): ColumnInfo[] =>
  db.prepare<[string], ColumnInfo>('SELECT name, type FROM pragma_table_info(?)').all(table);

/** Every table and view of this build's schema, empty. */
function makeTables(scratch: Db): void {
  const schema = openScratch();
  try {
    for (const { sql } of shippedMigrations()) schema.exec(sql);
    for (const name of tablesOf(schema)) makeTable(scratch, name, columnsOf(schema, name));
  } finally {
    schema.close();
  }
}

/** Without keys: files of two agents may have rows of one id, and both count. */
function makeTable(scratch: Db, name: string, columns: readonly ColumnInfo[]): void {
  scratch.exec(`CREATE TABLE ${quote(name)} (${columns.map((c) => `${quote(c.name)} ${c.type}`).join(', ')})`);
}

/** Copies the rows of tables and views that the text mentions; a mention too many costs time only. */
function gather(scratch: Db, db: Db, sql: string, agentId: string | null): void {
  const text = sql.toLowerCase();
  const known = new Set(tablesOf(scratch));
  scratch.transaction(() => {
    for (const name of tablesOf(db)) {
      const isMentioned = text.includes(name);
      if (known.has(name) && !isMentioned) continue;
      const columns = columnsOf(db, name);
      // A file of a newer version may have tables and columns that ours lack.
      if (!known.has(name)) makeTable(scratch, name, columns);
      const names = new Set(columnsOf(scratch, name).map((column) => column.name));
      for (const { name: column, type } of columns) {
        if (!names.has(column)) scratch.exec(`ALTER TABLE ${quote(name)} ADD COLUMN ${quote(column)} ${type}`);
      }
      if (isMentioned) copyRows(scratch, db, name, columns, agentId);
    }
  })();
}

/** Whose a row is, where the row does not say. */
const OWNED_BY: Readonly<Record<string, string>> = {
  task_labels: 'task_execution_id IN (SELECT id FROM task_executions WHERE agent_id = ?)',
  edits: 'id IN (SELECT id FROM file_modifications WHERE agent_id = ?)',
  commit_files: 'commit_id IN (SELECT id FROM commits WHERE agent_id = ?)',
  commit_lines: 'commit_id IN (SELECT id FROM commits WHERE agent_id = ?)',
  line_anchors: 'commit_id IN (SELECT id FROM commits WHERE agent_id = ?)',
};

/** Of one agent, or all; of tables whose rows are nobody's always all. */
function copyRows(scratch: Db, db: Db, name: string, columns: readonly ColumnInfo[], agentId: string | null): void {
  const owned = columns.some((column) => column.name === 'agent_id') ? 'agent_id = ?' : OWNED_BY[name];
  const isNarrowed = agentId !== null && owned !== undefined;
  const list = columns.map((column) => quote(column.name)).join(', ');
  const insert = scratch.prepare(`INSERT INTO ${quote(name)} (${list}) VALUES (${columns.map(() => '?').join(', ')})`);
  const rows = db
    .prepare(`SELECT ${list} FROM ${quote(name)}${isNarrowed ? ` WHERE ${owned}` : ''}`)
    .safeIntegers()
    .raw()
    .iterate(...(isNarrowed ? [agentId] : []));
  for (const row of rows) insert.run(...(row as unknown[]));
}
