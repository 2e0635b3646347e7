import type { Db, Statement } from '../store/open.ts';
import { prepareQuery, sqlBuilder } from '../store/sql.ts';

export interface StoredPart {
  readonly part: string;
  readonly facts: string;
}

/** The table `call_parts`: what was told of calls that several tellings make up. */
export class CallParts {
  readonly #of: Statement<[string], StoredPart>;
  readonly #one: Statement<[string, string], Pick<StoredPart, 'facts'>>;
  readonly #upsert: Statement;
  readonly #delete: Statement;
  #nowSeconds = 0;

  constructor(db: Db) {
    this.#of = prepareQuery(db, sqlBuilder.selectFrom('call_parts').select(['part', 'facts']).where('call_key', '=', ''));
    this.#one = prepareQuery(
      db,
      sqlBuilder.selectFrom('call_parts').select('facts').where('call_key', '=', '').where('part', '=', ''),
    );
    this.#upsert = prepareQuery(
      db,
      sqlBuilder
        .insertInto('call_parts')
        .values({ call_key: '', part: '', facts: '', seen_at: 0 })
        .onConflict((oc) =>
          oc
            .columns(['call_key', 'part'])
            .doUpdateSet((eb) => ({ facts: eb.ref('excluded.facts'), seen_at: eb.ref('excluded.seen_at') })),
        ),
    );
    this.#delete = prepareQuery(db, sqlBuilder.deleteFrom('call_parts').where('call_key', '=', '').where('part', '=', ''));
  }

  begin(nowSeconds: number): void {
    this.#nowSeconds = nowSeconds;
  }

  of(key: string): StoredPart[] {
    return this.#of.all(key);
  }

  /** @returns whether it says something new. */
  put(key: string, part: string, facts: string): boolean {
    if (this.#one.get(key, part)?.facts === facts) return false;
    this.#upsert.run(key, part, facts, this.#nowSeconds);
    return true;
  }

  drop(key: string, part: string): boolean {
    return this.#delete.run(key, part).changes > 0;
  }
}
