import type { CallTold } from '../model/reading.ts';

/** What one telling of a call says of its outcome. */
export interface OutcomeTelling {
  readonly told: CallTold | null;
  readonly authority: number;
  readonly success: boolean | null;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
  /** Epoch milliseconds. */
  readonly startMs: number;
}

export interface CallOutcome {
  readonly success: boolean | null;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
}

/** From here on a telling knows how the call ended: the execution, its hook, its record. */
const KNOWS_THE_END = 7;
/** From here on it has seen the harness run the call; who only reads the model's stream believes that each call runs. */
const SAW_IT_RUN = 5;

/** A telling that makes no row: the call stands in a list. */
export const isListing = ({ told }: { readonly told: CallTold | null }): boolean => told === 'listed' || told === 'rejected';

/**
 * How a call ended, by everything that is told of it, the most authority first. Nobody says of a call that it was denied
 * by a rule or a hook, or cut off by a signal: it began, its turn (or the whole session) is over, and there is no result.
 * @param endedMs the last end of the call's session; null: none is known
 */
export function callOutcome(tellings: readonly OutcomeTelling[], endedMs: number | null): CallOutcome {
  const seen = tellings.filter((telling) => !isListing(telling));
  const cutOff = seen.find((one) => one.errorType === 'interrupted' && one.success === null && one.authority >= KNOWS_THE_END);
  if (cutOff !== undefined) return { success: null, errorType: 'interrupted', errorMessage: cutOff.errorMessage };
  const starts = seen.filter((one) => one.told === 'started').map((one) => one.startMs);
  if (starts.length === 0 && tellings.some((one) => one.told === 'rejected') && seen.every((one) => one.authority < SAW_IT_RUN)) {
    return { success: null, errorType: 'validation_reject', errorMessage: null };
  }
  const success = seen.find((one) => one.success !== null)?.success ?? null;
  if (success === true) return { success, errorType: null, errorMessage: null };
  const errorType = seen.find((one) => one.errorType !== null)?.errorType ?? null;
  const errorMessage = seen.find((one) => one.errorMessage !== null)?.errorMessage ?? null;
  if (success !== null || errorType !== null || starts.length === 0) return { success, errorType, errorMessage };
  if (tellings.some(isListing)) return { success, errorType: 'denied', errorMessage };
  const isCutOff = endedMs !== null && endedMs >= Math.min(...starts);
  return { success, errorType: isCutOff ? 'interrupted' : null, errorMessage };
}
