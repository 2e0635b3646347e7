import type { Db, Statement } from '../store/open.ts';

/**
 * `change_seq`: one counter per file, read and written inside the transaction that uses it, so its order is the order
 * of commits and it has no holes that a reader could fall into.
 */
export class ChangeCounter {
  readonly #read: Statement;
  readonly #write: Statement;
  readonly #tomb: Statement;
  #seq = 0;
  #changed = false;

  constructor(db: Db) {
    this.#read = db.prepare('select seq from change_counter where id = 1').pluck();
    this.#write = db.prepare('update change_counter set seq = ? where id = 1');
    this.#tomb = db.prepare('insert or replace into tombstones (table_name, row_id, change_seq) values (?, ?, ?)');
  }

  /** First thing in a transaction. */
  begin(): void {
    this.#seq = this.#read.get() as number;
    this.#changed = false;
  }

  /** The number for the next change; it counts as used only after `took`. */
  next(): number {
    return this.#seq + 1;
  }

  took(seq: number): void {
    this.#seq = seq;
    this.#changed = true;
  }

  /** Tells readers that a row went away. */
  bury(table: string, rowId: string): void {
    const seq = this.next();
    this.#tomb.run(table, rowId, seq);
    this.took(seq);
  }

  /** Last thing in a transaction. */
  end(): void {
    if (this.#changed) this.#write.run(this.#seq);
  }
}
