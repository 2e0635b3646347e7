import { type DrainOptions, type DrainReport, drainSpoolInGroups } from '../spool/drain.ts';
import { readRecordFile } from '../spool/read-record.ts';
import type { SpooledHook } from '../spool/spool-record.ts';
import { removeIfDone, repositoryAwaited, tendWaiting, waitingFolders } from '../spool/waiting-lines.ts';
import { recordNames } from '../spool/write-record.ts';
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

/** What of a spool waits for repositories that can be had by now. @returns messages for a person */
export function drainWaiting(folder: string, applier: SpoolApplier, options: DrainOptions): string[] {
  const { maxAgeMs, maxBytes = Number.POSITIVE_INFINITY, limit, limitBytes } = options;
  return waitingFolders(folder).flatMap((waiting) => {
    tendWaiting(waiting, { maxAgeMs, maxBytes });
    const first = firstOf(waiting);
    const repository = repositoryAwaited(waiting);
    if (first === null || (repository !== null && !applier.memories.canTake(repository, first))) {
      removeIfDone(waiting);
      return [];
    }
    const limits = { ...(limit === undefined ? {} : { limit }), ...(limitBytes === undefined ? {} : { limitBytes }) };
    const { messages } = drainFolder(waiting, applier, { maxAgeMs, ...limits });
    removeIfDone(waiting);
    return messages;
  });
}

function firstOf(waiting: string): SpooledHook | null {
  for (const name of recordNames(waiting)) {
    try {
      const reading = readRecordFile(waiting, name);
      if (reading.what === 'record' && reading.record.kind === 'hook') return reading.record;
    } catch {
      // Drained by another.
    }
  }
  return null;
}
