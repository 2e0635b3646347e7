import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { SpanBatch } from '../../src/model/span-record.ts';
import { column, countOf } from '../support/agent-rows.ts';
import { booksOf, expectBalance, record, recorderIn } from '../support/recorder-in.ts';
import { runNode } from '../support/run-node.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromSender, T0, taskSpan } from '../support/span-makers.ts';

const task = (n: number) => taskSpan(`run-${n}`, { span: n, trace: n });
const batch = (agentId: string, ...numbers: number[]): SpanBatch => ({
  origin: fromSender(T0, agentId),
  spans: numbers.map(task),
  logs: [],
});
const tasks = (file: string): unknown[] => column(file, 'SELECT task_id FROM task_executions ORDER BY started_at');
const red = (recorder: ReturnType<typeof recorderIn>): string[] =>
  recorder
    .report()
    .findings.filter((finding) => finding.level === 'red')
    .map((finding) => finding.message);

describe('a file that is removed while it is open', () => {
  test.each(['alone', 'with its journals'])('%s: the next write goes to a new file at its path', (how) => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    const recorder = recorderIn(folder);
    record(recorder, fromSender(T0, 'w'), [task(1)]);
    rmSync(file);
    if (how !== 'alone') for (const part of ['-wal', '-shm']) rmSync(file + part, { force: true });
    record(recorder, fromSender(T0, 'w'), [task(2)]);
    expect(tasks(file)).toEqual(['run-2']);
    recorder.sweep();
    expect(red(recorder)).toEqual([]);
    recorder.close();
    expect(column(file, 'PRAGMA integrity_check')).toEqual(['ok']);
    expect(tasks(file)).toEqual(['run-2']);
  });

  test('in the middle of a transaction: the batch is not called written, and its next try is', () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    let removes = false;
    const recorder = recorderIn(folder, {}, () => {
      // The recorder asks for the time between BEGIN and COMMIT.
      if (removes) rmSync(file, { force: true });
      return T0;
    });
    record(recorder, fromSender(T0, 'w'), [task(1)]);
    removes = true;
    const outcome = recorder.apply(batch('w', 2));
    expect(outcome).toMatchObject({ status: 'retry', reason: 'disk', message: expect.stringContaining('removed or replaced') });
    removes = false;
    if (outcome.status === 'retry') expect(recorder.apply(outcome.rest)).toEqual({ status: 'written' });
    expect(tasks(file)).toEqual(['run-2']);
    expectBalance(recorder);
  });

  test('is replaced by a backup of its own: what comes is added to that', () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    const first = recorderIn(folder);
    record(first, fromSender(T0, 'w'), [task(1)]);
    first.close();
    copyFileSync(file, join(folder, 'backup'));
    const recorder = recorderIn(folder);
    record(recorder, fromSender(T0, 'w'), [task(2)]);
    renameSync(join(folder, 'backup'), file);
    for (const part of ['-wal', '-shm']) rmSync(file + part, { force: true });
    record(recorder, fromSender(T0, 'w'), [task(3)]);
    expect(tasks(file)).toEqual(['run-1', 'run-3']);
  });
});

describe('a file that cannot be used', () => {
  const cases: [string, (file: string) => void, RegExp][] = [
    [
      'of another program',
      (file) => new Database(file).exec('CREATE TABLE notes (text)').close(),
      /w\.db: it belongs to another program.*AI_TRACKER_DB_PATH/,
    ],
    [
      'of cc-ai-tracker',
      (file) => new Database(file).exec('CREATE TABLE edits (id); CREATE TABLE commits (id)').close(),
      /it is a cc-ai-tracker file/,
    ],
    ['that is no database', (file) => writeFileSync(file, 'Dear diary, '.repeat(1000)), /w\.db: file is not a database/],
    [
      'that is damaged',
      (file) => {
        const bytes = readFileSync(file);
        writeFileSync(file, bytes.fill(0x5a, 100));
      },
      /w\.db: .*malformed.*move it aside/,
    ],
  ];
  test.each(cases)(
    '%s: the batch comes back with the reason, other agents go on, the file is left alone',
    (_, spoil, message) => {
      const folder = scratchFolder();
      const file = join(folder, 'w.db');
      const first = recorderIn(folder);
      if (message.source.includes('malformed')) {
        record(first, fromSender(T0, 'w'), [task(9)]);
        first.close();
      }
      spoil(file);
      const spoilt = readFileSync(file);
      const recorder = recorderIn(folder);
      const origin = fromSender(T0);
      const other = taskSpan('other', { span: 2, trace: 2, resource: { 'agent.id': 'x' } });
      const ours = taskSpan('ours', { span: 1, resource: { 'agent.id': 'w' } });
      const outcome = recorder.apply({ origin, spans: [ours, other], logs: [] });
      expect(outcome).toMatchObject({
        status: 'retry',
        reason: 'failed',
        message: expect.stringMatching(message),
        rest: { origin, spans: [ours] },
      });
      expect(tasks(join(folder, 'x.db'))).toEqual(['other']);
      expect(red(recorder)).toEqual([expect.stringMatching(message)]);
      expect(booksOf(recorder)).toMatchObject({ seen: 1, recorded: 1 });
      expect(readFileSync(file).equals(spoilt)).toBe(true);

      renameSync(file, `${file}.aside`);
      if (outcome.status === 'retry') expect(recorder.apply(outcome.rest)).toEqual({ status: 'written' });
      expect(tasks(file)).toEqual(['ours']);
      expect(red(recorder)).toEqual([]);
      expect(booksOf(recorder)).toMatchObject({ seen: 2, recorded: 2 });
      expectBalance(recorder);
    },
  );

  test('because another holds its lock: the batch comes back, and fifty tries leave no descriptor open', () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    const first = recorderIn(folder);
    record(first, fromSender(T0, 'w'), [task(1)]);
    const lock = new Database(file);
    lock.exec('BEGIN IMMEDIATE');
    const recorder = recorderIn(folder);
    expect(recorder.apply(batch('w', 2))).toMatchObject({ status: 'retry', reason: 'locked' });
    const descriptors = (): number => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    for (let i = 0; i < 50; i += 1) expect(recorder.apply(batch('w', 2)).status).toBe('retry');
    expect(descriptors()).toBeLessThanOrEqual(before);
    expect(red(recorder)).toEqual([]);
    lock.exec('ROLLBACK');
    lock.close();
    record(recorder, fromSender(T0, 'w'), [task(2)]);
    expect(tasks(file)).toEqual(['run-1', 'run-2']);
  });
});

