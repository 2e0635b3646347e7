import { type EditedMark, type FoundMark, markNames, type NamedMark, readMark, type StateMark } from './call-marks.ts';
import { byBeginning, isBefore, MAX_HOOK_MS, stretchOf } from './hook-stretch.ts';

/** Claude Code ends a command after 10 minutes unless it is told otherwise; what has no end by then was killed, or waits for a person. */
export const OPEN_MS = 10 * 60_000;
/** States that are read to find one that is beside no other. */
const MAX_BACK = 256;
/** Hooks beside hooks, on and on: what is known by then has to do. */
const MAX_CLUSTER_MS = 30_000;

/** A call of which the state before is known. */
export interface CallRun {
  readonly before: StateMark;
  /** Null: there is none, or not yet. */
  readonly after: StateMark | null;
  /** Epoch milliseconds; of a call that has no end yet, or may have, infinite. */
  readonly endMs: number;
}

/** What happened in a work tree around a call. */
export interface Surroundings {
  /** By `byBeginning`; from the last one that was kept while no other hook ran, to the end of the cluster in which the call's end was looked at. */
  readonly states: readonly StateMark[];
  /** Calls that ran at some time of it, the call among them. */
  readonly runs: readonly CallRun[];
  /** What editing tools told. */
  readonly edited: readonly EditedMark[];
  /** When editing tools began that are not done. */
  readonly editingSinceMs: number;
  /** What other calls were found to have changed. */
  readonly found: readonly FoundMark[];
}

/** All that is known of a work tree by now, as far as it touches a call. */
export function surroundings(folder: string, before: StateMark, after: StateMark, nowMs: number): Surroundings {
  const names = markNames(folder);
  const fromMs = Math.trunc(stretchOf(before).fromMs) - MAX_HOOK_MS;
  const toMs = stretchOf(after).toMs + MAX_HOOK_MS;
  const within = (what: string): NamedMark[] =>
    names.filter((mark) => mark.what === what && mark.timeMs >= fromMs && mark.timeMs <= toMs + OPEN_MS);
  const read = <T>(found: readonly NamedMark[]): T[] => found.flatMap((mark) => (readMark(folder, mark) as T | null) ?? []);
  const ends = endsOf(names);
  const isOpen = ({ key, timeMs }: NamedMark): boolean => !ends.has(key) && Math.abs(nowMs - timeMs) < OPEN_MS;
  const begun = names.filter((mark) => mark.what === 'begun' && mark.timeMs <= toMs && isOpen(mark));
  return {
    states: statesAround(folder, names, before, after),
    runs: runsBeside(folder, names, ends, { fromMs, toMs, nowMs }),
    edited: read<EditedMark>(within('edited')),
    editingSinceMs: begun.reduce((least, { timeMs }) => Math.min(least, timeMs), Number.POSITIVE_INFINITY),
    found: read<FoundMark>(within('found')).filter(({ call }) => call !== before.call),
  };
}

/** Where a state was kept, it stands. */
interface End {
  after: NamedMark | null;
  readonly closed: NamedMark[];
}

/** By call. */
function endsOf(names: readonly NamedMark[]): Map<string, End> {
  const ends = new Map<string, End>();
  for (const mark of names) {
    if (mark.what !== 'after' && mark.what !== 'closed') continue;
    const end = ends.get(mark.key) ?? { after: null, closed: [] };
    if (mark.what === 'after') end.after = mark;
    else end.closed.push(mark);
    ends.set(mark.key, end);
  }
  return ends;
}

function runsBeside(
  folder: string,
  names: readonly NamedMark[],
  ends: ReadonlyMap<string, End>,
  { fromMs, toMs, nowMs }: { readonly fromMs: number; readonly toMs: number; readonly nowMs: number },
): CallRun[] {
  const runs: CallRun[] = [];
  for (const name of names) {
    if (name.what !== 'before' || name.timeMs > toMs) continue;
    const end = ends.get(name.key);
    const lastMs = end?.after?.timeMs ?? end?.closed.at(-1)?.timeMs ?? name.timeMs + OPEN_MS;
    if (lastMs < fromMs || hasNeverRun(folder, end)) continue;
    const before = readMark(folder, name);
    const after = end?.after == null ? null : readMark(folder, end.after);
    if (before?.what !== 'before') continue;
    const isOpen = end === undefined && Math.abs(nowMs - name.timeMs) < OPEN_MS;
    runs.push({ before, after: after?.what === 'after' ? after : null, endMs: isOpen ? Number.POSITIVE_INFINITY : lastMs });
  }
  return runs;
}

/** None of those who told of its end says that it ran. */
const hasNeverRun = (folder: string, end: End | undefined): boolean =>
  end?.after === null &&
  end.closed.every((name) => {
    const mark = readMark(folder, name);
    return mark?.what === 'closed' && !mark.ran;
  });

/**
 * In whole clusters of states that were kept beside each other: what is told of a call must not hang on how far somebody looked. The
 * first state is beside no other, so it holds for all files.
 */
function statesAround(folder: string, names: readonly NamedMark[], before: StateMark, after: StateMark): StateMark[] {
  const kept = names.filter(({ what }) => what === 'before' || what === 'after');
  const own = kept.findIndex(({ timeMs }) => timeMs >= Math.trunc(before.timeMs));
  const marks: StateMark[] = [];
  const take = (some: readonly NamedMark[]): void => {
    for (const name of some) {
      const mark = readMark(folder, name);
      if (mark?.what === 'before' || mark?.what === 'after') marks.push(mark);
    }
    marks.sort(byBeginning);
  };
  const mostMs = stretchOf(after).toMs + MAX_CLUSTER_MS;
  take(kept.slice(own).filter(({ timeMs }) => timeMs <= mostMs + MAX_HOOK_MS));
  let endMs = stretchOf(after).toMs;
  for (const mark of marks) if (stretchOf(mark).fromMs <= Math.min(endMs, mostMs)) endMs = Math.max(endMs, stretchOf(mark).toMs);
  for (let back = 0, reach = 8; ; back = reach, reach *= 2) {
    const from = Math.max(0, own - reach);
    take(kept.slice(from, Math.max(0, own - back)));
    const sureMs = from === 0 ? Number.NEGATIVE_INFINITY : (kept[from]?.timeMs ?? 0) + MAX_HOOK_MS;
    const start = marks.findLast(
      (mark) =>
        mark.timeMs <= before.timeMs &&
        stretchOf(mark).fromMs > sureMs &&
        marks.every((other) => other === mark || isBefore(mark, other) || isBefore(other, mark)),
    );
    if (start === undefined && from > 0 && reach < MAX_BACK) continue;
    return marks.filter(
      (mark) => stretchOf(mark).fromMs <= endMs && (start === undefined || mark === start || isBefore(start, mark)),
    );
  }
}
