import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { gitPlace } from '../../../src/hook/git-place.ts';
import { PACKAGED_SCRIPT } from '../../../src/hook/install/hook-script.ts';
import { HOOK_VARIABLES } from '../../../src/spool/hook-environment.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { homeSpool, hooksIn, recordsIn, runHook, SHELLS } from './shell-hook.ts';

const git = (cwd: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd, encoding: 'utf8' }).trim();

/** A repository with one commit. */
function repository(): string {
  const folder = scratchFolder();
  git(folder, 'init', '-q', '-b', 'main');
  git(folder, 'commit', '-q', '--allow-empty', '-m', 'first');
  return folder;
}

describe.each(SHELLS.map((shell) => [shell.join(' '), shell] as const))('read by %s, the script', (_name, shell) => {
  test('spools an event byte by byte, with what surrounded it', async () => {
    const home = scratchFolder();
    const cwd = repository();
    const payload = '{"text":"ünï \\u0000 %s \\\\n \'$HOME\'",\n"n":1}';
    const env = {
      HOME: home,
      AGENT_ID: "agent's 7",
      AI_TRACKER_TASK_ID: 'task 1',
      TRACEPARENT: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      TRACESTATE: 'a=b',
      AI_TRACKER_LABELS: 'team=a b,\nx=%d',
      CLAUDE_PROJECT_DIR: '/pro ject',
    };
    const before = Date.now();
    expect(await runHook({ env, input: payload, shell, cwd })).toEqual({ code: 0, signal: null, output: '' });

    const [hook] = hooksIn(homeSpool(home));
    expect(hook).toMatchObject({
      source: 'claude',
      payload,
      home,
      target: {
        agentId: "agent's 7",
        labels: [
          ['team', 'a b'],
          ['x', '%d'],
        ],
      },
      context: { taskId: 'task 1', traceparent: env.TRACEPARENT, tracestate: 'a=b' },
      place: { cwd, projectDir: '/pro ject', git: { top: cwd, branch: 'main', headSha: git(cwd, 'rev-parse', 'HEAD') } },
    });
    expect(hook?.receivedMs).toBeGreaterThan(before - 1000);
  });

  test('takes nothing of its environment that is not on the list', async () => {
    const home = scratchFolder();
    const secrets = [
      'ANTHROPIC_API_KEY',
      'AI_TRACKER_TOKEN',
      'CLAUDE_CODE_MESSAGING_TOKEN',
      'AWS_SECRET_ACCESS_KEY',
      'AGENT_IDX',
    ];
    const env = Object.fromEntries(secrets.map((name) => [name, `canary-${name}`]));
    await runHook({ env: { ...env, HOME: home, AGENT_ID: 'a' }, shell });
    const [name = ''] = recordsIn(homeSpool(home));
    const text = readFileSync(join(homeSpool(home), name), 'utf8');
    expect(text).toContain('AGENT_ID=a\0');
    expect(text).not.toContain('canary');
  });

  test('makes folders and records that only their owner reads, and leaves no temporary file', async () => {
    const home = scratchFolder();
    await runHook({ env: { HOME: home }, shell });
    const [name = ''] = recordsIn(homeSpool(home));
    expect(statSync(join(homeSpool(home), name)).mode & 0o777).toBe(0o600);
    for (const folder of ['.config', '.config/ai-tracker', '.config/ai-tracker/spool']) {
      expect(statSync(join(home, folder)).mode & 0o777, folder).toBe(0o700);
    }
    expect(
      execFileSync('ls', ['-A', homeSpool(home)], { encoding: 'utf8' })
        .trim()
        .split('\n'),
    ).toEqual([name]);
  });
});

test('the script names the same variables as the Node hook does', () => {
  const script = readFileSync(PACKAGED_SCRIPT, 'utf8');
  const header = /print_header\(\) \{\n(.*?)\n\}/s.exec(script)?.[1] ?? '';
  const pairs = [...header.matchAll(/\$\{([A-Z_]+):\+"([A-Z_]+)=\$([A-Z_]+)"\}/g)];
  for (const [, name, key, value] of pairs) expect([key, value]).toEqual([name, name]);
  expect(new Set(pairs.map(([, name]) => name))).toEqual(new Set(HOOK_VARIABLES));
  expect(pairs).toHaveLength(HOOK_VARIABLES.length);
});

describe('where the hook runs is read from git’s files, as Node reads it', () => {
  const place = async (cwd: string) => {
    const home = scratchFolder();
    await runHook({ env: { HOME: home }, cwd });
    return hooksIn(homeSpool(home))[0]?.place?.git;
  };

  test.each<[what: string, make: (folder: string) => string]>([
    ['a folder below the top', (folder) => (mkdirSync(join(folder, 'a/b'), { recursive: true }), join(folder, 'a/b'))],
    ['a branch with slashes', (folder) => (git(folder, 'switch', '-q', '-c', 'feature/a/b'), folder)],
    ['a detached head', (folder) => (git(folder, 'switch', '-q', '--detach'), folder)],
    ['refs that are packed', (folder) => (git(folder, 'pack-refs', '--all'), folder)],
    ['a work tree of its own', (folder) => (git(folder, 'worktree', 'add', '-q', 'tree', '-b', 'other'), join(folder, 'tree'))],
    [
      'a relative gitdir',
      (folder) => {
        git(folder, 'init', '-q', '-b', 'inner', '--separate-git-dir', join(folder, 'elsewhere'), 'sub');
        writeFileSync(join(folder, 'sub/.git'), 'gitdir: ../elsewhere\n');
        return join(folder, 'sub');
      },
    ],
  ])('%s', async (_what, make) => {
    const cwd = make(repository());
    const expected = gitPlace(cwd);
    expect(expected).not.toBeNull();
    expect(await place(cwd)).toEqual(expected);
  });

  test('no repository', async () => {
    expect(await place(scratchFolder())).toBeNull();
  });
});
