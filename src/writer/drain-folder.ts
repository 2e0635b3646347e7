import { type DrainOptions, type DrainReport, drainSpoolInGroups } from '../spool/drain.ts';
import type { SpoolApplier } from './apply-spooled.ts';

/**
 * Drains a folder of the spool, and looks twice at what of it hangs on records that come behind: their names say nothing of their order.
 *
 * @returns the report of it; `later` without commands that wait for others beside them to end
 */
export function drainFolder(folder: string, applier: SpoolApplier, options: DrainOptions): DrainReport {
  const first = drainSpoolInGroups(folder, (group) => applier.apply(group), options);
  if (first.more || applier.waiting === 0) return { ...first, later: first.later - Math.min(first.later, applier.waiting) };
  const later = Math.max(0, first.later - applier.waiting);
  const { maxAgeMs, nowMs, leaves } = options;
  const { result, waiting } = applier.lookAgain((names) =>
    drainSpoolInGroups(folder, (group) => applier.apply(group), {
      maxAgeMs,
      ...(nowMs === undefined ? {} : { nowMs }),
      leaves: (name) => !names.has(name) || leaves?.(name) === true,
    }),
  );
  return {
    ...first,
    applied: first.applied + result.applied,
    later: later + Math.max(0, result.later - waiting),
    unreadable: first.unreadable + result.unreadable,
    expired: first.expired + result.expired,
    expiredSpans: first.expiredSpans + result.expiredSpans,
    expiredHooks: first.expiredHooks + result.expiredHooks,
    givenUp: [...first.givenUp, ...result.givenUp],
    messages: [...first.messages, ...result.messages],
  };
}
