import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Deadline } from '../../src/cli/selftest/deadline.ts';
import type { Bench, Door } from '../../src/cli/selftest/door.ts';
import { runDoors } from '../../src/cli/selftest/run-doors.ts';
import { until } from '../support/agent-rows.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { ServeProcess } from '../support/serve-process.ts';
import { aiTracker, type CommandRun, type RunOptions } from './command.ts';

interface Report {
  readonly ok: boolean;
  readonly ms: number;
  readonly doors: readonly {
    readonly door: string;
    readonly status: string;
    readonly message: string;
    readonly command?: string;
  }[];
}

/** What is tested here but in the last tests is not its speed: a machine that runs tests is busy. */
const PATIENT = ['--within', '60'];

const selftest = (options: RunOptions, ...args: string[]): ReturnType<typeof hasty> => hasty(options, ...PATIENT, ...args);

async function hasty(options: RunOptions, ...args: string[]): Promise<CommandRun & { readonly report: Report }> {
  const run = await aiTracker(['selftest', '--json', ...args], options);
  return { ...run, report: JSON.parse(run.stdout) as Report };
}

const doors = ({ doors }: Report): Record<string, string> => Object.fromEntries(doors.map(({ door, status }) => [door, status]));

/** Names of files, those of folders below too; not those that SQLite has beside an open file. */
const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/-(wal|shm)$/.test(entry.name))
    .map(({ name }) => name)
    .sort();

/** A home with Claude Code's hooks installed. */
async function installed(...args: string[]): Promise<string> {
  const home = scratchFolder();
  mkdirSync(join(home, '.claude'));
  expect(await aiTracker(['install', ...args], { home, cwd: home })).toMatchObject({ code: 0 });
  return home;
}

