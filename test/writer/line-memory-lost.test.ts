import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { waitingFolders } from '../../src/spool/waiting-lines.ts';
import { recordNames } from '../../src/spool/write-record.ts';
import { AttributedRepository } from '../support/attributed-repository.ts';

interface Commit {
  readonly match: string | null;
  readonly ai_lines_added: number;
  readonly human_lines_added: number;
  readonly unknown_lines_added: number;
}

const call = { agent: 'w1', call: 'toolu_1' };
const text = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `const ${name}${n} = ${n} * ${n};`);

let repository: AttributedRepository;
beforeEach(() => {
  repository = new AttributedRepository();
});
afterEach(() => rmSync(repository.root, { recursive: true, force: true }));

const memory = (): string => join(repository.top, '.git/ai-tracker/authorship.db');
const spool = (): string => join(repository.tracking, '.spool');
const waiting = (): number => waitingFolders(spool()).reduce((sum, folder) => sum + recordNames(folder).length, 0);
const lines = (sha: string): Promise<Commit> => repository.json<Commit>(['commit', sha]);
const drain = async (): Promise<string> => (await repository.ask(['agents'])).stderr;

/** Through git's hooks; what git and they print on stderr. */
function commit(subject: string): string {
  repository.git('add', '-A');
  const ran = spawnSync('git', ['commit', '-qm', subject], { cwd: repository.top, env: repository.env(), encoding: 'utf8' });
  expect(ran.status).toBe(0);
  return ran.stderr;
}

const DAMAGES: Readonly<Record<string, () => void>> = {
  'is garbage': () => writeFileSync(memory(), 'no database at all\n'.repeat(500)),
  'was cut in the middle': () => truncateSync(memory(), 40_960),
  'is an agent’s file': () => cpSync(join(repository.tracking, 'w1.db'), memory()),
  'lost a table': () => {
    const db = new Database(memory());
    db.exec('DROP TABLE states; DROP TABLE commit_states');
    db.close();
  },
  'has pages of noise': () => {
    const bytes = readFileSync(memory());
    bytes.fill(0x5a, 4096);
    writeFileSync(memory(), bytes);
  },
};

describe('a memory of authorship that', () => {
  for (const [what, damage] of Object.entries(DAMAGES)) {
    test(`${what} is set aside, and what comes next is told by a new one`, async () => {
      await repository.agentWrites('a.ts', text('a', 300), call);
      repository.commit('one');
      expect(await lines('HEAD')).toMatchObject({ ai_lines_added: 300 });
      const first = repository.git('rev-parse', 'HEAD');
      for (const ending of ['-wal', '-shm']) rmSync(`${memory()}${ending}`, { force: true });
      damage();

      await repository.agentWrites('b.ts', text('b', 20), { ...call, call: 'toolu_2' });
      expect(commit('two')).toBe('');
      const said = await drain();
      expect(said.split('\n').filter((line) => line.includes('damaged'))).toHaveLength(1);
      expect(await lines('HEAD')).toMatchObject({ ai_lines_added: 20, human_lines_added: 0, match: 'recorded' });
      expect(await lines(first)).toMatchObject({ ai_lines_added: 300, match: 'recorded' });
      const beside = readdirSync(join(repository.top, '.git/ai-tracker'));
      expect(beside.filter((name) => /^authorship\.db\.damaged-\d{8}T\d{6}Z$/.test(name))).toHaveLength(1);
      expect(await drain()).toBe('');
      expect((await repository.ask(['doctor'])).stdout).toContain('authorship.db.damaged-');
    });
  }

  test('is locked lets records wait, writes their rows, and takes the lines later', async () => {
    await repository.agentWrites('a.ts', text('a', 5), call);
    repository.commit('one');
    await drain();
    const blocker = new Database(memory());
    onTestFinished(() => void blocker.close());
    blocker.exec('BEGIN IMMEDIATE');
    await repository.agentWrites('b.ts', text('b', 7), { ...call, call: 'toolu_2' });
    expect(commit('two')).toBe('');
    await drain();
    expect(waiting()).toBe(2);
    expect(recordNames(spool())).toEqual([]);
    const rows = new Database(join(repository.tracking, 'w1.db'), { readonly: true });
    onTestFinished(() => void rows.close());
    expect(rows.prepare("SELECT count(*) FROM file_modifications WHERE file_path LIKE '%b.ts'").pluck().get()).toBe(1);
    const seq = rows.prepare('SELECT max(change_seq) FROM file_modifications').pluck();
    const before = seq.get();
    await drain();
    expect(seq.get()).toBe(before);
    blocker.exec('ROLLBACK');
    await drain();
    expect(waiting()).toBe(0);
    expect(waitingFolders(spool())).toEqual([]);
    expect(await lines('HEAD')).toMatchObject({ ai_lines_added: 7, human_lines_added: 0, match: 'recorded' });
  }, 60_000);

  test('cannot be made lets commits succeed, and their lines wait until it can', async () => {
    writeFileSync(join(repository.top, '.git/ai-tracker'), 'in the way of the folder');
    await repository.agentWrites('a.ts', text('a', 5), call);
    expect(commit('one')).toBe('');
    expect(await drain()).toContain('cannot keep whose the lines of');
    expect(waiting()).toBe(2);
    rmSync(join(repository.top, '.git/ai-tracker'));
    await drain();
    expect(await lines('HEAD')).toMatchObject({ ai_lines_added: 5, human_lines_added: 0, match: 'recorded' });
    expect(waiting()).toBe(0);
  });
});

