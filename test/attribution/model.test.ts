import { expect, test } from 'vitest';
import { planHistory, playHistory, type StepName } from './history/play.ts';
import { score } from './history/score.ts';
import { shrink } from './history/shrink.ts';
import { truthOf } from './history/truth.ts';

test('the model of random histories has the text of every commit and counts lines as git does', async () => {
  let lines = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const history = await playHistory(planHistory(seed, 25), 'quick');
    try {
      for (const { sha, isMerge, files } of truthOf(history)) {
        if (isMerge) continue;
        const numstat = history.playground.ask(history.playground.repo, ['show', '--numstat', '--format=', '--no-renames', sha]);
        const renamed = history.playground.ask(history.playground.repo, ['show', '--numstat', '--format=', '-z', sha]);
        for (const { path, added, removed } of files) {
          lines += added.size + removed.length;
          expect(numstat.includes(`\t${path}\n`)).toBe(true);
          expect(renamed.includes(`${added.size}\t${removed.length}\t`), `${sha} ${path}`).toBe(true);
        }
      }
    } finally {
      history.remove();
    }
  }
  expect(lines).toBeGreaterThan(100);
});

test('a history plays the same twice', async () => {
  const told: unknown[] = [];
  for (let time = 0; time < 2; time++) {
    const history = await playHistory(planHistory(7, 15), 'quick');
    told.push(history.told.map((step) => JSON.stringify(step).replaceAll(/[0-9a-f]{40}/g, 'sha')));
    history.remove();
  }
  expect(told[0]).toEqual(told[1]);
});

test('a failing history is shrunk to the steps that it fails by', async () => {
  const step = (name: StepName, seed: number): { name: StepName; seed: number } => ({ name, seed });
  const steps = Array.from({ length: 20 }, (_, at) => step(at === 4 ? 'stash' : at === 13 ? 'pop' : 'humanEdit', at));
  const least = await shrink({ seed: 1, steps }, ({ steps: fewer }) =>
    Promise.resolve(fewer.some(({ name }) => name === 'stash') && fewer.some(({ name }) => name === 'pop')),
  );
  expect(least.steps).toEqual([step('stash', 4), step('pop', 13)]);
});

test('equal lines of one hunk count as one heap, others by their place', () => {
  const line = (text: string, hunk: number, by: 'agent' | 'human'): { text: string; hunk: number; by: 'agent' | 'human' } => ({
    text,
    hunk,
    by,
  });
  const added = new Map([
    [1, line('}', 1, 'agent')],
    [2, line('}', 1, 'human')],
    [9, line('}', 2, 'human')],
  ]);
  const truth = [{ sha: 'a', subject: 'c1', isMerge: false, files: [{ path: 'x', added, removed: [] }] }];
  const answer = (at: number): ReturnType<typeof score> =>
    score(truth, new Map([['a', new Map([['x', { ai: 1, human: 2, aiRemoved: 0, humanRemoved: 0, lines: new Set([at]) }]])]]));
  expect(answer(2).misses).toEqual([]);
  expect(answer(9).added).toEqual({ both: 0, onlyAnswer: 1, onlyTruth: 1 });
});
