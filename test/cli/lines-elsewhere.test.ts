import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AttributedRepository } from '../support/attributed-repository.ts';

/** Four agents with a clone each; the pull request is squashed on a server; all that is left is the folder of their files. */
const repo = new AttributedRepository();
afterAll(() => rmSync(repo.root, { recursive: true, force: true, maxRetries: 5 }));

const server = join(repo.root, 'server.git');
const tracking = join(repo.root, 'copy-of-tracking');
const elsewhere = { HOME: join(repo.root, 'elsewhere'), AI_TRACKER_SHARED_DIR: tracking, AGENT_ID: '' };
const START = ['// What a person began with.', 'export const version = 7;'];

const partOf = (agent: number): string[] => [
  `export function stepOf${agent}(input: readonly string[]): string[] {`,
  `  const chosen${agent} = input.filter((one) => one.length > ${agent});`,
  `  if (chosen${agent}.length === 0) {`,
  '    return [];',
  '  }',
  `  return chosen${agent}.map((one) => one.padEnd(${agent}));`,
  '}',
];

/** Not what SQLite lays beside one. */
const isFile = (name: string): boolean => name.endsWith('.db');

interface Blamed {
  readonly text: string;
  readonly kind: string;
  readonly match: string | null;
  readonly by: string | null;
  readonly agent_id: string | null;
}

/** A clone as somebody has it who never saw the agents' machines. */
function freshClone(name: string, ...args: string[]): string {
  const folder = join(repo.root, name);
  repo.gitWithoutHooks(repo.root, 'clone', '-q', ...args, server, folder);
  return folder;
}

const blamed = (file: string, cwd: string): Promise<Blamed[]> => repo.json<Blamed[]>(['blame', file], { cwd, env: elsewhere });

function expectAgentsOf(lines: readonly Blamed[]): void {
  for (const agent of [1, 2, 3, 4]) {
    const start = lines.findIndex(({ text }) => text.includes(`stepOf${agent}(`));
    expect(lines.slice(start, start + partOf(agent).length)).toEqual(
      partOf(agent).map((text) =>
        expect.objectContaining({ text, kind: 'agent', agent_id: `worker-${agent}`, match: 'inferred', by: 'anchor' }),
      ),
    );
  }
}

beforeAll(async () => {
  repo.write('src/steps.ts', ...START);
  repo.commit('Start');
  repo.git('switch', '-qc', 'feature');
  const lines = [...START];
  for (const agent of [1, 2, 3, 4]) {
    lines.push(...partOf(agent));
    await repo.agentWrites('src/steps.ts', lines, { agent: `worker-${agent}`, task: `task-${agent}`, call: `toolu_${agent}` });
    repo.commit(`Step ${agent}`);
  }
  // Brings what the hooks spooled into the agents' files.
  await repo.json(['stats']);
  repo.gitWithoutHooks(repo.root, 'clone', '-q', '--bare', repo.top, server);
  repo.gitWithoutHooks(server, 'symbolic-ref', 'HEAD', 'refs/heads/main');
  // The server's squash: another clone, without hooks.
  const squashing = freshClone('squashing');
  repo.gitWithoutHooks(squashing, 'switch', '-q', 'main');
  repo.gitWithoutHooks(squashing, 'merge', '-q', '--squash', 'origin/feature');
  repo.gitWithoutHooks(squashing, 'commit', '-qm', 'Steps (#31)');
  repo.gitWithoutHooks(squashing, 'push', '-q', 'origin', 'main', ':feature');
  cpSync(repo.tracking, tracking, { recursive: true });
  mkdirSync(elsewhere.HOME);
  cpSync(join(repo.home, '.gitconfig'), join(elsewhere.HOME, '.gitconfig'));
  for (const gone of [repo.top, repo.tracking]) rmSync(gone, { recursive: true });
});

test('a fresh clone with only a copy of the tracking folder knows whose the lines of a squash on the server are', async () => {
  const clone = freshClone('fresh', '-b', 'main');
  const before = readdirSync(tracking).filter(isFile);
  expectAgentsOf(await blamed('src/steps.ts', clone));
  const [chain] = await repo.json<{ task: { task_id: string }; arrows: { to: string; match: string }[] }[]>(
    ['why', 'src/steps.ts:17'],
    { cwd: clone, env: elsewhere },
  );
  expect(chain).toMatchObject({ agent_id: 'worker-3', task: { task_id: 'task-3' }, commit: { subject: 'Steps (#31)' } });
  expect(chain?.arrows.find(({ to }) => to === 'edit')?.match).toBe('inferred');
  expect(await repo.json(['commit', 'HEAD'], { cwd: clone, env: elsewhere })).toMatchObject({
    ...{ match: 'inferred', ai_lines_added: 28, human_lines_added: 0, unknown_lines_added: 0 },
    files: [{ agents: ['worker-1', 'worker-2', 'worker-3', 'worker-4'] }],
  });
  // Looking has left nothing behind, neither in the clone nor in the folder.
  expect(existsSync(join(clone, '.git/ai-tracker'))).toBe(false);
  expect(readdirSync(tracking).filter(isFile)).toEqual(before);
});

test('it knows them after git mv and after filter-branch made a repository of one folder', async () => {
  const clone = freshClone('moved', '-b', 'main');
  repo.gitWithoutHooks(clone, 'mv', 'src/steps.ts', 'src/phases.ts');
  repo.gitWithoutHooks(clone, 'commit', '-qm', 'Move');
  expectAgentsOf(await blamed('src/phases.ts', clone));
  repo.gitWithoutHooks(clone, 'remote', 'remove', 'origin');
  repo.gitWithoutHooks(clone, 'filter-branch', '-f', '--subdirectory-filter', 'src', 'HEAD');
  expectAgentsOf(await blamed('phases.ts', clone));
});

