import { type RawBuilder, sql } from 'kysely';
import type { Db, Statement } from '../store/open.ts';
import { prepareText, textOf } from '../store/sql.ts';

/**
 * The merge law as SQL. Every write is an upsert that says for each column who wins, and that touches the row only
 * where something really changes, so that a repeated batch takes no `change_seq`.
 *
 * - `derived`: recomputed from all that is known each time; what came last wins, but unknown never overwrites known
 * - `first`: what is there stays
 * - `replace`: what came last wins, also NULL
 * - an expression over `oldValue` (the row) and `newValue` (what is written)
 */
export type MergeRule = 'derived' | 'first' | 'replace' | RawBuilder<unknown>;

/** The row as it is, and the row as it is written. */
export const oldValue = (table: string, column: string): RawBuilder<unknown> => sql.ref(`${table}.${column}`);
export const newValue = (column: string): RawBuilder<unknown> => sql.ref(`excluded.${column}`);

function merged(table: string, column: string, rule: MergeRule): RawBuilder<unknown> {
  if (rule === 'derived') return sql`coalesce(${newValue(column)}, ${oldValue(table, column)})`;
  if (rule === 'first') return sql`coalesce(${oldValue(table, column)}, ${newValue(column)})`;
  if (rule === 'replace') return newValue(column);
  return rule;
}

type Rules = Readonly<Record<string, MergeRule>>;

/** Rules are constants, and of each table the same for all files: they are made into SQL once. */
const texts = new WeakMap<Rules, Map<ReadonlySet<string> | null, string>>();

/**
 * One prepared statement for one table. Columns bind in the order of `rules`, after the key and before `change_seq`.
 * `run(...).changes` is 0 where the row was already so.
 * @param without columns that are not bound: what is written of them is NULL.
 */
export function prepareUpsert(
  db: Db,
  table: string,
  key: readonly string[],
  rules: Rules,
  without: ReadonlySet<string> | null = null,
): Statement {
  return prepareText(db, () => {
    let ofRules = texts.get(rules);
    if (ofRules === undefined) texts.set(rules, (ofRules = new Map()));
    let text = ofRules.get(without);
    if (text === undefined) ofRules.set(without, (text = upsertText(table, key, rules, without)));
    return text;
  });
}

function upsertText(table: string, key: readonly string[], rules: Rules, without: ReadonlySet<string> | null): string {
  const columns = Object.keys(rules);
  const all = [...key, ...columns, 'change_seq'].filter((column) => without?.has(column) !== true);
  const changes = columns.map((column) => ({ column, value: merged(table, column, rules[column] as MergeRule) }));
  return textOf(sql`insert into ${sql.table(table)} (${sql.join(all.map((c) => sql.ref(c)))})
    values (${sql.join(all.map(() => sql.raw('?')))})
    on conflict (${sql.join(key.map((c) => sql.ref(c)))}) do update set
      ${sql.join(changes.map((c) => sql`${sql.ref(c.column)} = ${c.value}`))},
      ${sql.ref('change_seq')} = ${newValue('change_seq')}
    where (${sql.join(changes.map((c) => oldValue(table, c.column)))}) is not (${sql.join(changes.map((c) => c.value))})`);
}
