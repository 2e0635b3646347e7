import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { APPLICATION_ID } from '../../src/store/migrate.ts';
import { openForReading, openForWriting } from '../../src/store/open.ts';
import { StoreError } from '../../src/store/store-error.ts';
import { runNode } from '../support/run-node.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const HOLD_LOCK = new URL('children/hold-lock.ts', import.meta.url);

function errorOf(work: () => unknown): StoreError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(StoreError);
    return error as StoreError;
  }
  throw new Error('nothing was thrown');
}

const bury = (path: string, id: string): void => {
  const file = openForWriting(path, { busyTimeoutMs: 5000 });
  file.db.prepare("INSERT INTO tombstones VALUES ('tool_calls', ?, 1)").run(id);
  file.close();
};

describe('a file opened for writing', () => {
  test('says which version of the package made it', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    const file = openForWriting(join(scratchFolder(), 'a.db'), { busyTimeoutMs: 0 });
    expect(file.db.prepare("SELECT value FROM file_info WHERE key = 'created_by'").pluck().get()).toBe(version);
    file.close();
  });

  test('is made in a private folder and with a private mode, whatever the umask', () => {
    const path = join(scratchFolder(), 'new', 'folder', 'a.db');
    const before = process.umask(0);
    try {
      const file = openForWriting(path, { busyTimeoutMs: 0 });
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600);
      expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
      file.close();
    } finally {
      process.umask(before);
    }
  });

  test('takes the mode that it is given, and leaves the mode of a file that exists', () => {
    const path = join(scratchFolder(), 'a.db');
    openForWriting(path, { busyTimeoutMs: 0, fileMode: 0o660 }).close();
    expect(statSync(path).mode & 0o777).toBe(0o660);
    openForWriting(path, { busyTimeoutMs: 0 }).close();
    expect(statSync(path).mode & 0o777).toBe(0o660);
  });

  test('keeps group and setgid of a folder that exists', () => {
    const folder = scratchFolder();
    chmodSync(folder, 0o2775);
    openForWriting(join(folder, 'agent', 'tracker.db'), { busyTimeoutMs: 0 }).close();
    expect(statSync(folder).mode & 0o7777).toBe(0o2775);
    expect(statSync(join(folder, 'agent')).mode & 0o2000).toBe(0o2000);
  });

  test('is WAL with synchronous=NORMAL on a local disk, and says so', () => {
    const file = openForWriting(join(scratchFolder(), 'a.db'), { busyTimeoutMs: 0 });
    expect([file.journal, file.synchronous, file.findings]).toEqual(['wal', 'normal', []]);
    file.close();
  });

  test('has the journal that is asked for, and FULL where that is not WAL', () => {
    const file = openForWriting(join(scratchFolder(), 'a.db'), { busyTimeoutMs: 0, journal: 'truncate' });
    expect([file.journal, file.synchronous]).toEqual(['truncate', 'full']);
    expect(file.db.pragma('journal_mode', { simple: true })).toBe('truncate');
    file.close();
  });

  test('stays WAL, with a finding, where another journal is asked for while others have it open', () => {
    const path = join(scratchFolder(), 'a.db');
    const other = openForWriting(path, { busyTimeoutMs: 0 });
    const file = openForWriting(path, { busyTimeoutMs: 0, journal: 'delete' });
    expect(file.journal).toBe('wal');
    expect(file.findings.map(({ code }) => code)).toEqual(['journal']);
    file.close();
    other.close();
    const alone = openForWriting(path, { busyTimeoutMs: 0, journal: 'delete' });
    expect(alone.journal).toBe('delete');
    alone.close();
  });

  test('passes over a setting that it cannot read, with a finding', () => {
    const file = openForWriting(join(scratchFolder(), 'a.db'), { busyTimeoutMs: 0, journal: 'wall' });
    expect(file.journal).toBe('wal');
    expect(file.findings[0]?.message).toContain('"wall"');
    file.close();
  });

  test('bears our application_id in its header at once, before any checkpoint of ours', () => {
    const path = join(scratchFolder(), 'a.db');
    const file = openForWriting(path, { busyTimeoutMs: 0 });
    expect(readFileSync(path).readUInt32BE(68)).toBe(APPLICATION_ID);
    file.close();
  });

  test('keeps its source_uuid over openings, and two files have two', () => {
    const folder = scratchFolder();
    const uuid = (name: string): string => {
      const file = openForWriting(join(folder, name), { busyTimeoutMs: 0 });
      file.close();
      return file.sourceUuid;
    };
    expect(uuid('a.db')).toMatch(/^[0-9a-f-]{36}$/);
    expect(uuid('a.db')).toBe(uuid('a.db'));
    expect(uuid('b.db')).not.toBe(uuid('a.db'));
  });

  test('of another program is refused by name of the program and left byte for byte as it was', () => {
    const path = join(scratchFolder(), 'tracker.db');
    const made = openForWriting(path, { busyTimeoutMs: 0, journal: 'delete' });
    made.db.pragma('application_id = 0');
    made.db.exec('DROP VIEW edits; CREATE TABLE edits (id INTEGER PRIMARY KEY)');
    made.close();
    const before = readFileSync(path);
    const error = errorOf(() => openForWriting(path, { busyTimeoutMs: 0 }));
    expect(error.code).toBe('not-ours');
    expect(error.message).toContain('cc-ai-tracker');
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(join(path, '..'))).toEqual(['tracker.db']);
  });

  test('that is no database is refused and left as it was', () => {
    const path = join(scratchFolder(), 'notes.db');
    writeFileSync(path, 'remember the milk'.repeat(100));
    expect(errorOf(() => openForWriting(path, { busyTimeoutMs: 0 })).code).toBe('not-ours');
    expect(readFileSync(path, 'utf8')).toBe('remember the milk'.repeat(100));
  });

  test('that is damaged is called corrupt', () => {
    const path = join(scratchFolder(), 'a.db');
    openForWriting(path, { busyTimeoutMs: 0 }).close();
    const bytes = readFileSync(path);
    bytes.fill(0x5a, 100, 4096);
    writeFileSync(path, bytes);
    expect(errorOf(() => openForWriting(path, { busyTimeoutMs: 0 })).code).toBe('corrupt');
  });

  test('in a folder that is a file is a fault of the disk, with the path and the next step', () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'file'), '');
    const error = errorOf(() => openForWriting(join(folder, 'file', 'a.db'), { busyTimeoutMs: 0 }));
    expect(error.code).toBe('disk');
    expect(error.message).toContain(join(folder, 'file', 'a.db'));
    expect(error.message).toContain('Check');
  });

  test('and locked by another process is `locked` at once with a timeout of 0, and works when the other dies', async () => {
    const path = join(scratchFolder(), 'a.db');
    const holder = runNode(HOLD_LOCK, [path, 'EXCLUSIVE']);
    await holder.said('locked');
    const file = openForWriting(path, { busyTimeoutMs: 0 });
    const begun = performance.now();
    expect(() => file.db.exec('BEGIN IMMEDIATE')).toThrow(/locked/);
    expect(performance.now() - begun).toBeLessThan(500);
    holder.kill('SIGKILL');
    await holder.ended;
    file.db.exec('BEGIN IMMEDIATE');
    file.db.exec('COMMIT');
    file.close();
  });

  test('that is locked while it is still unborn is `locked`, not an error of another kind', async () => {
    const path = join(scratchFolder(), 'a.db');
    openForWriting(path, { busyTimeoutMs: 0, journal: 'delete' }).close();
    const holder = runNode(new URL('children/hold-delete-lock.ts', import.meta.url), [path]);
    await holder.said('locked');
    expect(errorOf(() => openForWriting(path, { busyTimeoutMs: 0 })).code).toBe('locked');
    holder.kill('SIGKILL');
    await holder.ended;
    openForWriting(path, { busyTimeoutMs: 0 }).close();
  });
});

