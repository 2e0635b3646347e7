import { answersOf } from './answers.ts';
import type { History } from './history.ts';
import { type HistoryPlan, playHistory } from './play.ts';
import { Random } from './random.ts';
import { isPerfect, type Score, score } from './score.ts';
import { shrink } from './shrink.ts';
import { type TrueCommit, truthOf } from './truth.ts';

/** Plays a history, has what its hooks told recorded, and compares the rows with the truth. @throws where the model or a command fails */
export async function judge(plan: HistoryPlan, way: 'quick' | 'commands' = 'quick'): Promise<Score> {
  return withHistory(plan, way, async (_history, result) => result);
}

/** The smallest history found that fails as well, told as a scenario with its truth. */
export async function explain(plan: HistoryPlan): Promise<string> {
  const fails = async (fewer: HistoryPlan): Promise<boolean> => {
    try {
      return !isPerfect(await judge(fewer));
    } catch {
      // A history that cannot be played shows another fault than the one that is looked for.
      return false;
    }
  };
  const least = await shrink(plan, fails);
  return withHistory(least, 'quick', async (history, result, truth) => {
    const graph = history.playground.ask(history.playground.repo, ['log', '--all', '--graph', '--oneline']);
    const scenario = { id: `seed_${plan.seed}`, base: history.base, steps: history.told, truth: toldTruth(truth) };
    const misses = result.misses.map(
      ({ subject, path, truth: wanted, answer, lines }) =>
        `${subject} ${path}: truth ${wanted}, got ${answer}\n    ${lines.join('\n    ')}`,
    );
    const names = least.steps.map(({ name }) => name).join(' ');
    const rows = `not recorded: ${result.unrecorded.length}; of dead commits: ${result.dead.length}`;
    return `seed ${plan.seed}, ${least.steps.length} steps: ${names}\n${graph}\n${misses.join('\n')}\n${rows}\n${JSON.stringify(scenario, null, 1)}\n`;
  });
}

async function withHistory<T>(
  plan: HistoryPlan,
  way: 'quick' | 'commands',
  use: (history: History, result: Score, truth: readonly TrueCommit[]) => Promise<T>,
): Promise<T> {
  const random = new Random(plan.seed);
  const drains = random.chance(0.5);
  const history = await playHistory(plan, way, async ({ playground }) => {
    // A drain may come at any time: after a commit, at the end of a turn, by whoever asks.
    if (drains && random.chance(0.15)) await playground.tracker(playground.repo, ['hook', 'drain']);
  });
  try {
    const truth = truthOf(history);
    return await use(history, score(truth, await answersOf(history)), truth);
  } finally {
    history.remove();
  }
}

/** Truth as scenarios have it, by subject and path. */
function toldTruth(truth: readonly TrueCommit[]): unknown {
  return Object.fromEntries(
    truth.map(({ subject, files }) => [
      subject,
      Object.fromEntries(
        files.map(({ path, added, removed }) => {
          const ai = [...added.values()].filter(({ by }) => by === 'agent').length;
          const aiRemoved = removed.filter(({ by }) => by === 'agent').length;
          return [path, [ai, added.size - ai, aiRemoved, removed.length - aiRemoved]];
        }),
      ),
    ]),
  );
}
