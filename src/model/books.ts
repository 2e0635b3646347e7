/**
 * The law of conservation (docs/architecture.md): per process and dialect,
 * seen = recorded + merged + repeated + ignored + waiting + dropped. Ended spans are counted, not their starts.
 */
export interface DialectBooks {
  /** Ended spans that reached the pipeline or were given up before it. */
  seen: number;
  /** Became a row of their own. */
  recorded: number;
  /** Completed the row of another span or record. */
  merged: number;
  /** Seen before: a retry, a second door. */
  repeated: number;
  /** No row by rule, by reason. */
  ignored: Record<string, number>;
  /** Not decided yet: the agent or the local root is still to come, or the file is locked. */
  waiting: number;
  /** Lost, by reason. Not zero is red. */
  dropped: Record<string, number>;
}

export type Books = Record<string, DialectBooks>;

export function emptyDialectBooks(): DialectBooks {
  return { seen: 0, recorded: 0, merged: 0, repeated: 0, ignored: {}, waiting: 0, dropped: {} };
}

export const sumCounts = (counts: Record<string, number>): number => {
  let sum = 0;
  for (const key in counts) sum += counts[key] ?? 0;
  return sum;
};

/** What is missing (positive) or too much (negative) in a dialect's books; 0 when they balance. */
export function imbalance(b: DialectBooks): number {
  return b.seen - (b.recorded + b.merged + b.repeated + sumCounts(b.ignored) + b.waiting + sumCounts(b.dropped));
}
