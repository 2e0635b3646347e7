import { type RawBuilder, sql } from 'kysely';

/** The values as a set to be compared with `in`: one parameter, however many they are (SQLite takes 32,766 of them). */
export const listParameter = <T extends string | number | null>(values: Iterable<string>): RawBuilder<T> =>
  sql<T>`(SELECT value FROM json_each(${JSON.stringify([...values])}))`;
