import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { PACKAGED_SCRIPT } from '../../src/hook/install/hook-script.ts';
import { until } from '../support/agent-rows.ts';
import { ServeProcess } from '../support/serve-process.ts';
import { expectEditsOfEachTurn } from './expected-edits.ts';
import { CANARY, RecordedRun } from './recorded-run.ts';
import { FILES, threeTools } from './work.ts';

const PROMPT = `Please work ${CANARY}`;
const PLUGIN = fileURLToPath(new URL('../../plugin', import.meta.url));
const DONE = { code: 0, stdout: 'Done.\n', stderr: '' };
const ENV = { AGENT_ID: 'worker-1', AI_TRACKER_TASK_ID: 'task-7' };

const expectOwned = (run: RecordedRun): void =>
  expect(new Set(run.edits().map(({ owner, match }) => `${match} ${owner}`))).toEqual(new Set(['attribute hook:task-7:0']));

test('as a plugin: the same rows, of the task that AI_TRACKER_TASK_ID names', async () => {
  const run = new RecordedRun('worker-1', FILES);
  expect(await run.claude(PROMPT, threeTools(run), ENV, { args: ['--plugin-dir', PLUGIN] })).toEqual(DONE);
  expect(await run.aiTracker(['hook', 'drain'])).toEqual({ code: 0, stdout: '', stderr: '' });
  expectEditsOfEachTurn(run);
  expectOwned(run);
});

test('from the settings of a project: the same rows for who has ai-tracker-hook on PATH, and silence for who has not', async () => {
  const run = new RecordedRun('worker-1', FILES);
  expect((await run.aiTracker(['install', '--scope', 'project'])).code).toBe(0);
  expect(run.tree.changes().map(({ path }) => path)).toEqual(['.claude/settings.json']);
  const bin = join(run.home, 'bin');
  mkdirSync(bin);
  symlinkSync(PACKAGED_SCRIPT, join(bin, 'ai-tracker-hook'));

  const PATH = `${bin}${delimiter}${process.env['PATH']}`;
  expect(await run.claude(PROMPT, threeTools(run), { ...ENV, PATH })).toEqual(DONE);
  expect(await run.aiTracker(['hook', 'drain'])).toEqual({ code: 0, stdout: '', stderr: '' });
  expectEditsOfEachTurn(run);
  expectOwned(run);

  const other = new RecordedRun('worker-1', FILES);
  expect((await other.aiTracker(['install', '--scope', 'project'])).code).toBe(0);
  expect(await other.claude(PROMPT, threeTools(other), ENV)).toEqual(DONE);
  expect(existsSync(join(other.folder, '.spool'))).toBe(false);
});

test('over HTTP: the same rows, while the receiver is there; without it Claude Code goes on, and says so at its end', async () => {
  const run = new RecordedRun('worker-1', FILES);
  const serve = await ServeProcess.start({ folder: run.folder });
  onTestFinished(() => serve.kill());
  expect((await run.aiTracker(['install', '--http'], { AI_TRACKER_ENDPOINT: serve.url })).code).toBe(0);
  // Nobody keeps states of the work tree here: what a command changed is what Claude Code tells of it.
  expect(await run.claude(PROMPT, threeTools(run), { ...ENV, CLAUDE_CODE_BASH_EDIT_DIFF: '1' })).toEqual(DONE);
  await run.until('the last edit is there', `select 1 from file_modifications where tool_use_id = 'toolu_bash'`);
  expectEditsOfEachTurn(run);
  expectOwned(run);

  const before = run.edits();
  await serve.kill();
  const alone = await run.claude(PROMPT, [{ opensWith: 'Please work', turns: [] }], ENV);
  expect(alone).toMatchObject({ code: 0, stdout: DONE.stdout });
  // The one hook of which Claude Code says so.
  expect(alone.stderr).toMatch(/^SessionEnd hook \[.*\] failed: connect ECONNREFUSED .*\n$/);
  expect(run.edits()).toEqual(before);
});

test('a session that is ended in the middle of a command leaves it as interrupted', async () => {
  const run = new RecordedRun('worker-1', { ...FILES, 'change.sh': 'echo begun >begun.txt; sleep 60' });
  expect((await run.aiTracker(['install'])).code).toBe(0);
  const tool = { id: 'toolu_killed', name: 'Bash', input: { command: 'sh change.sh', description: 'takes long' } };
  await run.claude(PROMPT, [{ opensWith: 'Please work', turns: [[tool]] }], ENV, {
    onStart: (child) => {
      void until('the command runs', () => existsSync(run.path('begun.txt')), 60_000).then(() => child.kill('SIGTERM'));
    },
  });
  await run.until('the session has ended', `select 1 from tool_calls where error_type is not null`);
  expect(run.rows('select call_id, success, error_type, task_execution_id from tool_calls')).toEqual([
    { call_id: 'toolu_killed', success: null, error_type: 'interrupted', task_execution_id: 'hook:task-7:0' },
  ]);
});

test('what a failing command changed is a row, also after Claude Code has told what others changed', async () => {
  const run = new RecordedRun('worker-1', FILES);
  const serve = await ServeProcess.start({ folder: run.folder });
  onTestFinished(() => serve.kill());
  expect((await run.aiTracker(['install'])).code).toBe(0);
  const bash = (id: string, command: string) => ({ id, name: 'Bash', input: { command, description: 'changes files' } });
  const turns = [[bash('toolu_told', 'sh change.sh')], [bash('toolu_failed', 'sh fail.sh')]];
  const drained = (id: string): Promise<void> =>
    run.until(`${id} is drained`, `select 1 from tool_calls where call_id = '${id}' and success is not null`);
  const env = { ...ENV, CLAUDE_CODE_BASH_EDIT_DIFF: '1' };
  const said = await run.claude(PROMPT, [{ opensWith: 'Please work', turns }], env, { afterTurn: ([tool]) => drained(tool!.id) });
  expect(said).toEqual(DONE);
  expectEditsOfEachTurn(run);
});
