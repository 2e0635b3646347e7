import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { APPLICATION_ID } from '../../src/store/migrate.ts';
import { type Db, openForWriting } from '../../src/store/open.ts';
import { readSchemaComments, type TableComment } from './schema-comments.ts';

const SCHEMA = new URL('../../schema/agent/', import.meta.url);

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notnull: 0 | 1;
  readonly pk: number;
}

/** The columns of a table or view as SQLite reports them. */
export const columnsOf = (db: Db, table: string): Column[] => db.pragma(`table_xinfo(${table})`) as Column[];

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function tableDoc(db: Db, name: string, { text, example }: TableComment, comments: ReadonlyMap<string, string>): string {
  const rows = columnsOf(db, name).map(({ name: column, type, notnull, pk }) => {
    const comment = comments.get(`${name}.${column}`);
    if (comment === undefined) throw new Error(`schema/agent says nothing of ${name}.${column}: put a comment behind it`);
    const kind = [type === '' ? '' : type.toLowerCase(), pk > 0 ? 'key' : notnull === 1 ? 'not null' : ''];
    return `| \`${column}\` | ${kind.filter(Boolean).join(', ')} | ${cell(comment)} |`;
  });
  const indexes = db
    .prepare("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL ORDER BY name")
    .pluck()
    .all(name) as string[];
  const on = indexes.map((sql) => `\`${sql.slice(sql.indexOf('(')).replace(/^\(([^)]*)\)/, '$1')}\``);
  return [
    `### \`${name}\``,
    '',
    cell(text),
    '',
    '| column | type | meaning |',
    '| --- | --- | --- |',
    ...rows,
    ...(on.length === 0 ? [] : ['', `Indexed by ${on.join(', ')}.`]),
    ...(example === null ? [] : ['', '```sql', example, '```']),
    '',
  ].join('\n');
}

/** docs/schema.md: the comments of `schema/` beside what SQLite says of a file made from it. */
export function schemaDoc(): string {
  const { head, tables, columns } = readSchemaComments(SCHEMA);
  const folder = mkdtempSync(join(tmpdir(), 'ai-tracker-schema-'));
  const file = openForWriting(join(folder, 'schema.db'), { busyTimeoutMs: 1000 });
  try {
    const names = file.db
      .prepare("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY rowid")
      .pluck()
      .all() as string[];
    const docs = names.map((name) => {
      const said = tables.get(name);
      if (said === undefined || said.text === '') throw new Error(`schema/agent says nothing of ${name}: put a comment above it`);
      return { internal: said.internal, text: tableDoc(file.db, name, said, columns) };
    });
    const reading = head.split('\n').map(cell).join('\n');
    return [
      '# The rows',
      '',
      '<!-- Generated from schema/agent/*.sql by `npm run docs`. -->',
      '',
      `Every agent's file is an ordinary SQLite database: \`PRAGMA application_id\` is ${APPLICATION_ID} ("aitr"), \`PRAGMA user_version\` is the`,
      `schema version, ${file.schemaVersion} today. A column never changes its meaning and is never removed.`,
      '',
      reading,
      '',
      '## Tables and views',
      '',
      ...docs.filter(({ internal }) => !internal).map(({ text }) => text),
      '## Outside the contract',
      '',
      'These serve the recorder itself and may change with any version; do not build on them.',
      '',
      ...docs.filter(({ internal }) => internal).map(({ text }) => text),
    ]
      .join('\n')
      .trimEnd()
      .concat('\n');
  } finally {
    file.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
