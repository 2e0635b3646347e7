import type { FoundStep, StateMark } from './call-marks.ts';
import { isBefore, stateName, stretchOf } from './hook-stretch.ts';
import type { TreeDiffs } from './tree-diffs.ts';

/** One change of one file, between two states: of those that saw it as it was and those that saw what it became. */
export interface Step extends FoundStep {
  readonly before: StateMark;
  readonly after: StateMark;
  /** Names of the states that were looked at before the change. */
  readonly seen: ReadonlySet<string>;
}

/**
 * What became of each file, told from states that hooks kept, some of them beside each other. Hooks that run at the same time look at
 * the tree in any order, file by file: one that is done later may have looked earlier. Where the hooks' times leave the order open, a
 * file has changed as seldom as can be: else one that a command made would be deleted by the next and made once more by the one after it.
 *
 * Each cluster of states that were kept beside each other is told by itself, from what there was before it: so what is told of a call's
 * time hangs neither on how far back somebody looked nor on what comes later.
 *
 * @param states of the work tree in whole clusters, by `byBeginning`
 * @returns by path; null where git cannot tell
 */
export function pathHistories(diffs: TreeDiffs, states: readonly StateMark[]): Map<string, Step[]> | null {
  const changedBy: (ReadonlyMap<string, string | null> | null)[] = [null];
  const first = new Map<string, string | null>();
  for (let i = 1; i < states.length; i++) {
    const [last, state] = [states[i - 1], states[i]];
    if (last === undefined || state === undefined) continue;
    const changes = diffs.between(last.tree, state.tree);
    if (changes === null) return null;
    for (const { path, blobBefore } of changes.values()) if (!first.has(path)) first.set(path, blobBefore);
    changedBy.push(new Map([...changes.values()].map(({ path, blobAfter }) => [path, blobAfter])));
  }
  const order = { earlier: earlierOf(states), clusters: clustersOf(states) };
  const histories = new Map<string, Step[]>();
  for (const [path, blob] of first) {
    let current = blob;
    const blobs = changedBy.map((changed) => {
      const changedTo = changed?.get(path);
      if (changedTo !== undefined) current = changedTo;
      return current;
    });
    histories.set(path, stepsOf(diffs, path, states, blobs, order));
  }
  return histories;
}

interface Order {
  /** By state, those that come before it for certain. */
  readonly earlier: readonly (readonly number[])[];
  /** By state, the cluster that it belongs to. */
  readonly clusters: readonly number[];
}

const earlierOf = (states: readonly StateMark[]): number[][] =>
  states.map((state) => states.flatMap((other, i) => (isBefore(other, state) ? [i] : [])));

function clustersOf(states: readonly StateMark[]): number[] {
  let cluster = 0;
  let endMs = Number.NEGATIVE_INFINITY;
  return states.map((state) => {
    const { fromMs, toMs } = stretchOf(state);
    if (fromMs > endMs) cluster += 1;
    endMs = Math.max(endMs, toMs);
    return cluster;
  });
}

/** @param blobs what each state saw */
function stepsOf(
  diffs: TreeDiffs,
  path: string,
  states: readonly StateMark[],
  blobs: readonly (string | null)[],
  order: Order,
): Step[] {
  const left = new Set(states.keys());
  const seen = new Set<string>();
  const steps: Step[] = [];
  let last: number | null = null;
  let fromMs = Number.NEGATIVE_INFINITY;
  while (left.size > 0) {
    const open = [...left].filter((i) => order.earlier[i]?.every((other) => !left.has(other)) ?? true);
    const current = last === null ? undefined : blobs[last];
    const same = open.filter((i) => blobs[i] === current);
    const near =
      same.length > 0
        ? same
        : nearest(lasting(open, left, blobs, order), (i) => linesBetween(diffs, path, states[last ?? i], states[i]));
    const next: number | undefined = earliest(near, states);
    const state = next === undefined ? undefined : states[next];
    if (next === undefined || state === undefined) break;
    const before = last === null ? undefined : states[last];
    if (before !== undefined && same.length === 0) {
      const toMs = Math.min(...[...left].map((i) => toOf(states[i])));
      const blobBefore = blobs[last ?? next] ?? null;
      steps.push({ path, before, after: state, fromMs, toMs, blobBefore, blobAfter: blobs[next] ?? null, seen: new Set(seen) });
    }
    left.delete(next);
    seen.add(stateName(state));
    fromMs = Math.max(fromMs, stretchOf(state).fromMs);
    last = next;
  }
  return steps;
}

/**
 * What is seen again behind something else for certain has come to stay: what else there was came before it. All of them, where that
 * leaves none.
 */
function lasting(
  open: readonly number[],
  left: ReadonlySet<number>,
  blobs: readonly (string | null)[],
  { earlier, clusters }: Order,
): readonly number[] {
  const comesBack = (i: number): boolean => {
    const isElse = (place: number): boolean => left.has(place) && blobs[place] !== blobs[i];
    return [...left].some((k) => clusters[k] === clusters[i] && blobs[k] === blobs[i] && earlier[k]?.some(isElse) === true);
  };
  const coming = open.filter((i) => !comesBack(i));
  return coming.length > 0 ? coming : open;
}

/** Of several contents that could have come next, the one that changes the least: a file that grows does so step by step. */
function nearest(places: readonly number[], distanceTo: (place: number) => number): readonly number[] {
  if (places.length < 2) return places;
  const distances = places.map(distanceTo);
  const least = Math.min(...distances);
  return places.filter((_, i) => distances[i] === least);
}

function linesBetween(diffs: TreeDiffs, path: string, from: StateMark | undefined, to: StateMark | undefined): number {
  if (from === undefined || to === undefined) return 0;
  const change = diffs.between(from.tree, to.tree)?.get(path);
  return (change?.linesAdded ?? 0) + (change?.linesRemoved ?? 0);
}

const toOf = (state: StateMark | undefined): number => (state === undefined ? Number.POSITIVE_INFINITY : stretchOf(state).toMs);

/** The first to be done; of one tick, by name. */
function earliest(places: readonly number[], states: readonly StateMark[]): number | undefined {
  const [first] = places.toSorted((a, b) => {
    const [one, other] = [states[a], states[b]];
    if (one === undefined || other === undefined) return 0;
    return (
      stretchOf(one).toMs - stretchOf(other).toMs || one.timeMs - other.timeMs || (stateName(one) < stateName(other) ? -1 : 1)
    );
  });
  return first;
}