test('a mistake of ours is thrown, not called a failing disk: who drives this sets the batch aside; other agents have their rows', () => {
  const folder = scratchFolder();
  const recorder = recorderIn(folder);
  const broken = { ...task(1), status: 2, events: null as never };
  const origin = fromSender(T0);
  const other = taskSpan('other', { span: 2, trace: 2, resource: { 'agent.id': 'x' } });
  const spans = [{ ...broken, resource: { attributes: { 'agent.id': 'w' } } }, other];
  expect(() => recorder.apply({ origin, spans, logs: [] })).toThrow(TypeError);
  expect(tasks(join(folder, 'x.db'))).toEqual(['other']);
  expectBalance(recorder);
  record(recorder, fromSender(T0, 'w'), [task(3)]);
  expect(tasks(join(folder, 'w.db'))).toEqual(['run-3']);
  expect(red(recorder)).toEqual([]);
});

describe('a folder that refuses', () => {
  test('is told in red, and what could not be written is written once it is mended', async () => {
    const root = scratchFolder();
    const [folder, home] = [join(root, 'agents'), join(root, 'home')];
    for (const path of [root, folder, home]) {
      mkdirSync(path, { recursive: true });
      chmodSync(path, 0o777);
    }
    const stranger = runNode(new URL('./children/record-as-stranger.ts', import.meta.url), [folder, home]);
    await stranger.said('ready');
    const tell = async (line: string, said: string, findings: string[]): Promise<void> => {
      stranger.say(line);
      await stranger.said(JSON.stringify({ n: line.split(' ')[1], said, red: findings, balances: true }));
    };
    await tell('w 1', 'written', []);
    chmodSync(folder, 0o555);
    chmodSync(home, 0o555);
    // An open file needs its folder no more; a new one does.
    await tell('w 2', 'written', []);
    await tell('x 3', 'retry disk 1', ['write-failed']);
    await tell('x 4', 'retry disk 1', ['write-failed']);
    chmodSync(folder, 0o777);
    await tell('x 5', 'written', []);
    await tell('x 3', 'written', []);
    expect(tasks(join(folder, 'x.db'))).toEqual(['run-3', 'run-5']);
    expect(tasks(join(folder, 'w.db'))).toEqual(['run-1', 'run-2']);
  });
});

const point = join('/tmp', `ai-tracker-full-${process.pid}`);
function mount(size: string): boolean {
  mkdirSync(point, { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', point]).status === 0;
}
const mayMount = mount('64k');
if (mayMount) spawnSync('umount', [point]);
rmSync(point, { recursive: true, force: true });

describe.skipIf(!mayMount)('a full disk (skipped where mounting a tmpfs is not permitted)', () => {
  test('gives the batch back with the reason, and loses nothing once there is room', () => {
    mount('2m');
    const recorder = recorderIn(point, { journal: 'wal' });
    onTestFinished(() => {
      recorder.close();
      spawnSync('umount', ['-l', point]);
      rmSync(point, { recursive: true, force: true });
    });
    const file = join(point, 'w.db');
    const waiting: SpanBatch[] = [];
    for (let n = 0; n < 40; n += 1) {
      const outcome = recorder.apply(batch('w', ...Array.from({ length: 50 }, (_, i) => 50 * n + i)));
      if (outcome.status === 'written') continue;
      expect(outcome).toMatchObject({
        reason: 'disk',
        message: expect.stringMatching(/cannot write to .*w\.db: .*(full|I\/O|no space).*has room/i),
      });
      waiting.push(outcome.rest);
    }
    expect(waiting.length).toBeGreaterThan(0);
    expect(waiting.length).toBeLessThan(40);
    expectBalance(recorder);
    expect(red(recorder)).not.toEqual([]);
    expect(spawnSync('mount', ['-o', 'remount,size=64m', point]).status).toBe(0);
    for (const rest of waiting) expect(recorder.apply(rest)).toEqual({ status: 'written' });
    expect(countOf(file, 'task_executions')).toBe(2000);
    expect(booksOf(recorder)).toEqual({ seen: 2000, recorded: 2000, repeated: 0, waiting: 0 });
    expect(red(recorder)).toEqual([]);
    expect(column(file, 'PRAGMA integrity_check')).toEqual(['ok']);
    expect(column(file, 'SELECT task_count FROM agent_sessions')).toEqual([2000]);
  });
});