test('a repository of others with a line or two in common is not taken for this one', async () => {
  const folder = join(repo.root, 'others');
  repo.gitWithoutHooks(repo.root, 'init', '-q', folder);
  repo.gitWithoutHooks(folder, 'commit', '-q', '--allow-empty', '-m', 'Theirs');
  const own = ['export const theirs = 1;', partOf(1)[0] ?? '', '}'];
  writeFileSync(join(folder, 'own.ts'), own.map((line) => `${line}\n`).join(''));
  repo.gitWithoutHooks(folder, 'add', 'own.ts');
  repo.gitWithoutHooks(folder, 'commit', '-qm', 'Own');
  expect((await blamed('own.ts', folder)).map(({ kind }) => kind)).toEqual(['unknown', 'unknown', 'unknown']);
});

test('a shallow clone says what to fetch', async () => {
  const clone = freshClone('shallow', '-b', 'main', '--depth', '1', '--no-local');
  const chains = await repo.json<{ kind: string; missing: { fix: string | null }[] }[]>(['why', 'src/steps.ts'], {
    cwd: clone,
    env: { ...elsewhere, AI_TRACKER_SHARED_DIR: join(repo.root, 'nothing') },
  });
  expect(chains.map(({ kind, missing }) => [kind, missing[0]?.fix])).toEqual([['unknown', 'git fetch --unshallow']]);
  const check = ['attribution', 'HEAD', '--fail-unknown-over', '100'];
  for (const AI_TRACKER_SHARED_DIR of [tracking, join(repo.root, 'nothing')]) {
    const refused = await repo.ask(check, { cwd: clone, env: { ...elsewhere, AI_TRACKER_SHARED_DIR } });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('git fetch --unshallow') });
  }
});

test('notes of git-ai tell of lines of which nothing else is known', async () => {
  const clone = freshClone('noted', '-b', 'main');
  const sha = repo.gitIn(clone, 'rev-parse', 'HEAD');
  const session = { agent_id: { tool: 'cursor', id: 'c-1', model: 'gpt-5' }, messages: [] };
  const metadata = { schema_version: 'authorship/3.0.0', base_commit_sha: sha, prompts: { abcd1234abcd1234: session } };
  const note = `src/steps.ts\n  abcd1234abcd1234 3-5,7\n---\n${JSON.stringify(metadata, null, 2)}`;
  repo.gitWithoutHooks(clone, 'notes', '--ref=ai', 'add', '-m', note, sha);
  const env = { ...elsewhere, AI_TRACKER_SHARED_DIR: join(repo.root, 'nothing') };
  const lines = await repo.json<Blamed[]>(['blame', 'src/steps.ts'], { cwd: clone, env });
  expect(lines.slice(2, 8).map(({ kind, agent_id, by }) => [kind, agent_id, by])).toEqual([
    ['agent', 'cursor', 'note'],
    ['agent', 'cursor', 'note'],
    ['agent', 'cursor', 'note'],
    ['human', null, 'note'],
    ['agent', 'cursor', 'note'],
    ['human', null, 'note'],
  ]);
  // What was recorded here goes before.
  expectAgentsOf(await blamed('src/steps.ts', clone));
});

test('commits from before the first recorded one are counted as unknown, whatever they hold', async () => {
  const folder = join(repo.root, 'ancient');
  repo.gitWithoutHooks(repo.root, 'init', '-q', folder);
  const past = { GIT_COMMITTER_DATE: '2001-01-01T00:00:00Z', GIT_AUTHOR_DATE: '2001-01-01T00:00:00Z' };
  const then = (...args: string[]): void =>
    void execFileSync('git', ['-c', 'core.hooksPath=/dev/null', ...args], { cwd: folder, env: { ...repo.env(), ...past } });
  writeFileSync(join(folder, 'a b.ts'), 'one\ntwo\n');
  writeFileSync(join(folder, 'picture.png'), Buffer.from([0, 1, 2]));
  then('add', '-A');
  then('commit', '-qm', 'First');
  then('mv', 'a b.ts', 'c.ts');
  then('commit', '-qm', 'Rename');
  writeFileSync(join(folder, 'c.ts'), 'one\nother\nthree\n');
  then('commit', '-qam', 'Change');
  const report = await repo.json(['attribution', 'HEAD'], { cwd: folder, env: elsewhere });
  expect(report).toMatchObject({
    commits: 3,
    inferred_commits: 3,
    unknown_lines_added: 4,
    unknown_lines_removed: 1,
    unknown_percent: 100,
  });
});

test('attribution of a pull request counts lines of a squash as those of its agents, and can refuse unknown ones', async () => {
  const clone = join(repo.root, 'fresh');
  const report = await repo.json<{ groups: { key: string; ai_lines_added: number }[] }>(['attribution', '#31'], {
    cwd: clone,
    env: elsewhere,
  });
  expect(report).toMatchObject({ commits: 1, inferred_commits: 1, ai_lines_added: 28, unknown_lines_added: 0, elsewhere_usd: 0 });
  expect(report.groups.map(({ key, ai_lines_added }) => [key, ai_lines_added])).toEqual(
    [1, 2, 3, 4].map((agent) => [`worker-${agent}`, 7]),
  );
  const args = ['attribution', '#31', '--fail-unknown-over', '10'];
  expect((await repo.ask(args, { cwd: clone, env: elsewhere })).code).toBe(0);
  const refused = await repo.ask(args, { cwd: clone, env: { ...elsewhere, AI_TRACKER_SHARED_DIR: join(repo.root, 'nothing') } });
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('100.0 % of the added lines are unknown') });
  expect((await repo.ask(['attribution', '#99'], { cwd: clone, env: elsewhere })).code).toBe(1);
});
