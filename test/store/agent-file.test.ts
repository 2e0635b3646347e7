import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type RecorderOptions, resolveSettings, type Settings } from '../../src/model/settings.ts';
import { holdingFile, locateFile, locateReserved, lookingProbe } from '../../src/store/agent-file.ts';
import { openForWriting } from '../../src/store/open.ts';
import { StoreError } from '../../src/store/store-error.ts';
import { reluctantDisk } from '../support/reluctant-disk.ts';
import { runNode } from '../support/run-node.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const settingsOf = (options: RecorderOptions = {}): Settings => resolveSettings({ writerId: 'host-1', ...options }, {}).settings;
const ORDINARY = reluctantDisk({});

describe('AI_TRACKER_DB_PATH', () => {
  test('without a placeholder takes the rows of every agent', () => {
    const dbPath = join(scratchFolder(), 'all.db');
    for (const agent of ['a', 'b', null]) expect(locateFile(agent, settingsOf({ dbPath }), {}, ORDINARY).path).toBe(dbPath);
  });

  test('with {agent_id} makes a safe file of each, also where the placeholder stands twice', () => {
    const folder = scratchFolder();
    const settings = settingsOf({ dbPath: join(folder, '{agent_id}', '{agent_id}.db') });
    expect(locateFile('worker-7', settings, {}, ORDINARY).path).toBe(join(folder, 'worker-7', 'worker-7.db'));
    expect(locateFile('../../x', settings, {}, ORDINARY).path.startsWith(`${folder}/x~`)).toBe(true);
    expect(locateFile(null, settings, {}, ORDINARY).path).toBe(join(folder, 'default', 'default.db'));
  });
});

describe('an agent without AI_TRACKER_DB_PATH', () => {
  test('has a file in AI_TRACKER_SHARED_DIR, made with its folder at once', () => {
    const sharedDir = join(scratchFolder(), 'shared');
    const location = locateFile('worker-7', settingsOf({ sharedDir }), {}, ORDINARY);
    expect(location).toEqual({
      path: join(sharedDir, 'worker-7.db'),
      reason: 'AI_TRACKER_SHARED_DIR',
      fallback: null,
      notice: null,
    });
    expect(statSync(location.path).mode & 0o777).toBe(0o600);
    expect(statSync(sharedDir).mode & 0o777).toBe(0o700);
  });

  test('has it in `tracking` of the shared volume where that exists', () => {
    const volume = scratchFolder();
    expect(locateFile('worker-7', settingsOf(), {}, reluctantDisk({ sharedVolume: volume })).path).toBe(
      join(volume, 'tracking', 'worker-7.db'),
    );
  });

  test('has it under the home else', () => {
    const HOME = scratchFolder();
    expect(locateFile('worker-7', settingsOf(), { HOME }, ORDINARY).path).toBe(
      join(HOME, '.config/ai-tracker/agents/worker-7.db'),
    );
  });

  test.each(['EPERM', 'EACCES', 'EROFS'])('has a folder of its own where the shared one refuses files with %s', (code) => {
    const sharedDir = scratchFolder();
    const disk = reluctantDisk({ refuses: (path) => (dirname(path) === sharedDir ? code : undefined) });
    expect(locateFile('worker-7', settingsOf({ sharedDir }), {}, disk)).toMatchObject({
      path: join(sharedDir, 'worker-7', 'tracker.db'),
      fallback: null,
    });
  });

  test('keeps the shape that it was once made in, when the folder changes its mind', () => {
    const sharedDir = scratchFolder();
    const refusing = reluctantDisk({ refuses: (path) => (dirname(path) === sharedDir ? 'EPERM' : undefined) });
    const first = locateFile('worker-7', settingsOf({ sharedDir }), {}, refusing).path;
    expect(locateFile('worker-7', settingsOf({ sharedDir }), {}, ORDINARY).path).toBe(first);
    expect(locateFile('worker-8', settingsOf({ sharedDir }), {}, ORDINARY).path).toBe(join(sharedDir, 'worker-8.db'));
  });

  test.each(['network', 'fuse'] as const)('has one file per writing host on a %s file system', (kind) => {
    const sharedDir = scratchFolder();
    const disk = reluctantDisk({ kind: () => kind });
    expect(locateFile('worker-7', settingsOf({ sharedDir }), {}, disk).path).toBe(join(sharedDir, 'worker-7', 'host-1.db'));
    expect(locateFile('worker-7', settingsOf({ sharedDir, writerId: 'Host/2' }), {}, disk).path).toMatch(
      /worker-7\/host-2~[0-9a-f]+\.db$/,
    );
  });

  test('is not led by a file of another shape on a network file system, where another host may be writing it', () => {
    const sharedDir = scratchFolder();
    writeFileSync(join(sharedDir, 'worker-7.db'), '');
    const disk = reluctantDisk({ kind: () => 'network' });
    expect(locateFile('worker-7', settingsOf({ sharedDir }), {}, disk).path).toBe(join(sharedDir, 'worker-7', 'host-1.db'));
  });

  test('falls back to the home, in red and with the way out, where nothing in the shared folder can be written', () => {
    const sharedDir = scratchFolder();
    const HOME = scratchFolder();
    const disk = reluctantDisk({ refuses: (path) => (path.startsWith(sharedDir) ? 'EACCES' : undefined) });
    const location = locateFile('worker-7', settingsOf({ sharedDir }), { HOME }, disk);
    expect(location.path).toBe(join(HOME, '.config/ai-tracker/agents/worker-7.db'));
    expect(location.fallback).toMatchObject({ level: 'red', code: 'fallback-folder' });
    expect(location.fallback?.message).toContain(join(sharedDir, 'worker-7.db'));
    expect(location.fallback?.message).toContain('EACCES');
  });

  test('does not leave its folder for a full disk or too many open files: those pass', () => {
    const sharedDir = scratchFolder();
    const disk = reluctantDisk({ refuses: () => 'ENOSPC' });
    expect(() => locateFile('worker-7', settingsOf({ sharedDir }), { HOME: scratchFolder() }, disk)).toThrow('ENOSPC');
  });

  test('is told what to do where not even the home can be written', () => {
    const disk = reluctantDisk({ refuses: () => 'EROFS' });
    expect(() => locateFile('worker-7', settingsOf({ sharedDir: scratchFolder() }), { HOME: scratchFolder() }, disk)).toThrow(
      StoreError,
    );
  });

  test('has one file over 100 starts, whatever the process calls itself', () => {
    const sharedDir = scratchFolder();
    for (let start = 0; start < 100; start += 1)
      openForWriting(locateFile('worker-7', settingsOf({ sharedDir }), {}, ORDINARY).path, { busyTimeoutMs: 0 }).close();
    expect(readdirSync(sharedDir)).toEqual(['worker-7.db']);
  });

  test('never gets the file of a reserved name, which is kept for its purpose', () => {
    const sharedDir = scratchFolder();
    const settings = settingsOf({ sharedDir });
    const reserved = locateReserved('unassigned', settings, {}, ORDINARY).path;
    expect(reserved).toBe(join(sharedDir, 'unassigned.db'));
    expect(locateFile('unassigned', settings, {}, ORDINARY).path).not.toBe(reserved);
  });
});

