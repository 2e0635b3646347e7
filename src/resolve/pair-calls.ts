/** One side of a call that two processes tell in traces of their own. Times are epoch milliseconds. */
export interface PairSide {
  readonly id: string;
  readonly side: 'caller' | 'callee';
  readonly startMs: number;
  readonly endMs: number;
}

const byStart = (a: PairSide, b: PairSide): number => a.startMs - b.startMs || (a.id < b.id ? -1 : 1);

/**
 * Which callee answers which caller: one to one in the order of their starts, where the callee starts within the caller.
 * A callee without a caller is missing: it is a call of its own.
 */
export function pairCalls(sides: readonly PairSide[]): ReadonlyMap<string, string> {
  const callers = sides.filter((one) => one.side === 'caller').sort(byStart);
  const taken = new Set<string>();
  const pairs = new Map<string, string>();
  for (const callee of sides.filter((one) => one.side === 'callee').sort(byStart)) {
    const caller = callers.find((one) => !taken.has(one.id) && one.startMs <= callee.startMs && callee.startMs <= one.endMs);
    if (caller === undefined) continue;
    taken.add(caller.id);
    pairs.set(callee.id, caller.id);
  }
  return pairs;
}
