import type { Compilable } from 'kysely';
import type { OpenFile } from '../store/open.ts';
import { asStoreError } from '../store/store-error.ts';

/**
 * Runs a question that is put once. Its rows are those of the statement; kysely has checked names and types.
 * @throws {StoreError} where the file is locked or damaged.
 */
export function runQuery<Row>({ db, path }: OpenFile, query: Compilable): Row[] {
  const { sql, parameters } = query.compile();
  try {
    return db.prepare<unknown[], Row>(sql).all(...parameters);
  } catch (error) {
    throw asStoreError(error, 'read', path);
  }
}
