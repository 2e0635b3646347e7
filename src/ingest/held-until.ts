import type { Origin } from '../model/span-record.ts';
import type { Conclusion } from './agent-finder.ts';
import type { Held } from './holding.ts';

/**
 * How long a missing ancestor is waited for although trace or conversation name an agent: as long as the SDKs' exporters
 * collect spans before they send them (OTEL_BSP_SCHEDULE_DELAY, 5 s).
 */
const LIKELY_AFTER_MS = 5000;
/** How long where nothing but its service speaks for a span: its parent, a call of another service, may still be open. */
const LAST_AFTER_MS = 30_000;
/** For what is read from files: the command settles it at its end. Where it was killed, others do so after this time. */
const RUN_AFTER_MS = 10 * 60_000;

/** From the most certain on. */
export const CONCLUSIONS: readonly Conclusion[] = ['certain', 'likely', 'last'];

/** Read by a command, which settles what it holds at its end. */
const isOfRun = ({ door }: { readonly door: Origin['door'] }): boolean => door === 'file' || door === 'hook';

/** What may be concluded of a held span by now. */
export function conclusionOf({ dueMs, heldMs, origin }: Held, nowMs: number): Conclusion {
  if (dueMs === null || dueMs > nowMs) return 'certain';
  return isOfRun(origin) || nowMs >= heldMs + LAST_AFTER_MS ? 'last' : 'likely';
}

/** When a span that waits is looked at again; `current`: what was said before. */
export function dueOf(
  next: 'likely' | 'last' | null,
  door: Origin['door'],
  heldMs: number,
  nowMs: number,
  current: number | null,
) {
  if (next === null) return null;
  if (isOfRun({ door })) return heldMs + RUN_AFTER_MS;
  if (next === 'last') return Math.max(heldMs + LAST_AFTER_MS, nowMs + 1000);
  const isSoon = current !== null && current > nowMs && current <= nowMs + LIKELY_AFTER_MS;
  return isSoon ? current : nowMs + LIKELY_AFTER_MS;
}