describe('a file opened for reading', () => {
  test('shows what its writer has committed, while the writer goes on', () => {
    const path = join(scratchFolder(), 'a.db');
    const writer = openForWriting(path, { busyTimeoutMs: 0 });
    const reader = openForReading(path);
    const count = reader.db.prepare('SELECT count(*) FROM tombstones').pluck();
    expect(count.get()).toBe(0);
    writer.db.exec("INSERT INTO tombstones VALUES ('tool_calls', 'a', 1)");
    expect(count.get()).toBe(1);
    reader.close();
    writer.close();
  });

  test('cannot be written through', () => {
    const path = join(scratchFolder(), 'a.db');
    bury(path, 'a');
    const reader = openForReading(path);
    expect(() => reader.db.exec('DELETE FROM tombstones')).toThrow(/readonly/);
    reader.close();
  });

  test('is left as it lay, with nothing new beside it', () => {
    const folder = scratchFolder();
    const path = join(folder, 'a.db');
    bury(path, 'a');
    const before = readFileSync(path);
    const reader = openForReading(path);
    expect(reader.db.prepare('SELECT row_id FROM tombstones').pluck().all()).toEqual(['a']);
    expect(readdirSync(folder)).toEqual(['a.db']);
    reader.close();
    expect(readdirSync(folder)).toEqual(['a.db']);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('is not made where there is none', () => {
    const folder = scratchFolder();
    const error = errorOf(() => openForReading(join(folder, 'a.db')));
    expect(error.message).toContain('ENOENT');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('of another program is refused', () => {
    const path = join(scratchFolder(), 'a.db');
    writeFileSync(path, 'no database');
    expect(errorOf(() => openForReading(path)).code).toBe('not-ours');
  });

  test('that a killed writer left with its -wal shows every row, also from a folder that refuses writing', async () => {
    const folder = scratchFolder();
    const path = join(folder, 'a.db');
    const writer = runNode(new URL('children/write-and-hang.ts', import.meta.url), [path]);
    await writer.said('written');
    writer.kill('SIGKILL');
    await writer.ended;
    expect(existsSync(`${path}-wal`)).toBe(true);
    const reader = runNode(new URL('children/read-as-stranger.ts', import.meta.url), [folder, path]);
    const { stdout, stderr } = await reader.ended;
    expect(stderr).toBe('');
    expect(stdout).toBe('3 rows\n');
  });

  test('that a writer died over in mid-transaction shows what was committed and nothing else, and is not repaired by a reader', async () => {
    const folder = scratchFolder();
    const path = join(folder, 'a.db');
    const writer = runNode(new URL('children/die-in-transaction.ts', import.meta.url), [path]);
    await writer.said('spilled');
    writer.kill('SIGKILL');
    await writer.ended;
    const journal = statSync(`${path}-journal`).size;
    expect(journal).toBeGreaterThan(0);
    const before = readFileSync(path);
    const reader = runNode(new URL('children/read-as-stranger.ts', import.meta.url), [folder, path]);
    expect(await reader.ended).toEqual({ code: 0, stdout: '3 rows\n', stderr: '' });
    const here = openForReading(path);
    expect(here.db.prepare('SELECT count(*) FROM tombstones').pluck().get()).toBe(3);
    here.close();
    expect(statSync(`${path}-journal`).size).toBe(journal);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('that lies closed in a folder of another user is read', async () => {
    const folder = scratchFolder();
    const path = join(folder, 'a.db');
    bury(path, 'a');
    const reader = runNode(new URL('children/read-as-stranger.ts', import.meta.url), [folder, path]);
    expect(await reader.ended).toEqual({ code: 0, stdout: '1 rows\n', stderr: '' });
  });
});

test('a folder that cannot be written is told apart from a full disk', () => {
  const folder = scratchFolder();
  mkdirSync(join(folder, 'a.db'));
  expect(['disk', 'read-only']).toContain(errorOf(() => openForWriting(join(folder, 'a.db'), { busyTimeoutMs: 0 })).code);
});
