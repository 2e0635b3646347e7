import type { StateMark, Stretch } from './call-marks.ts';

/** A stretch of time between two kept states that is one call's alone, with those states. */
export interface OwnStretch extends Stretch {
  readonly before: StateMark;
  readonly after: StateMark;
}

/**
 * The stretches of a call's time whose changes are its own. Commands run beside each other: of parallel calls, and of sub-agents. What
 * changed while only one ran is that one's. What changed while several ran belongs to the one that ended first: of two that could
 * have done it, the shorter one is the likelier. It is also the only rule that never waits for a call to end, which a denied or killed
 * one never does. What another call was given already stays there, so that nothing counts twice.
 *
 * @param marks of the work tree, oldest first: everything from the call's `before` to its `after`
 */
export function ownStretches(call: string, marks: readonly StateMark[], given: readonly Stretch[]): OwnStretch[] {
  const runs = runsOf(marks);
  const own = runs.get(call);
  if (own === undefined) return [];
  // By place, not by time: of states of one tick of the clock (4 ms on many a kernel), one would come before the call's first.
  const placeOf = (what: StateMark['what']): number => marks.findIndex((mark) => mark.call === call && mark.what === what);
  const during = marks.slice(placeOf('before'), placeOf('after') + 1);
  const stretches: OwnStretch[] = [];
  for (let i = 1; i < during.length; i++) {
    const [before, after] = [during[i - 1], during[i]];
    if (before === undefined || after === undefined) continue;
    const stretch = { fromMs: before.timeMs, toMs: after.timeMs, before, after };
    const holds = (run: Stretch): boolean => run.fromMs <= stretch.fromMs && run.toMs >= stretch.toMs;
    const isAnothers = [...runs].some(([other, run]) => other !== call && holds(run) && endsBefore(other, run, call, own));
    const isGiven = given.some(({ fromMs, toMs }) => fromMs < stretch.toMs && toMs > stretch.fromMs);
    if (isAnothers || isGiven) continue;
    const last = stretches.at(-1);
    // One after the other they are one: what came and went within is no change.
    if (last !== undefined && last.after === before) stretches[stretches.length - 1] = { ...last, toMs: stretch.toMs, after };
    else stretches.push(stretch);
  }
  return stretches;
}

const endsBefore = (call: string, run: Stretch, other: string, than: Stretch): boolean =>
  run.toMs < than.toMs || (run.toMs === than.toMs && call < other);

/** Calls whose beginning and end are both known. */
function runsOf(marks: readonly StateMark[]): Map<string, Stretch> {
  const starts = new Map<string, number>();
  const runs = new Map<string, Stretch>();
  for (const { what, call, timeMs } of marks) {
    const fromMs = starts.get(call);
    if (what === 'before') starts.set(call, timeMs);
    else if (fromMs !== undefined) runs.set(call, { fromMs, toMs: timeMs });
  }
  return runs;
}
