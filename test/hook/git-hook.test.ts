import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type GitHookEvent, readGitHook } from '../../src/hook/git-hook.ts';
import type { SpooledHook } from '../../src/spool/spool-record.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { homeSpool, hooksIn, SHELLS } from './shell/shell-hook.ts';

const SCRIPT = fileURLToPath(new URL('../../src/hook/shell/git-hook.sh', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const HOOKS = ['post-commit', 'post-rewrite', 'post-merge', 'post-checkout'];

interface Place {
  readonly home: string;
  readonly repo: string;
  readonly git: (args: readonly string[], more?: { cwd?: string; env?: NodeJS.ProcessEnv }) => string;
}

/** A repository whose hooks run that command, with the hook's name and arguments behind it. */
function repository(command: string): Place {
  const home = realpathSync(scratchFolder());
  const repo = join(home, 'repo');
  const git: Place['git'] = (args, { cwd = repo, env } = {}) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'init.defaultBranch=main', ...args], {
      ...{ cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
      env: { PATH: process.env['PATH'], HOME: home, GIT_EDITOR: 'true', GIT_SEQUENCE_EDITOR: 'true', ...env },
    }).trim();
  mkdirSync(repo);
  git(['init', '-q']);
  for (const hook of HOOKS) {
    const path = join(repo, '.git/hooks', hook);
    mkdirSync(join(repo, '.git/hooks'), { recursive: true });
    writeFileSync(path, `#!/bin/sh\n${command} ${hook} "$@"\n`);
    chmodSync(path, 0o755);
  }
  return { home, repo, git };
}

const eventOf = (record: SpooledHook): GitHookEvent => {
  const reading = readGitHook(record);
  if (reading.what === 'ignored') throw new Error(reading.reason);
  return reading.event;
};
const eventsOf = (home: string): GitHookEvent[] => hooksIn(homeSpool(home)).map(eventOf);
const ofHook = (home: string, hook: string): GitHookEvent[] => eventsOf(home).filter((event) => event.hook === hook);

const WAYS: readonly (readonly [string, string])[] = [
  ...SHELLS.map(([shell, ...args]) => [`${[shell, ...args].join(' ')}`, `${[shell, ...args].join(' ')} '${SCRIPT}'`] as const),
  ['ai-tracker hook git', `'${process.execPath}' '${MAIN}' hook git`],
];

describe.each(WAYS)('%s', (_way, command) => {
  test('keeps of a commit where it was made, by whom it was asked, and the step of HEAD', () => {
    const { home, repo, git } = repository(command);
    git(['commit', '-q', '--allow-empty', '-m', 'first']);
    git(['commit', '-q', '--allow-empty', '-m', 'second'], {
      env: {
        AGENT_ID: 'w7',
        AI_TRACKER_TASK_ID: 'hatchet:t1:0',
        TRACEPARENT: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        CLAUDECODE: '1',
        CLAUDE_CODE_SESSION_ID: 's1',
        MY_SECRET: 'hidden',
      },
    });
    const [from, to] = [git(['rev-parse', 'HEAD^']), git(['rev-parse', 'HEAD'])];
    const event = ofHook(home, 'post-commit').find(({ place }) => place.headSha === to);
    expect(event).toMatchObject({
      hook: 'post-commit',
      args: [],
      place: { cwd: repo, top: repo, gitDir: join(repo, '.git'), commonDir: join(repo, '.git'), branch: 'main', headSha: to },
      reflog: { from, to, message: 'commit: second' },
      context: { agentId: 'w7', taskId: 'hatchet:t1:0', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
      claudeSession: 's1',
      insideClaude: true,
    });
    expect(Math.abs((event?.timeMs ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(ofHook(home, 'post-commit').find(({ place }) => place.headSha === from)).toMatchObject({
      insideClaude: false,
      claudeSession: null,
    });
    const kept = readdirSync(homeSpool(home)).map((name) => readFileSync(join(homeSpool(home), name), 'latin1'));
    expect(kept.join('')).not.toContain('hidden');
  });

  test('keeps which commits an amend or a rebase put in the place of which', () => {
    const { home, git } = repository(command);
    git(['commit', '-q', '--allow-empty', '-m', 'first']);
    const from = git(['rev-parse', 'HEAD']);
    git(['commit', '-q', '--allow-empty', '--amend', '-m', 'better']);
    expect(ofHook(home, 'post-rewrite')).toMatchObject([
      { args: ['amend'], rewritten: [{ from, to: git(['rev-parse', 'HEAD']) }] },
    ]);
  });

  test('keeps what is stashed, what a squash merge took, and what was checked out', () => {
    const { home, repo, git } = repository(command);
    writeFileSync(join(repo, 'a'), '1\n');
    git(['add', 'a']);
    git(['commit', '-q', '-m', 'first']);
    const base = git(['rev-parse', 'HEAD']);
    git(['checkout', '-q', '-b', 'topic']);
    writeFileSync(join(repo, 'a'), '2\n');
    git(['commit', '-qam', 'on topic']);
    const squashed = git(['rev-parse', 'HEAD']);
    git(['checkout', '-q', 'main']);
    const checkout = ofHook(home, 'post-checkout').find(({ place }) => place.branch === 'main');
    expect(checkout?.args).toEqual([squashed, base, '1']);
    for (const text of ['x', 'y']) {
      writeFileSync(join(repo, 'a'), `${text}\n`);
      git(['stash', '-q']);
    }
    git(['merge', '-q', '--squash', 'topic']);
    const [newer, older] = git(['stash', 'list', '--format=%H']).split('\n');
    expect(ofHook(home, 'post-merge')).toMatchObject([{ args: ['1'], squashed: [squashed], stashes: [older, newer] }]);
  });

  test('knows a work tree of `git worktree` and its shared folder', () => {
    const { home, repo, git } = repository(command);
    git(['commit', '-q', '--allow-empty', '-m', 'first']);
    const tree = join(home, 'tree');
    git(['worktree', 'add', '-q', '-b', 'side', tree]);
    git(['commit', '-q', '--allow-empty', '-m', 'there'], { cwd: tree });
    const headSha = git(['rev-parse', 'HEAD'], { cwd: tree });
    const event = ofHook(home, 'post-commit').find(({ place }) => place.headSha === headSha);
    expect(event?.place).toEqual({
      ...{ cwd: tree, top: tree, gitDir: join(repo, '.git/worktrees/tree'), commonDir: join(repo, '.git') },
      ...{ branch: 'side', headSha },
    });
  });

  test('lets a commit through where no folder of the spool takes it, and says so in one line', () => {
    const { home, repo, git } = repository(command);
    const env = { PATH: process.env['PATH'], HOME: home, AI_TRACKER_SPOOL_DIR: '/dev/null/spool' };
    const run = spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'x'], {
      ...{ cwd: repo, env, encoding: 'utf8' },
    });
    expect(run.status).toBe(0);
    expect(run.stdout).toBe('');
    expect(run.stderr).toMatch(/^ai-tracker: this post-commit was not recorded\b.*\n$/);
    expect(git(['log', '--format=%s'])).toBe('x');
  });

  test('counts what a full spool refuses', () => {
    const { home, git } = repository(command);
    const spool = homeSpool(home);
    mkdirSync(spool, { recursive: true });
    writeFileSync(join(spool, '.full'), '');
    git(['commit', '-q', '--allow-empty', '-m', 'x'], { env: { AI_TRACKER_SPOOL_MAX_MB: '0.0001' } });
    expect(hooksIn(spool)).toEqual([]);
    expect(readFileSync(join(spool, '.refused_git'), 'utf8')).toBe('.');
  });

  test('does nothing where AI_TRACKER_DISABLED is set', () => {
    const { home, git } = repository(command);
    git(['commit', '-q', '--allow-empty', '-m', 'x'], { env: { AI_TRACKER_DISABLED: '1' } });
    expect(hooksIn(homeSpool(home))).toEqual([]);
  });
});

describe('a body of POST /v1/hooks/git', () => {
  const over = (payload: unknown): SpooledHook => ({
    ...{
      v: 1,
      kind: 'hook',
      source: 'git',
      receivedMs: 5,
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    },
    target: { agentId: 'w7' } as SpooledHook['target'],
    context: { taskId: null, traceparent: null, tracestate: null },
  });

  test('is the same event as the record of the shell', () => {
    const [a, b] = ['a'.repeat(40), 'b'.repeat(40)];
    const body = {
      hook: 'post-rewrite',
      args: ['rebase'],
      git_dir: '/r/.git',
      git_head: b,
      stdin: `${a} ${b}\n`,
      inside_claude: true,
    };
    expect(eventOf(over(body))).toMatchObject({
      ...{ hook: 'post-rewrite', args: ['rebase'], timeMs: 5, rewritten: [{ from: a, to: b }], insideClaude: true },
      place: { top: null, gitDir: '/r/.git', commonDir: '/r/.git', headSha: b },
      context: { agentId: 'w7' },
    });
  });

  test.each([
    ['not_json', '{'],
    ['not_json', '[]'],
    ['no_hook', {}],
    ['no_git_dir', { hook: 'post-commit' }],
    ['no_git_dir', { hook: 'post-commit', git_dir: '.git' }],
  ])('is ignored as %s', (reason, payload) => {
    expect(readGitHook(over(payload))).toEqual({ what: 'ignored', reason });
  });
});
