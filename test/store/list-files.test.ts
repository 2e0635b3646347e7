import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listFiles, listFolder } from '../../src/store/list-files.ts';
import { openForWriting } from '../../src/store/open.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const NOWHERE = '/nowhere/at/all';
const make = (path: string): void => openForWriting(path, { busyTimeoutMs: 0 }).close();
const settings = (given: { dbPath?: string; sharedDir?: string }) => ({
  dbPath: given.dbPath ?? null,
  sharedDir: given.sharedDir ?? null,
});

describe('the files of a folder', () => {
  test('are those of all three shapes, each with its agent', () => {
    const folder = scratchFolder();
    for (const name of ['flat.db', 'own/tracker.db', 'hosts/host-1.db', 'hosts/host-2.db']) make(join(folder, name));
    expect(listFolder(folder).map(({ path, agentHint }) => [relative(folder, path), agentHint])).toEqual([
      ['flat.db', 'flat'],
      ['hosts/host-1.db', 'hosts'],
      ['hosts/host-2.db', 'hosts'],
      ['own/tracker.db', 'own'],
    ]);
  });

  test('are neither companions, holding files, aggregates, other programs’ databases nor ones that were only just made', () => {
    const folder = scratchFolder();
    const open = openForWriting(join(folder, 'a.db'), { busyTimeoutMs: 0 });
    make(join(folder, '.holding-host-1.db'));
    make(join(folder, 'aggregated.db'));
    make(join(folder, '.spool', 'x.db'));
    writeFileSync(join(folder, 'notes.db'), `SQLite format 3\0${'\0'.repeat(4080)}`);
    writeFileSync(join(folder, 'empty.db'), '');
    writeFileSync(join(folder, 'readme.txt'), 'hello');
    mkdirSync(join(folder, 'folder.db'));
    expect(listFolder(folder).map(({ path }) => relative(folder, path))).toEqual(['a.db']);
    open.close();
  });

  test('are the damaged ones too, and folders that refuse: opening them says why', () => {
    const folder = scratchFolder();
    for (const name of ['cut.db', 'b.db', 'closed/tracker.db']) make(join(folder, name));
    truncateSync(join(folder, 'cut.db'));
    writeFileSync(join(folder, 'b.db'), 'x'.repeat(8192), { flag: 'r+' });
    writeFileSync(join(folder, 'text.db'), 'not a database');
    expect(spawnSync('mkfifo', [join(folder, 'pipe.db')]).status).toBe(0);
    mkdirSync(join(folder, 'lost+found'), { mode: 0o000 });
    chmodSync(join(folder, 'closed'), 0o000);
    const closed = process.getuid?.() === 0 ? 'closed/tracker.db' : 'closed';
    expect(listFolder(folder).map(({ path }) => relative(folder, path))).toEqual(['b.db', closed, 'cut.db', 'text.db']);
    chmodSync(join(folder, 'closed'), 0o700);
  });

  test('of what is no folder are an error, which a caller may take instead', () => {
    const file = join(scratchFolder(), 'file');
    writeFileSync(file, '');
    expect(() => listFolder(file)).toThrow(expect.objectContaining({ name: 'StoreError', path: file }));
    const errors: unknown[] = [];
    expect(listFolder(file, (error) => errors.push(error))).toEqual([]);
    expect(errors).toHaveLength(1);
  });

  test('of a folder that does not exist are none', () => {
    expect(listFolder(join(scratchFolder(), 'none'))).toEqual([]);
  });
});

describe('the files that settings lead to', () => {
  test('are the one that AI_TRACKER_DB_PATH names, if it is there', () => {
    const dbPath = join(scratchFolder(), 'all.db');
    expect(listFiles(settings({ dbPath }), {}, NOWHERE)).toEqual([]);
    make(dbPath);
    expect(listFiles(settings({ dbPath }), {}, NOWHERE)).toEqual([{ path: dbPath, agentHint: null }]);
  });

  test('are all that AI_TRACKER_DB_PATH with {agent_id} can have made', () => {
    const folder = scratchFolder();
    for (const name of ['p-a/q/a.db', 'p-b/q/b.db', 'p-a/q/other.db', 'x-a/q/a.db', 'p-a/a.db']) make(join(folder, name));
    const dbPath = join(folder, 'p-{agent_id}', 'q', '{agent_id}.db');
    expect(
      listFiles(settings({ dbPath }), {}, NOWHERE).map(({ path, agentHint }) => [relative(folder, path), agentHint]),
    ).toEqual([
      ['p-a/q/a.db', 'a'],
      ['p-b/q/b.db', 'b'],
    ]);
  });

  test('are only those of AI_TRACKER_SHARED_DIR where it is set', () => {
    const [sharedDir, HOME] = [scratchFolder(), scratchFolder()];
    make(join(sharedDir, 'a.db'));
    make(join(HOME, '.config/ai-tracker/agents/b.db'));
    expect(listFiles(settings({ sharedDir }), { HOME }, NOWHERE).map(({ agentHint }) => agentHint)).toEqual(['a']);
  });

  test('are those of the shared volume and of the home where nothing is set', () => {
    const [volume, HOME] = [scratchFolder(), scratchFolder()];
    make(join(volume, 'tracking', 'a.db'));
    make(join(HOME, '.config/ai-tracker/agents/b.db'));
    make(join(HOME, '.config/ai-tracker/tracker.db'));
    expect(new Set(listFiles(settings({}), { HOME }, volume).map(({ agentHint }) => agentHint))).toEqual(
      new Set(['a', 'b', null]),
    );
  });

  test('are not the tracker.db of another tool', () => {
    const HOME = scratchFolder();
    const tracker = join(HOME, '.config/ai-tracker/tracker.db');
    mkdirSync(dirname(tracker), { recursive: true });
    writeFileSync(tracker, `SQLite format 3\0${'\0'.repeat(4080)}`);
    expect(listFiles(settings({}), { HOME }, NOWHERE)).toEqual([]);
  });
});
