import { spawnSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { refusals } from '../../src/spool/refusals.ts';
import { recordNames } from '../../src/spool/write-record.ts';
import { git, repository } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

function run(cwd: string, home: string, args: readonly string[], input = ''): string {
  const env = { PATH: process.env['PATH'], HOME: home, AGENT_ID: 'agent', AI_TRACKER_SPOOL_DIR: join(home, 'spool') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { cwd, env, input, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

const event = (name: string, id = 'call'): string =>
  JSON.stringify({ session_id: 's-1', hook_event_name: name, tool_name: 'Bash', tool_use_id: id, tool_input: {} });

test('`hook claude` around a command makes rows of what the command changed, with the repository’s id', () => {
  const home = scratchFolder();
  const top = repository(join(home, 'repo'), { 'a.txt': 'a\n' });
  git(top, 'remote', 'add', 'origin', 'https://me:secret@example.com/org/repo.git');
  expect(run(top, home, ['hook', 'claude'], event('PreToolUse'))).toBe('');
  appendFileSync(join(top, 'a.txt'), 'b\nc\n');
  expect(run(top, home, ['hook', 'claude'], event('PostToolUseFailure'))).toBe('');
  // The first reading command drains.
  run(top, home, ['tools']);
  const rows = run(top, home, [
    'sql',
    '--json',
    'SELECT repo_path, repo_id, branch, lines_added, lines_removed FROM file_modifications',
  ]);
  expect(JSON.parse(rows)).toEqual([
    { repo_path: 'a.txt', repo_id: 'example.com/org/repo', branch: 'main', lines_added: 2, lines_removed: 0 },
  ]);
});

test('of commands beside each other the row says where another one may have done it, and waits in the spool until that is known', () => {
  const home = scratchFolder();
  const top = repository(join(home, 'repo'), { 'a.txt': 'a\n' });
  const query = 'SELECT tool_use_id, repo_path, call_match FROM file_modifications ORDER BY repo_path';
  const rows = (): unknown => {
    run(top, home, ['tools']);
    return JSON.parse(run(top, home, ['sql', '--json', query]));
  };
  run(top, home, ['hook', 'claude'], event('PreToolUse', 'long'));
  writeFileSync(join(top, 'alone.txt'), 'x\n');
  run(top, home, ['hook', 'claude'], event('PreToolUse', 'short'));
  writeFileSync(join(top, 'both.txt'), 'x\n');
  run(top, home, ['hook', 'claude'], event('PostToolUse', 'short'));
  expect(rows()).toEqual([]);
  expect(recordNames(join(home, 'spool')).length).toBe(1);
  run(top, home, ['hook', 'claude'], event('PostToolUse', 'long'));
  expect(rows()).toEqual([
    { tool_use_id: 'long', repo_path: 'alone.txt', call_match: 'exact' },
    { tool_use_id: 'short', repo_path: 'both.txt', call_match: 'inferred' },
  ]);
  expect(recordNames(join(home, 'spool'))).toEqual([]);
});

test('`hook claude` outside of a work tree says by a counter that no state was kept', () => {
  const home = scratchFolder();
  run(home, home, ['hook', 'claude'], event('PreToolUse'));
  expect(refusals(join(home, 'spool'), 'snapshot_no_git')).toBe(1);
});
