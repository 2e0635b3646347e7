import { COMMIT_STEPS } from './commit-steps.ts';
import { EDIT_STEPS } from './edit-steps.ts';
import { History, type WorkTree } from './history.ts';
import { PLACE_STEPS } from './place-steps.ts';
import { Random } from './random.ts';
import { REWRITE_STEPS } from './rewrite-steps.ts';
import { textOf } from './tree.ts';

const STEPS = { ...EDIT_STEPS, ...COMMIT_STEPS, ...REWRITE_STEPS, ...PLACE_STEPS };
export type StepName = keyof typeof STEPS;

const WEIGHTS: Readonly<Record<StepName, number>> = {
  ...{ agentEdit: 26, humanEdit: 18, create: 5, deleteFile: 1.5, renameFile: 2, moveBetweenFiles: 2, undo: 2, parallel: 2 },
  ...{ commitAll: 16, commitPaths: 3, commitHunks: 4, amend: 4 },
  ...{ diverge: 6, rebase: 3, interactive: 3, fixup: 2, cherryPick: 2.5, applyPatch: 1, revert: 2, merge: 3, squashMerge: 2 },
  ...{
    branch: 4,
    switchBranch: 5,
    resetSoft: 2,
    resetHard: 1,
    stash: 2.5,
    pop: 3,
    throwAway: 1.5,
    oldVersion: 1.5,
    addWorktree: 0.8,
  },
};

/** A step, and the seed of all that is random in it: the same step does the same on the same history. */
export interface PlannedStep {
  readonly name: StepName;
  readonly seed: number;
}

export interface HistoryPlan {
  readonly seed: number;
  readonly steps: readonly PlannedStep[];
}

export function planHistory(seed: number, mostSteps: number): HistoryPlan {
  const random = new Random(seed);
  const count = random.int(Math.min(6, mostSteps), mostSteps);
  return {
    seed,
    steps: Array.from({ length: count }, () => ({ name: random.weighted(WEIGHTS), seed: random.int(1, 2 ** 31) })),
  };
}

/**
 * Plays a plan with real git. What is left uncommitted at the end is committed, and stashes are dropped.
 *
 * @param afterStep may look at what was recorded so far
 * @throws where the model and git's work tree differ
 */
export async function playHistory(
  plan: HistoryPlan,
  way: 'quick' | 'commands',
  afterStep: (history: History, work: WorkTree, at: number) => Promise<void> = async () => {},
): Promise<History> {
  const history = new History(way, plan.seed);
  try {
    for (const [at, step] of plan.steps.entries()) {
      const random = new Random(step.seed);
      const work = random.chance(0.75) ? history.worktrees[0]! : random.pick(history.worktrees);
      await STEPS[step.name](history, work, random);
      assertSame(history, work, `step ${at} (${step.name})`);
      await afterStep(history, work, at);
    }
    for (const [at, work] of history.worktrees.entries()) await COMMIT_STEPS.commitAll(history, work, new Random(plan.seed + at));
    while (history.stashes.pop() !== undefined) history.playground.ask(history.playground.repo, ['stash', 'drop', '-q']);
    return history;
  } catch (error) {
    history.remove();
    throw error;
  }
}

function assertSame(history: History, work: WorkTree, after: string): void {
  const real = history.playground.read(work.dir);
  const paths = new Set([...real.keys(), ...work.tree.files.keys()]);
  for (const path of paths) {
    const lines = work.tree.files.get(path);
    if ((lines === undefined ? undefined : textOf(lines)) === real.get(path)) continue;
    throw new Error(
      `after ${after} the model of ${work.name}/${path} is not what lies there:\n${JSON.stringify({ model: lines && textOf(lines), real: real.get(path) })}`,
    );
  }
}
