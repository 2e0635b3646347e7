import { sql } from 'kysely';
import type { Db, Statement } from '../store/open.ts';
import { prepareQuery, sqlBuilder } from '../store/sql.ts';

/**
 * `change_seq`: one counter per file, read and written inside the transaction that uses it, so its order is the order
 * of commits and it has no holes that a reader could fall into.
 */
export class ChangeCounter {
  readonly #read: Statement<[], { seq: number }>;
  readonly #write: Statement;
  readonly #tomb: Statement;
  #seq = 0;
  #changed = false;

  constructor(db: Db) {
    this.#read = prepareQuery(db, sqlBuilder.selectFrom('change_counter').select('seq').where('id', '=', sql.lit(1)));
    this.#write = prepareQuery(db, sqlBuilder.updateTable('change_counter').set({ seq: 0 }).where('id', '=', sql.lit(1)));
    this.#tomb = prepareQuery(
      db,
      sqlBuilder
        .insertInto('tombstones')
        .values({ table_name: '', row_id: '', change_seq: 0 })
        .onConflict((oc) =>
          oc.columns(['table_name', 'row_id']).doUpdateSet((eb) => ({ change_seq: eb.ref('excluded.change_seq') })),
        ),
    );
  }

  /** First thing in a transaction. */
  begin(): void {
    this.#seq = this.#read.get()?.seq ?? 0;
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