describe('a process without an agent id', () => {
  const tracker = (HOME: string): string => join(HOME, '.config/ai-tracker/tracker.db');

  test('has tracker.db under the home, and again at the next start', () => {
    const HOME = scratchFolder();
    const first = locateFile(null, settingsOf(), { HOME }, ORDINARY).path;
    expect(first).toBe(tracker(HOME));
    openForWriting(first, { busyTimeoutMs: 0 }).close();
    expect(locateFile(null, settingsOf(), { HOME }, ORDINARY).path).toBe(first);
  });

  test('leaves a cc-ai-tracker file alone, takes agents/default.db and names the import', () => {
    const HOME = scratchFolder();
    mkdirSync(dirname(tracker(HOME)), { recursive: true });
    // Made by better-sqlite3 under our own schema, then stripped: a database of the same names without our mark.
    const old = openForWriting(tracker(HOME), { busyTimeoutMs: 0 });
    old.db.pragma('application_id = 0');
    old.close();
    const before = statSync(tracker(HOME)).mtimeMs;
    const location = locateFile(null, settingsOf(), { HOME }, ORDINARY);
    expect(location.path).toBe(join(HOME, '.config/ai-tracker/agents/default.db'));
    expect(location.notice).toContain('ai-tracker import');
    expect(statSync(tracker(HOME)).mtimeMs).toBe(before);
  });

  test('recognises its own file while a writer has it open', () => {
    const HOME = scratchFolder();
    const file = openForWriting(tracker(HOME), { busyTimeoutMs: 0 });
    expect(locateFile(null, settingsOf(), { HOME }, ORDINARY).path).toBe(tracker(HOME));
    file.close();
  });

  test('has a file per host where the home lies on a network', () => {
    const HOME = scratchFolder();
    const disk = reluctantDisk({ kind: () => 'network' });
    expect(locateFile(null, settingsOf(), { HOME }, disk).path).toBe(join(HOME, '.config/ai-tracker/agents/default/host-1.db'));
  });
});

describe('the holding file', () => {
  test('is hidden, beside the agents’ files, and one per host', () => {
    const sharedDir = scratchFolder();
    const path = (writerId: string): string | undefined => holdingFile(settingsOf({ sharedDir, writerId }), {}, ORDINARY)?.path;
    expect(path('host-1')).toBe(join(sharedDir, '.holding-host-1.db'));
    expect(path('host-2')).not.toBe(path('host-1'));
  });

  test('is not needed where one file takes all', () => {
    expect(holdingFile(settingsOf({ dbPath: '/tmp/all.db' }), {}, ORDINARY)).toBeNull();
  });

  test('lies above the placeholder of AI_TRACKER_DB_PATH', () => {
    const folder = scratchFolder();
    expect(holdingFile(settingsOf({ dbPath: join(folder, 'x-{agent_id}', 'a.db') }), {}, ORDINARY)?.path).toBe(
      join(folder, '.holding-host-1.db'),
    );
  });
});

test('looking where a file would be makes nothing', () => {
  const sharedDir = join(scratchFolder(), 'shared');
  expect(locateFile('worker-7', settingsOf({ sharedDir }), {}, lookingProbe).path).toBe(join(sharedDir, 'worker-7.db'));
  expect(existsSync(sharedDir)).toBe(false);
});

test('a folder whose mode refuses us leads to the home', async () => {
  const [sharedDir, HOME] = [scratchFolder(), scratchFolder()];
  chmodSync(sharedDir, 0o555);
  chmodSync(HOME, 0o777);
  const child = runNode(new URL('children/locate-as-stranger.ts', import.meta.url), [sharedDir], { ...process.env, HOME });
  const { stdout, stderr } = await child.ended;
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({
    path: join(HOME, '.config/ai-tracker/agents/worker-7.db'),
    fallback: { level: 'red', code: 'fallback-folder' },
  });
});
