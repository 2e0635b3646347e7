import type { ApplyOutcome, Recording } from '../model/recording.ts';
import type { Origin, SpanRecord } from '../model/span-record.ts';

/** What became of a group of spans. */
export interface Applied {
  /** What could not be written now, and why; null where all is written. */
  readonly rest: { readonly spans: ReadonlySet<SpanRecord>; readonly failure: Failure } | null;
  /** Spans that make `apply` throw, by the error. */
  readonly guilty: ReadonlyMap<SpanRecord, Error>;
}

export type Failure = Pick<Extract<ApplyOutcome, { status: 'retry' }>, 'reason' | 'message'>;

/**
 * Throws of one group before what is left of it is given up together. Each try is a transaction, which an error that all
 * spans have in common would multiply by thousands.
 */
const MOST_THROWS = 64;

/**
 * Applies a group of spans. Where that throws, which is a mistake of ours in some of them, it is tried again part by part
 * and then by halves, until only the guilty are left out. What was written in between is written once more, which changes
 * nothing.
 * @param parts what came together: the spans of each request, or all of one
 */
export function applyGuarded(recording: Recording, origin: Origin, parts: readonly (readonly SpanRecord[])[]): Applied {
  const rest = new Set<SpanRecord>();
  const guilty = new Map<SpanRecord, Error>();
  let failure: Failure | null = null;
  let throws = 0;
  const attempt = (spans: readonly SpanRecord[], smaller: () => readonly (readonly SpanRecord[])[]): void => {
    let outcome: ApplyOutcome;
    try {
      outcome = recording.apply({ origin, spans, logs: [] });
    } catch (error) {
      throws += 1;
      if (spans.length <= 1 || throws > MOST_THROWS) for (const span of spans) guilty.set(span, error as Error);
      else for (const part of smaller()) attempt(part, () => halves(part));
      return;
    }
    if (outcome.status === 'written') return;
    failure ??= { reason: outcome.reason, message: outcome.message };
    for (const span of outcome.rest.spans) rest.add(span);
  };
  const all = parts.length === 1 ? (parts[0] ?? []) : parts.flat();
  attempt(all, () => (parts.length === 1 ? halves(all) : parts));
  return { rest: failure === null ? null : { spans: rest, failure }, guilty };
}

function halves(spans: readonly SpanRecord[]): (readonly SpanRecord[])[] {
  const middle = Math.ceil(spans.length / 2);
  return [spans.slice(0, middle), spans.slice(middle)];
}
