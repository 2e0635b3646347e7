import Database from 'better-sqlite3';
import { openForWriting } from '../../src/store/open.ts';

/** Tables whose rows come with spans. */
const TABLES = ['agent_sessions', 'task_executions', 'tool_calls', 'span_memory', 'task_signals', 'tombstones'];

/** The rows of one table in the order in which they came, a transaction's share at a time. */
class Rows {
  readonly columns: readonly string[];
  readonly table: string;
  readonly #select: Database.Statement<unknown[], unknown[]>;
  readonly #count: number;

  constructor(db: Database.Database, table: string) {
    this.table = table;
    this.#select = db.prepare<unknown[], unknown[]>(`select * from ${table} limit ? offset ?`).raw();
    this.columns = this.#select.columns().map((column) => column.name);
    this.#count = db.prepare(`select count(*) from ${table}`).pluck().get() as number;
  }

  share(part: number, parts: number): unknown[][] {
    const from = Math.floor((this.#count * part) / parts);
    return this.#select.all(Math.floor((this.#count * (part + 1)) / parts) - from, from);
  }
}

/**
 * The floor: the rows that a recorder left behind, inserted by prepared statements into the same tables and indexes of a
 * new file, in as many transactions; it knows nothing of spans.
 */
export class BareInserts {
  /** Spans behind the rows. */
  readonly spans: number;
  readonly #rows: readonly Rows[];
  readonly #inserts: readonly Database.Statement[];
  readonly #begin: Database.Statement;
  readonly #commit: Database.Statement;
  readonly #count: Database.Statement;
  readonly #close: () => void;
  #shares: unknown[][][] = [];

  constructor(source: string, dbPath: string, synchronous: string | null = null) {
    const recorded = new Database(source, { readonly: true });
    this.#rows = TABLES.map((table) => new Rows(recorded, table));
    this.spans = recorded.prepare('select count(*) from span_memory').pluck().get() as number;
    const file = openForWriting(dbPath, { busyTimeoutMs: 0, synchronous });
    const { db } = file;
    this.#inserts = this.#rows.map(({ table, columns }) =>
      db.prepare(`insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`),
    );
    this.#begin = db.prepare('begin immediate');
    this.#commit = db.prepare('commit');
    this.#count = db.prepare('update change_counter set seq = ? where id = 1');
    this.#close = () => {
      file.close();
      recorded.close();
    };
  }

  /** Reads the rows of the next transaction: not part of what is measured. */
  load(part: number, parts: number): void {
    this.#shares = this.#rows.map((of) => of.share(part, parts));
  }

  /** One transaction with what was loaded. */
  insert(part: number): void {
    this.#begin.run();
    for (let i = 0; i < this.#shares.length; i++) for (const row of this.#shares[i] ?? []) this.#inserts[i]?.run(row);
    this.#count.run(part);
    this.#commit.run();
  }

  close(): void {
    this.#close();
  }
}
