import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openForWriting } from '../../src/store/open.ts';
import { prepareQuery, prepareRaw, sqlBuilder } from '../../src/store/sql.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const freshDb = () => openForWriting(join(scratchFolder(), 'a.db'), { busyTimeoutMs: 0 }).db;

test('a prepared query binds its values by position at each run', () => {
  const db = freshDb();
  const insert = prepareQuery<[string, string, number], never>(
    db,
    sqlBuilder.insertInto('tombstones').values({ table_name: '', row_id: '', change_seq: 0 }),
  );
  insert.run('tool_calls', 'a', 1);
  insert.run('tool_calls', 'b', 2);
  const above = prepareQuery<[number], { row_id: string }>(
    db,
    sqlBuilder.selectFrom('tombstones').select('row_id').where('change_seq', '>', 0),
  );
  expect(above.all(1)).toEqual([{ row_id: 'b' }]);
  expect(above.all(0)).toEqual([{ row_id: 'a' }, { row_id: 'b' }]);
});

test('a limit stays in the text of a prepared query', () => {
  const db = freshDb();
  db.exec("INSERT INTO tombstones VALUES ('t', 'a', 1), ('t', 'b', 2)");
  const first = prepareQuery<[string], { row_id: string }>(
    db,
    sqlBuilder.selectFrom('tombstones').select('row_id').where('table_name', '=', '').orderBy('change_seq').limit(1),
  );
  expect(first.all('t')).toEqual([{ row_id: 'a' }]);
});

test('raw SQL is prepared with its names quoted', () => {
  const db = freshDb();
  const statement = prepareRaw(db, sql`update ${sql.table('change_counter')} set ${sql.ref('seq')} = ${0}`);
  expect(statement.run(7).changes).toBe(1);
  expect(db.prepare('SELECT seq FROM change_counter').pluck().get()).toBe(7);
});

test('a table that the file lacks is named by each use, and by none before', () => {
  const db = freshDb();
  db.exec('DROP TABLE task_signals');
  const all = prepareQuery(db, sqlBuilder.selectFrom('task_signals').selectAll());
  for (let i = 0; i < 2; i++) expect(() => all.all()).toThrow(/no such table: task_signals/);
});
