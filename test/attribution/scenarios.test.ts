import { expect, test } from 'vitest';
import { driverScenarios } from '../fixtures/attribution/driver-scenarios.ts';
import { furtherScenarios } from '../fixtures/attribution/further-scenarios.ts';
import { runScenario } from './run-scenario.ts';

/**
 * Wrong as yet, and this fails when they are right: a commit's totals after filter-branch, of which no hook tells; records of a work
 * tree that is removed before the drain.
 */
const WRONG: ReadonlySet<string> = new Set(['filter_branch', 'worktree_removed']);

for (const scenario of [...driverScenarios, ...furtherScenarios]) {
  const attempt = WRONG.has(scenario.id) ? test.fails : test;
  attempt(`${scenario.class}, ${scenario.id}: ${scenario.title}`, async () => {
    const { told, totals } = await runScenario(scenario);
    expect(told).toEqual(scenario.truth);
    const added = Object.values(scenario.truth).flatMap((files) => Object.values(files));
    const sum = (at: number): number => added.reduce((all, counts) => all + (counts[at] ?? 0), 0);
    expect(totals).toEqual(scenario.totals ?? { ai: sum(0), human: sum(1) });
  });
}
