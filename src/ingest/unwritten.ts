import type { ApplyOutcome } from '../model/recording.ts';
import type { Origin, SpanRecord } from '../model/span-record.ts';
import { StoreError } from '../store/store-error.ts';

/** Spans of a batch whose file could not be written. */
export interface Unwritten {
  readonly spans: readonly SpanRecord[];
  readonly error: unknown;
}

/** What is told of a batch by what could not be written of it. @throws what is no failure of a file */
export function outcomeOf(failures: readonly Unwritten[], origin: Origin): ApplyOutcome {
  const [first] = failures;
  if (first === undefined) return { status: 'written' };
  // No file will ever take it: tried for ever, it would hold up all that lies behind it.
  for (const { error } of failures) if (!(error instanceof StoreError)) throw error;
  const error = first.error as StoreError;
  return {
    status: 'retry',
    // Log records have become spans by now.
    rest: { origin, spans: failures.flatMap((failure) => failure.spans), logs: [] },
    reason: reasonOf(error),
    message: error.message,
  };
}

export function reasonOf(error: StoreError): 'locked' | 'disk' | 'too-old' | 'failed' {
  if (error.code === 'locked' || error.code === 'too-old') return error.code;
  return error.code === 'disk' || error.code === 'no-handles' || error.code === 'read-only' ? 'disk' : 'failed';
}