describe('ai-tracker selftest', () => {
  test('commits in a repository of its own by the hook that is installed, and leaves no record', async () => {
    const home = scratchFolder();
    const repo = join(home, 'repo');
    execFileSync('git', ['init', '-q', repo]);
    expect(await aiTracker(['install', '--git'], { home, cwd: repo })).toMatchObject({ code: 0 });
    const { report } = await selftest({ home, cwd: home });
    expect(doors(report)).toMatchObject({ git: 'ok' });
    expect(files(join(home, '.config/ai-tracker/spool')).filter((name) => name.endsWith('.hook'))).toEqual([]);
    rmSync(join(home, '.config/ai-tracker/hooks/git-hook.sh'));
    const after = await selftest({ home, cwd: home });
    expect(after.report.doors.at(-1)).toMatchObject({ door: 'git', status: 'failed', command: 'ai-tracker install --git' });
  });

  test('sends through every door that is there, and leaves nothing behind', async () => {
    const home = await installed();
    const before = files(home);
    const { code, stderr, report } = await selftest({ home });
    expect([code, stderr, report.ok]).toEqual([0, '', true]);
    expect(doors(report)).toEqual({
      file: 'ok',
      processor: 'ok',
      otlp: 'ok',
      serve: 'skipped',
      hook: 'ok',
      installed: 'ok',
      git: 'skipped',
    });
    expect(files(home)).toEqual(before);
  });

  test('prints a line for each door, marked, in 80 columns', async () => {
    const home = scratchFolder();
    const { code, stdout } = await aiTracker(['selftest', ...PATIENT], { home, env: { COLUMNS: '80', NO_COLOR: '1' } });
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.filter((line) => /^[✓-] \w+ /.test(line)).map((line) => line.split(/ +/)[1])).toEqual([
      ...['file', 'processor', 'otlp', 'serve', 'hook', 'installed', 'git'],
    ]);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('leaves the rows of others, and what waits in their spool, as they are', async () => {
    const home = scratchFolder();
    const dir = join(home, 'agents');
    expect(await aiTracker(['selftest', ...PATIENT, '--dir', dir], { home })).toMatchObject({ code: 0 });
    await aiTracker(['ingest', '-', '--dir', dir, '--agent', 'worker-7'], { home, input: span('run-1') });
    const spool = join(dir, '.spool');
    mkdirSync(spool, { recursive: true });
    writeFileSync(join(spool, '00001700000000-other.json'), 'another’s');
    const rows = (): unknown => {
      const db = new Database(join(dir, 'worker-7.db'), { readonly: true });
      try {
        return db
          .prepare('SELECT (SELECT seq FROM change_counter) AS seq, (SELECT count(*) FROM task_executions) AS tasks')
          .get();
      } finally {
        db.close();
      }
    };
    const before = [rows(), files(dir)];
    expect(await selftest({ home }, '--dir', dir)).toMatchObject({ code: 0 });
    expect([rows(), files(dir)]).toEqual(before);
  });

  test('started in a repository, it leaves that one’s memory of lines alone, one that cannot be read too', async () => {
    const home = await installed();
    const repo = join(home, 'repo');
    execFileSync('git', ['init', '-q', repo]);
    const before = files(home);
    expect((await selftest({ home, cwd: repo })).report).toMatchObject({ ok: true });
    expect(files(home)).toEqual(before);
    mkdirSync(join(repo, '.git/ai-tracker'));
    writeFileSync(join(repo, '.git/ai-tracker/authorship.db'), 'no database');
    expect((await selftest({ home, cwd: repo })).report).toMatchObject({ ok: true });
    expect(files(home)).toEqual([...before, 'authorship.db'].sort());
  });

  test('beside one file for all agents: nothing gets into it, and its lock is tried', async () => {
    const home = scratchFolder();
    const db = join(home, 'all.db');
    await aiTracker(['ingest', '-', '--db', db, '--agent', 'worker-7'], { home, input: span('run-1') });
    const { code, report } = await selftest({ home, env: { AI_TRACKER_DB_PATH: db } });
    expect([code, doors(report)['hook']]).toEqual([0, 'ok']);
    const file = new Database(db);
    expect(file.prepare('SELECT DISTINCT agent_id FROM task_executions').pluck().all()).toEqual(['worker-7']);
    expect(file.prepare('SELECT count(*) FROM file_modifications').pluck().get()).toBe(0);
    expect(files(home).filter((name) => name.startsWith('selftest'))).toEqual([]);

    file.exec('BEGIN IMMEDIATE');
    const locked = await selftest({ home, env: { AI_TRACKER_DB_PATH: db } });
    file.close();
    expect([locked.code, doors(locked.report)]).toEqual([1, { file: 'failed' }]);
    expect(locked.report.doors[0]?.message).toContain(db);
  });

  test('reads back from a receiver that runs, and says when its rows go elsewhere, its token is another, or it is down', async () => {
    const home = scratchFolder();
    const dir = join(home, 'agents');
    const serve = await ServeProcess.start({ folder: dir, env: { HOME: home, AI_TRACKER_TOKEN: 'secret' } });
    onTestFinished(() => serve.kill());
    const env = { AI_TRACKER_SHARED_DIR: dir, AI_TRACKER_ENDPOINT: serve.url };
    const right = await selftest({ home, env: { ...env, AI_TRACKER_TOKEN: 'secret' } });
    expect(right.report.doors.find(({ door }) => door === 'serve')).toMatchObject({ status: 'ok' });
    expect([right.code, doors(right.report)['hook']]).toEqual([0, 'ok']);
    expect(files(dir).filter((name) => name.startsWith('selftest'))).toEqual([]);

    const wrong = await selftest({ home, env: { ...env, AI_TRACKER_TOKEN: 'guess' } });
    expect(wrong.code).toBe(1);
    expect(wrong.report.doors.at(-1)).toMatchObject({ door: 'serve', status: 'failed', command: 'export AI_TRACKER_TOKEN=…' });

    await serve.stop();
    const down = await selftest({ home, env: { ...env, AI_TRACKER_TOKEN: 'secret' } });
    expect(down.code).toBe(1);
    expect(down.report.doors.at(-1)).toMatchObject({ door: 'serve', status: 'failed' });
    expect(down.report.doors.at(-1)?.message).toContain('ECONNREFUSED');
  });

  test.each([
    ['is not there any more', (script: string) => rmSync(script)],
    ['prints something', (script: string) => writeFileSync(script, 'echo hello; exit 0\n')],
    ['ends with an error', (script: string) => writeFileSync(script, 'exit 2\n')],
    ['does nothing', (script: string) => writeFileSync(script, 'exit 0\n')],
  ])('fails where the installed script %s', async (_what, damage) => {
    const home = await installed();
    damage(join(home, '.config/ai-tracker/hooks/claude-hook.sh'));
    const { code, report } = await selftest({ home });
    expect(code).toBe(1);
    expect(report.doors.at(-1)).toMatchObject({ door: 'installed', status: 'failed', command: 'ai-tracker install' });
    expect(files(home).filter((name) => name.startsWith('selftest'))).toEqual([]);
  });

  test('tries hooks that send to a receiver by sending to it', async () => {
    const home = await installed('--http');
    const { code, report } = await selftest({ home });
    expect(code).toBe(1);
    expect(report.doors.at(-1)).toMatchObject({ door: 'installed', status: 'failed', command: 'ai-tracker serve' });
  });

  test('fails at the first door where the folder does not take files, and says which', async () => {
    const home = scratchFolder();
    const place = join(home, 'file');
    writeFileSync(place, '');
    const { code, report } = await selftest({ home, env: { AI_TRACKER_SHARED_DIR: join(place, 'agents') } });
    expect(code).toBe(1);
    expect(doors(report)).toEqual({ file: 'failed' });
    expect(report.doors[0]?.message).toContain(place);
    expect(files(home)).toEqual(['file']);
  });

  test('fails where the spool cannot be written', async () => {
    const home = scratchFolder();
    const place = join(home, 'file');
    writeFileSync(place, '');
    const { code, report } = await selftest({ home, env: { AI_TRACKER_SPOOL_DIR: join(place, 'spool') } });
    expect(code).toBe(1);
    expect(report.doors.at(-1)).toMatchObject({ door: 'hook', status: 'failed' });
    expect(report.doors.at(-1)?.message).toContain(join(place, 'spool'));
  });

  test('fails where recording is switched off', async () => {
    const { code, report } = await selftest({ home: scratchFolder(), env: { AI_TRACKER_DISABLED: '1' } });
    expect([code, report.doors[0]?.message]).toEqual([1, expect.stringContaining('AI_TRACKER_DISABLED') as string]);
  });

  test('takes away what a self-test that was killed left, and leaves what one that runs now needs', async () => {
    const home = scratchFolder();
    const dir = join(home, 'agents');
    await aiTracker(['selftest', ...PATIENT, '--dir', dir], { home });
    const old = await seed(home, dir, 'selftest-00000000');
    const young = await seed(home, dir, 'selftest-11111111');
    const person = await seed(home, dir, 'selftest-of-mine');
    for (const path of [old, person]) utimesSync(path, 1, Date.now() / 1000 - 3600);
    chmodSync(old, 0o600);
    expect(await selftest({ home }, '--dir', dir)).toMatchObject({ code: 0 });
    expect(files(dir).filter((name) => name.startsWith('selftest'))).toEqual(
      [young, person].map((path) => path.slice(dir.length + 1)),
    );
  });
});

describe('ai-tracker selftest ends in its time, whatever hangs', () => {
  /** Of a script that leaves a child behind, which holds its pipes open. */
  const hanging = (pidFile: string): string => `sleep 600 &\necho $! >${pidFile}\nwait\n`;
  const isAlive = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  test('a hook that does not end: ✗ within two seconds, the hook and its children are killed, nothing is left', async () => {
    const home = await installed();
    const pidFile = join(home, 'pid');
    writeFileSync(join(home, '.config/ai-tracker/hooks/claude-hook.sh'), hanging(pidFile));
    const { code, report } = await hasty({ home });
    expect(code).toBe(1);
    // Two, and what a busy machine puts between a timer and its work; without a limit it would be ten and more.
    expect(report.ms).toBeLessThan(6000);
    expect(report.doors.at(-1)).toMatchObject({ status: 'failed', message: expect.stringMatching(/did not end|2 s/) as string });
    if (existsSync(pidFile)) await until('it is killed', () => !isAlive(Number(readFileSync(pidFile, 'utf8'))));
    expect(files(home).filter((name) => name.startsWith('selftest'))).toEqual([]);
  });

  test('a hook of which only the installed one hangs is named', async () => {
    const home = await installed();
    writeFileSync(join(home, '.config/ai-tracker/hooks/claude-hook.sh'), hanging(join(home, 'pid')));
    const { report } = await hasty({ home }, '--within', '8');
    expect(report.doors.at(-1)).toMatchObject({ door: 'installed', status: 'failed', command: 'ai-tracker install' });
    expect(report.doors.at(-1)?.message).toMatch(/a kill after \d+ ms, since it did not end/);
  });

  test('a receiver that takes a request and never answers', async () => {
    const home = scratchFolder();
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => {
      silent.closeAllConnections();
      silent.close();
    });
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const { code, report } = await hasty({ home, env: { AI_TRACKER_ENDPOINT: url } }, '--within', '8');
    expect(code).toBe(1);
    expect(report.doors.at(-1)).toMatchObject({ door: 'serve', status: 'failed' });
    expect(report.doors.at(-1)?.message).toContain(`${url} takes a request and does not answer`);
  });

  test('a door that hangs for good is given up with the others’ results told', async () => {
    const told: string[] = [];
    const deadline = new Deadline(performance.now() / 1000 + 0.2);
    const ok: Door = { name: 'first', try: () => ({ status: 'ok', message: 'fine' }) };
    const hangs: Door = { name: 'second', try: () => new Promise(() => undefined) };
    const results = await runDoors([ok, hangs], { deadline } as Bench, ({ door, status }) => told.push(`${door} ${status}`));
    expect(told).toEqual(['first ok', 'second failed']);
    expect(results.at(-1)).toMatchObject({ message: expect.stringContaining('no answer when the') as string });
  });

  test('a time that is none is wrong use', async () => {
    for (const within of ['0', '-1', 'soon', '']) {
      const { code, stderr } = await aiTracker(['selftest', `--within=${within}`], { home: scratchFolder() });
      expect([within, code]).toEqual([within, 2]);
      expect(stderr).toContain('--within');
    }
  });
});

async function seed(home: string, dir: string, agent: string): Promise<string> {
  await aiTracker(['ingest', '-', '--dir', dir, '--agent', agent], { home, input: span(agent) });
  return join(dir, `${agent}.db`);
}

/** An OTLP request with a task. */
function span(runId: string): string {
  const attribute = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
  return JSON.stringify({
    resourceSpans: [
      {
        scopeSpans: [
          {
            scope: { name: '@hatchet-dev/typescript-sdk' },
            spans: [
              {
                ...{
                  traceId: '0af7651916cd43dd8448eb211c80319c',
                  spanId: 'b7ad6b7169203331',
                  name: 'hatchet.start_step_run',
                  kind: 5,
                },
                ...{ startTimeUnixNano: '1768471200000000000', endTimeUnixNano: '1768471201000000000' },
                attributes: [attribute('step_run_id', runId)],
              },
            ],
          },
        ],
      },
    ],
  });
}
