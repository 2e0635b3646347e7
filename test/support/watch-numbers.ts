import Database from 'better-sqlite3';
import { expect } from 'vitest';
import { openForWriting } from '../../src/store/open.ts';
import { column } from './agent-rows.ts';
import { rowsIn } from './recorder-in.ts';

/** Makes the file, and from then on notes every change_seq that a row or tombstone takes: rows move on and forget theirs. */
export function watchNumbers(file: string): void {
  openForWriting(file, { busyTimeoutMs: 0 }).close();
  const db = new Database(file);
  db.exec('CREATE TABLE taken (seq INTEGER NOT NULL)');
  const tables = db
    .prepare("SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'change_seq'")
    .pluck()
    .all() as string[];
  expect(tables).toEqual(
    expect.arrayContaining(['agent_sessions', 'task_executions', 'task_labels', 'tool_calls', 'tombstones']),
  );
  for (const table of tables) {
    db.exec(`CREATE TRIGGER watch_insert_${table} AFTER INSERT ON ${table} BEGIN INSERT INTO taken VALUES (new.change_seq); END;
      CREATE TRIGGER watch_update_${table} AFTER UPDATE ON ${table} WHEN new.change_seq <> old.change_seq
      BEGIN INSERT INTO taken VALUES (new.change_seq); END;`);
  }
  db.close();
}

/** Every number from 1 to the file's counter was taken, and once. */
export function expectNoHoles(file: string): void {
  const [counter] = column(file, 'SELECT seq FROM change_counter');
  expect(counter).toBeGreaterThan(0);
  expect(
    rowsIn(
      file,
      'SELECT count(*) AS taken, count(DISTINCT seq) AS distinct_ones, min(seq) AS first, max(seq) AS last FROM taken',
    ),
  ).toEqual([{ taken: counter, distinct_ones: counter, first: 1, last: counter }]);
}
