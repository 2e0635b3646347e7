import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { Recorder } from '../../src/ingest/recorder.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromSender, taskSpan } from '../support/span-makers.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

test('ai-tracker demo shows tasks, a task with children, calls, a query with its answer and the files', () => {
  const folder = join(scratchFolder(), 'the rows');
  // Somebody else's files are in the folder that the user names.
  mkdirSync(folder);
  const strangers = new Database(join(folder, 'strangers.db'));
  strangers.exec('CREATE TABLE theirs (id)');
  strangers.close();
  const other = new Recorder({ settings: resolveSettings({ sharedDir: folder }, {}).settings, env: {}, busyTimeoutMs: 0 });
  other.apply({ origin: fromSender(Date.now(), 'other'), spans: [taskSpan('one', { span: 1 })], logs: [] });
  other.close();
  // A recording of the user's own, which the demo must not touch.
  const own = scratchFolder();
  mkdirSync(join(own, 'agents'));
  const env = {
    ...process.env,
    COLUMNS: '200',
    AI_TRACKER_SHARED_DIR: join(own, 'agents'),
    AGENT_ID: 'mine',
    OTEL_SERVICE_NAME: 'mine',
  };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'demo', '--dir', folder], {
    env,
    encoding: 'utf8',
    timeout: 100_000,
  });

  expect(stderr).toBe('');
  expect(status).toBe(0);
  const titles = stdout.split('\n').filter((line) => line.startsWith('# '));
  expect(titles.map((title) => title.split(' ')[2])).toEqual(['tasks', 'task', 'tools', 'sql']);
  for (const title of titles) expect(title).toContain(`--dir '${folder}'`);
  expect(stdout).toMatch(/researcher +\w+ +read-feed +failed .*GET \/feed answered 503/);
  expect(stdout).toMatch(/researcher +\w+ +read-feed +2 +completed/);
  expect(stdout).toMatch(/coder +\w+ +long-refactor +cancelled/);
  expect(stdout).toMatch(/\nChildren\n\n.*\n.*look-up.*\n.*look-up/);
  expect(stdout).toMatch(/look-up +mcp +search_notes .*ok/);
  expect(stdout).toMatch(/read-feed +http +GET .*failed.* 503/);
  expect(stdout).toMatch(/\nrun-tests:run-tests +0 +failed +1 +1\n/);
  for (const agent of ['coder', 'researcher']) {
    expect(stdout).toContain(`${join(folder, agent)}.db\n`);
    expect(existsSync(join(folder, `${agent}.db`))).toBe(true);
  }
  const listed = stdout.slice(stdout.indexOf('One ordinary SQLite file per agent'));
  expect(listed).not.toMatch(/strangers\.db|other\.db/);
  expect(existsSync(join(own, 'agents/mine.db'))).toBe(false);
}, 120_000);
