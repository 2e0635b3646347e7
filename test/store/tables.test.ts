import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openForReading, openForWriting } from '../../src/store/open.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

/** Table to `column: type` as src/store/tables.ts declares them; types are gone at run time, so the source is read. */
function declared(): Map<string, Map<string, string>> {
  const source = readFileSync(new URL('../../src/store/tables.ts', import.meta.url), 'utf8');
  const interfaces = new Map<string, Map<string, string>>();
  for (const [, name = '', body = ''] of source.matchAll(/export interface (\w+) \{\n([^}]*)\}/g)) {
    interfaces.set(
      name,
      new Map([...body.matchAll(/^ {2}(\w+): ([^;]+);$/gm)].map(([, column = '', type = '']) => [column, type])),
    );
  }
  const tables = interfaces.get('AgentDatabase') ?? new Map<string, string>();
  return new Map([...tables].map(([table, type]) => [table, interfaces.get(type) ?? new Map()]));
}

describe('the table types', () => {
  const file = openForWriting(join(process.env['HOME'] as string, 'a.db'), { busyTimeoutMs: 0 });
  const inFile = file.db
    .prepare("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .pluck()
    .all() as string[];
  const views = file.db.prepare("SELECT name FROM sqlite_master WHERE type = 'view'").pluck().all() as string[];
  const types = declared();

  test('name every table and view of the schema, and no other', () => {
    expect([...types.keys()].sort()).toEqual(inFile);
    expect(inFile.length).toBeGreaterThan(14);
  });

  test.each(inFile)('of %s name its columns in their order, and call nullable what is', (table) => {
    const columns = file.db.pragma(`table_xinfo(${table})`) as {
      name: string;
      notnull: number;
      pk: number;
      dflt_value: string | null;
    }[];
    const type = types.get(table) ?? new Map<string, string>();
    expect([...type.keys()]).toEqual(columns.map(({ name }) => name));
    // SQLite tells nothing of what a view's columns may hold.
    if (views.includes(table)) return;
    for (const { name, notnull, pk, dflt_value } of columns) {
      const said = type.get(name) ?? '';
      expect([name, said.startsWith('Maybe<')]).toEqual([name, notnull === 0 && pk === 0]);
      expect([name, said.startsWith('Defaulted<')]).toEqual([name, dflt_value !== null]);
    }
  });
});

test('the view edits has the columns of cc-ai-tracker and tells what was committed', () => {
  const released = openForReading(new URL('../fixtures/files/v0.1.0.db', import.meta.url).pathname);
  expect(released.db.prepare('SELECT * FROM edits').all()).toEqual([
    {
      id: 'call-1:/repo/src/a.ts',
      timestamp: '2026-01-15T10:00:00.123Z',
      session_id: 'conversation-1',
      tool: 'Edit',
      file_path: '/repo/src/a.ts',
      lines_added: 2,
      lines_removed: 1,
      cwd: null,
      committed: 1,
    },
  ]);
  released.close();
});

test('an edit of unknown size counts 0 lines there, and 0 as committed until a commit has its lines', () => {
  const file = openForWriting(join(scratchFolder(), 'a.db'), { busyTimeoutMs: 0 });
  file.db.exec(
    "INSERT INTO file_modifications (id, file_path, modification_type, modified_at, change_seq) VALUES ('x', '/a', 'edit', '2026', 1)",
  );
  expect(file.db.prepare('SELECT lines_added, lines_removed, committed FROM edits').get()).toEqual({
    lines_added: 0,
    lines_removed: 0,
    committed: 0,
  });
  file.close();
});