describe('records of a repository that cannot be reached', () => {
  test('give their rows at once, and their lines when a drain reaches it', async () => {
    await repository.agentWrites('a.ts', text('a', 5), call);
    repository.commit('one');
    // As seen by a drain in another container.
    renameSync(repository.top, `${repository.top}-elsewhere`);
    await repository.ask(['agents'], { cwd: repository.root });
    expect(recordNames(spool())).toEqual([]);
    expect(waiting()).toBe(2);
    expect(existsSync(repository.top)).toBe(false);
    const rows = new Database(join(repository.tracking, 'w1.db'), { readonly: true });
    expect(rows.prepare('SELECT count(*) FROM file_modifications').pluck().get()).toBe(1);
    rows.close();
    expect((await repository.ask(['doctor'], { cwd: repository.root })).stdout).toContain(`wait for ${repository.top}`);
    renameSync(`${repository.top}-elsewhere`, repository.top);
    expect(await lines('HEAD')).toMatchObject({ ai_lines_added: 5, human_lines_added: 0, match: 'recorded' });
    expect(waiting()).toBe(0);
  });

  test('wait where the same path is another repository', async () => {
    repository.gitWithoutHooks(repository.top, 'commit', '-qm', 'begun', '--allow-empty');
    await repository.agentWrites('a.ts', text('a', 5), call);
    repository.commit('one');
    renameSync(repository.top, `${repository.top}-elsewhere`);
    repository.gitIn(repository.root, 'init', '-q', 'repo');
    await drain();
    expect(waiting()).toBe(2);
    expect(existsSync(memory())).toBe(false);
    rmSync(repository.top, { recursive: true });
    renameSync(`${repository.top}-elsewhere`, repository.top);
    expect(await lines('HEAD')).toMatchObject({ ai_lines_added: 5, human_lines_added: 0 });
  });

  test('are given up once they have waited for too long', async () => {
    await repository.agentWrites('a.ts', text('a', 5), call);
    repository.commit('one');
    rmSync(repository.top, { recursive: true });
    await repository.ask(['agents'], { cwd: repository.root });
    expect(waiting()).toBe(2);
    await repository.ask(['agents'], { cwd: repository.root, env: { AI_TRACKER_SPOOL_HOURS: '0.0001' } });
    expect(waiting()).toBe(2);
    for (const folder of waitingFolders(spool())) rmSync(join(folder, '.tended'));
    await repository.ask(['agents'], { cwd: repository.root, env: { AI_TRACKER_SPOOL_HOURS: '0.0001' } });
    expect(waitingFolders(spool())).toEqual([]);
  });
});
