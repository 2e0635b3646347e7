import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { memoryPath } from '../../src/attribution/open-memory.ts';
import { RepositoryMemory } from '../../src/attribution/repository-memory.ts';
import type { GitHookEvent } from '../../src/hook/git-hook.ts';
import { foldersOf } from '../support/folders-of.ts';
import { git, repository, writeFiles } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { Random } from './history/random.ts';

const BEGAN = Date.now() - 3_600_000;
const OWNER = { target: {}, home: null };
const NOBODY = { agentId: null, taskId: null, traceparent: null, tracestate: null };

type Tell = (memory: RepositoryMemory) => void;

/** A repository in which agents, people and git change a file; what hooks would tell is kept, to be told in any order. */
function played(seed: number) {
  const top = repository(join(scratchFolder(), 'repo'), { 'a.ts': 'one();\ntwo();\n' });
  const folders = foldersOf(top);
  const random = new Random(seed);
  const tells: Tell[] = [];
  const shas: string[] = [];
  let lines = ['one();', 'two();'];
  let clock = 0;
  const timeMs = (): number => BEGAN + ++clock * 10_000;
  const text = (): string => lines.map((line) => `${line}\n`).join('');
  const change = (who: string): void => {
    const at = random.int(0, lines.length);
    const gone = random.int(0, 2);
    const fresh = Array.from({ length: random.int(1, 3) }, (_, n) => (random.chance(0.2) ? '}' : `${who}${clock}_${n}();`));
    lines = [...lines.slice(0, at), ...fresh, ...lines.slice(at + gone)];
  };
  for (let step = 0; step < 24; step++) {
    const kind = random.weighted({ agent: 5, human: 4, undo: 1, commit: 4 });
    if (kind === 'human') change('human');
    if (kind === 'agent') {
      const before = text();
      change('agent');
      const call = {
        sessionId: 's',
        toolUseId: `t${step}`,
        agentId: 'w1',
        timeMs: timeMs(),
        head: shas.at(-1) ?? null,
        run: null,
      };
      const content = { path: 'a.ts', before: { text: before }, after: { text: text() }, hunks: null };
      tells.push((memory) =>
        memory.takeCall(call, 'main', [{ path: 'a.ts', previousPath: null, row: join(top, 'a.ts'), content }]),
      );
    }
    if (kind === 'undo')
      lines = git(top, 'show', 'HEAD:a.ts')
        .split('\n')
        .filter((line) => line !== '');
    if (kind !== 'commit' && step < 23) continue;
    writeFiles(top, { 'a.ts': text() });
    git(top, 'commit', '-q', '--allow-empty', '-am', `step ${step}`);
    const headSha = git(top, 'rev-parse', 'HEAD');
    shas.push(headSha);
    const { gitDir, commonDir } = folders;
    const place = { cwd: top, top, gitDir, commonDir, branch: 'main', headSha };
    const lists = { args: [], rewritten: [], stashes: [], squashed: [], reflog: null };
    const who = { context: NOBODY, claudeSession: null, insideClaude: false };
    const event: GitHookEvent = { hook: 'post-commit', timeMs: timeMs(), place, ...lists, ...who };
    tells.push((memory) => memory.takeGit(event, 'main', OWNER));
  }
  const fresh = (): RepositoryMemory => {
    rmSync(dirname(memoryPath(folders.commonDir)), { recursive: true, force: true });
    return open();
  };
  const open = (): RepositoryMemory => {
    const memory = new RepositoryMemory(folders, 5000);
    onTestFinished(() => memory.close());
    return memory;
  };
  const answers = (memory: RepositoryMemory): unknown[] =>
    shas.map((sha) => memory.attribution(sha, OWNER, Date.now())?.files.map((file) => ({ ...file, anchors: [] })));
  return { tells, fresh, open, answers, random };
}

const shuffled = <T>(list: readonly T[], random: Random): T[] => {
  const rest = [...list];
  return Array.from(list, () => rest.splice(random.int(0, rest.length - 1), 1)[0] as T);
};

test.each([1, 2, 3, 4, 5, 6])('what is told late, twice and in any order makes no difference (history %i)', (seed) => {
  const { tells, fresh, answers, random } = played(seed);
  const inOrder = fresh();
  for (const tell of tells) tell(inOrder);
  inOrder.settle(OWNER, Date.now(), false);
  const expected = answers(inOrder);
  inOrder.close();
  expect(JSON.stringify(expected)).toContain('"modificationId":"s:t');

  const late = fresh();
  for (const [n, tell] of shuffled([...tells, ...tells], random).entries()) {
    tell(late);
    if (n % 3 === 0) late.settle(OWNER, Date.now(), false);
  }
  late.settle(OWNER, Date.now(), false);
  expect(answers(late)).toEqual(expected);
});

test('two processes that take turns at one memory tell the same as one', () => {
  const { tells, fresh, open, answers } = played(7);
  const alone = fresh();
  for (const tell of tells) tell(alone);
  alone.settle(OWNER, Date.now(), false);
  const expected = answers(alone);
  alone.close();

  const memories = [fresh(), open()] as const;
  for (const [n, tell] of tells.entries()) {
    const memory = memories[n % 2 === 0 ? 0 : 1];
    tell(memory);
    memories[n % 3 === 0 ? 0 : 1].settle(OWNER, Date.now(), false);
  }
  memories[0].settle(OWNER, Date.now(), false);
  expect(answers(memories[1])).toEqual(expected);
});
