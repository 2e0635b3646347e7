import { readMigrations } from '../../src/store/migrate.ts';

export interface TableComment {
  readonly text: string;
  readonly internal: boolean;
  /** A query that shows what it is for; null where none is given. */
  readonly example: string | null;
}

export interface SchemaComments {
  /** The lines at the head of the first file: how to read all tables. */
  readonly head: string;
  /** By table or view. */
  readonly tables: ReadonlyMap<string, TableComment>;
  /** By `table.column`. */
  readonly columns: ReadonlyMap<string, string>;
}

const INTERNAL = 'internal: ';
const EXAMPLE = 'example: ';

/** What `schema/` says of each table and column, from the comments above tables and behind columns. */
export function readSchemaComments(folder: URL): SchemaComments {
  const tables = new Map<string, TableComment>();
  const columns = new Map<string, string>();
  let head = '';
  let above: string[] = [];
  let table = '';
  for (const line of readMigrations(folder).flatMap(({ sql }) => sql.split('\n'))) {
    const comment = /^-- ?(.*)$/.exec(line)?.[1];
    if (comment !== undefined) {
      above.push(comment);
      continue;
    }
    const made = /^CREATE (?:TABLE|VIEW) (\w+)/.exec(line)?.[1];
    if (made !== undefined) {
      table = made;
      const text = above.filter((line) => line !== '' && !line.startsWith(EXAMPLE)).join(' ');
      const example = above.find((line) => line.startsWith(EXAMPLE))?.slice(EXAMPLE.length) ?? null;
      tables.set(made, { text: text.replace(INTERNAL, ''), internal: text.startsWith(INTERNAL), example });
    } else if (line === '' && head === '' && above.length > 0) {
      head = above.join('\n');
    }
    above = [];
    const added = /^ALTER TABLE (\w+) ADD COLUMN (\w+)[^;]*;\s+-- (.+)$/.exec(line);
    if (added !== null) columns.set(`${added[1]}.${added[2]}`, added[3] as string);
    // A table's column begins its line; a view's ends it.
    const column = /^ {2}(?:.*\bAS )?(\w+)\b.*?\s-- (.+)$/.exec(line);
    if (column !== null) columns.set(`${table}.${column[1]}`, column[2] as string);
  }
  return { head, tables, columns };
}
