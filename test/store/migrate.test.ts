import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readMigrations, shippedMigrations } from '../../src/store/migrate.ts';
import { type Db, openForReading, openForWriting } from '../../src/store/open.ts';
import { StoreError } from '../../src/store/store-error.ts';
import { closedMigrations, futureMigrations } from '../support/future-schema.ts';
import { runNode } from '../support/run-node.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const OPEN_FILE = new URL('children/open-file.ts', import.meta.url);
const WRITE_CALLS = new URL('children/write-calls.ts', import.meta.url);
const RELEASED = new URL('../fixtures/files/v0.1.0.db', import.meta.url);

const schemaOf = (db: Db): unknown[] =>
  db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name').all();
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof StoreError) return error.code;
    throw error;
  }
  return 'no error';
};

describe.each([0, 10_000])('20 processes that open a fresh file at once, with a busy timeout of %i ms', (timeout) => {
  test('find one schema, one source_uuid and no error but `locked`', async () => {
    const path = join(scratchFolder(), 'a.db');
    const children = Array.from({ length: 20 }, () => runNode(OPEN_FILE, [path, String(timeout)]));
    await Promise.all(children.map((child) => child.said('ready')));
    for (const child of children) child.say('go');
    const results = await Promise.all(children.map((child) => child.ended));
    expect(results.filter(({ code, stderr }) => code !== 0 || stderr !== '')).toEqual([]);
    const answers = results.map(({ stdout }) => stdout.split('\n').find((line) => line.startsWith('uuid')));
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toMatch(/^uuid [0-9a-f-]{36} wal$/);
    if (timeout > 0) expect(results.filter(({ stdout }) => stdout.includes('locked'))).toEqual([]);
    const file = openForWriting(path, { busyTimeoutMs: 0 });
    const alone = openForWriting(join(scratchFolder(), 'b.db'), { busyTimeoutMs: 0 });
    expect(schemaOf(file.db)).toEqual(schemaOf(alone.db));
    expect(file.db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(file.db.prepare("SELECT count(*) FROM file_info WHERE key = 'source_uuid'").pluck().get()).toBe(1);
    expect(file.db.pragma('auto_vacuum', { simple: true })).toBe(2);
    file.close();
    alone.close();
  });
});

describe('a migration that fails half way', () => {
  test('leaves nothing behind, and the next attempt finds the file as it was', () => {
    const path = join(scratchFolder(), 'a.db');
    const broken = [
      ...shippedMigrations(),
      { version: 2, name: '0002_broken.sql', sql: 'CREATE TABLE half (a); CREATE TABLE half (a);' },
    ];
    expect(() => openForWriting(path, { busyTimeoutMs: 0, migrations: broken })).toThrow(/half/);
    const file = openForWriting(path, { busyTimeoutMs: 0 });
    expect(file.schemaVersion).toBe(1);
    expect(file.db.prepare("SELECT name FROM sqlite_master WHERE name = 'half'").all()).toEqual([]);
    file.close();
  });
});

describe('the file of the released version 0.1.0', () => {
  test('is what this schema makes as far as its version goes: a released migration was not edited', () => {
    const released = openForReading(RELEASED.pathname);
    const path = join(scratchFolder(), 'a.db');
    const migrations = shippedMigrations().slice(0, released.schemaVersion);
    const made = openForWriting(path, { busyTimeoutMs: 0, migrations });
    expect(schemaOf(released.db)).toEqual(schemaOf(made.db));
    made.close();
    released.close();
  });

  test.each([
    ['today’s schema', shippedMigrations],
    ['a later schema', futureMigrations],
  ])('opens under %s and keeps every row', (_, migrations) => {
    const path = join(scratchFolder(), 'a.db');
    copyFileSync(RELEASED, path);
    const rowsOf = (db: Db): unknown =>
      [
        'agent_sessions',
        'task_executions',
        'task_labels',
        'tool_calls',
        'file_modifications',
        'commits',
        'commit_files',
        'commit_lines',
        'line_anchors',
        'tombstones',
        'edits',
      ].map((table) => db.prepare(`SELECT * FROM ${table}`).all().length);
    const before = openForReading(path);
    const counts = rowsOf(before.db);
    before.close();
    expect(counts).not.toContain(0);
    const file = openForWriting(path, { busyTimeoutMs: 0, migrations: migrations() });
    expect(rowsOf(file.db)).toEqual(counts);
    expect(file.schemaVersion).toBe(migrations().length);
    expect(file.db.prepare('SELECT tool_name, input_tokens, cost_usd FROM tool_calls').get()).toEqual({
      tool_name: 'chat',
      input_tokens: 100,
      cost_usd: 0.0015,
    });
    expect(file.db.pragma('integrity_check', { simple: true })).toBe('ok');
    file.close();
  });
});

describe('builds of two ages on one file', () => {
  test('write at the same time, also through the migration, and lose nothing', async () => {
    const path = join(scratchFolder(), 'a.db');
    const old = runNode(WRITE_CALLS, [path, 'old', 'old', '4000']);
    await old.said('writing');
    const young = runNode(WRITE_CALLS, [path, 'new', 'new', '2000']);
    const late = runNode(WRITE_CALLS, [path, 'old', 'late', '2000']);
    for (const { code, stderr } of await Promise.all([old.ended, young.ended, late.ended]))
      expect([code, stderr]).toEqual([0, '']);
    const file = openForWriting(path, { busyTimeoutMs: 0 });
    expect(file.schemaVersion).toBe(shippedMigrations().length + 1);
    const counts = file.db
      .prepare(
        "SELECT substr(id, 1, instr(id, ':') - 1) AS name, count(*) AS n, count(mood) AS moods FROM tool_calls GROUP BY 1 ORDER BY 1",
      )
      .all();
    expect(counts).toEqual([
      { name: 'late', n: 2000, moods: 0 },
      { name: 'new', n: 2000, moods: 2000 },
      { name: 'old', n: 4000, moods: 0 },
    ]);
    expect(file.db.prepare('SELECT count(DISTINCT change_seq) FROM tool_calls').pluck().get()).toBe(8000);
    expect(file.db.pragma('integrity_check', { simple: true })).toBe('ok');
    file.close();
  });

  test('the older one is told `too-old` where the file shuts it out from writing, and may still read', () => {
    const path = join(scratchFolder(), 'a.db');
    openForWriting(path, { busyTimeoutMs: 0, migrations: closedMigrations('min_writer') }).close();
    expect(codeOf(() => openForWriting(path, { busyTimeoutMs: 0 }))).toBe('too-old');
    openForReading(path).close();
  });

  test('the older one is told `too-old` where the file shuts it out from reading', () => {
    const path = join(scratchFolder(), 'a.db');
    openForWriting(path, { busyTimeoutMs: 0, migrations: closedMigrations('min_reader') }).close();
    expect(codeOf(() => openForReading(path))).toBe('too-old');
  });

  test('a process notices that a newer one has moved the schema under it', () => {
    const path = join(scratchFolder(), 'a.db');
    const file = openForWriting(path, { busyTimeoutMs: 0 });
    expect(file.schemaMoved()).toBe(false);
    openForWriting(path, { busyTimeoutMs: 0, migrations: closedMigrations('min_writer') }).close();
    expect(file.schemaMoved()).toBe(true);
    file.close();
  });
});

test('migrations are numbered from 1 without holes', () => {
  expect(shippedMigrations().map(({ version }) => version)).toEqual(shippedMigrations().map((_, index) => index + 1));
  const folder = scratchFolder();
  copyFileSync(new URL('../../schema/agent/0001_tables.sql', import.meta.url), join(folder, '0002_tables.sql'));
  expect(() => readMigrations(pathToFileURL(`${folder}/`))).toThrow(/out of order/);
});
