import { isAbsolute, relative } from 'node:path';
import type { FoundMark, StateMark } from './call-marks.ts';
import { stateName, stretchOf } from './hook-stretch.ts';
import type { Step } from './path-history.ts';
import type { CallRun, Surroundings } from './surroundings.ts';

/** `inferred`: another call may have done it as well. */
export type StepMatch = 'exact' | 'inferred';

export interface OwnStep extends Step {
  readonly match: StepMatch;
}

export interface OwnSteps {
  /** Of each file, in time; what is one after the other stands together. */
  readonly groups: readonly (readonly OwnStep[])[];
  /** A call that has no end yet may turn out to have never run. */
  readonly isOpen: boolean;
}

/**
 * The changes that are one call's. Commands run beside each other: of parallel calls, and of sub-agents. A change belongs to a call that
 * ran then: the state before it was looked at before the change, the state after it behind it. Of several such calls it belongs to
 * the one whose tool told of the file, if one did; else to the one that ended first: of two that could have done it, the shorter one is
 * the likelier. That hangs on nothing that becomes known only later. No change belongs to two.
 */
export function ownSteps(
  call: string,
  histories: ReadonlyMap<string, readonly Step[]>,
  { states, runs, found }: Surroundings,
  top: string,
): OwnSteps {
  const told = new Map(runs.map((run) => [run, toldPaths(run.after, top)]));
  const sinceMs = states[0] === undefined ? 0 : stretchOf(states[0]).fromMs;
  const known = new Set(states.map(stateName));
  const groups: OwnStep[][] = [];
  let isOpen = false;
  for (const [path, steps] of histories) {
    let last: OwnStep[] | null = null;
    for (const step of steps) {
      const could = runs.filter((run) => ranThen(run, step, known, sinceMs));
      const tellers = could.filter((run) => told.get(run)?.has(path) === true);
      const chosen = tellers.length > 0 ? tellers : could.filter((run) => told.get(run) === null);
      const isOwn = firstToEnd(chosen)?.before.call === call && !isGiven(step, found);
      if (!isOwn) {
        last = null;
        continue;
      }
      isOpen ||= chosen.some(({ endMs }) => endMs === Number.POSITIVE_INFINITY);
      const own: OwnStep = { ...step, match: chosen.length === 1 ? 'exact' : 'inferred' };
      if (last === null) groups.push((last = [own]));
      else last.push(own);
    }
  }
  return { groups, isOpen };
}

function ranThen({ before, after, endMs }: CallRun, step: Step, known: ReadonlySet<string>, sinceMs: number): boolean {
  const hasBegun = known.has(stateName(before)) ? step.seen.has(stateName(before)) : stretchOf(before).fromMs < sinceMs;
  if (!hasBegun || isLater(stretchOf(before).toMs, step.toMs, step)) return false;
  if (after === null) return !isLater(step.fromMs, endMs, step);
  const hasEnded = known.has(stateName(after)) ? step.seen.has(stateName(after)) : stretchOf(after).fromMs < sinceMs;
  return !hasEnded && !isLater(step.fromMs, stretchOf(after).fromMs, step);
}

/** Where a clock was set, times say nothing. */
const isLater = (one: number, other: number, { fromMs, toMs }: Step): boolean => fromMs <= toMs && one > other;

/** One of which only the beginning is known has no row for what it changed. */
const firstToEnd = (runs: readonly CallRun[]): CallRun | undefined =>
  runs
    .filter(({ after }) => after !== null)
    .toSorted((one, other) => endOf(one) - endOf(other) || (one.before.call < other.before.call ? -1 : 1))[0];

const endOf = ({ after }: CallRun): number => after?.timeMs ?? Number.POSITIVE_INFINITY;

/** Of a call whose tool told what it changed; null where it told nothing. */
function toldPaths(after: StateMark | null, top: string): ReadonlySet<string> | null {
  const edits = after?.event?.edits ?? [];
  if (edits.length === 0) return null;
  return new Set(edits.flatMap(({ path }) => (isAbsolute(path) ? [relative(top, path).replaceAll('\\', '/')] : [])));
}

/** Where a record came too late to be asked, what was told by then stays. */
const isGiven = ({ path, fromMs, toMs, blobBefore, blobAfter }: Step, found: readonly FoundMark[]): boolean =>
  found.some(({ steps }) =>
    steps.some(
      (one) =>
        one.path === path &&
        one.blobBefore === blobBefore &&
        one.blobAfter === blobAfter &&
        one.fromMs <= toMs &&
        one.toMs >= fromMs,
    ),
  );
