import type { HistoryPlan } from './play.ts';

/**
 * Leaves steps out of a failing history as long as it goes on failing: halves first, then single steps.
 *
 * @param fails plays the plan
 * @param mostTries how many plans are played at most
 */
export async function shrink(
  plan: HistoryPlan,
  fails: (plan: HistoryPlan) => Promise<boolean>,
  mostTries = 150,
): Promise<HistoryPlan> {
  let { steps } = plan;
  let tries = 0;
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < steps.length && tries < mostTries; ) {
      const fewer = [...steps.slice(0, at), ...steps.slice(at + size)];
      tries++;
      if (await fails({ ...plan, steps: fewer })) steps = fewer;
      else at += size;
    }
  }
  return { ...plan, steps };
}
