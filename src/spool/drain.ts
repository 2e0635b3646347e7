import { renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../model/make-folder.ts';
import { isMarkedFull, markFull } from './full-marker.ts';
import { readRecordFile, timeOfRecord } from './read-record.ts';
import type { SpoolReading, SpoolRecord } from './spool-record.ts';
import { removeTornFiles } from './torn-files.ts';
import { recordNames, spoolBytes } from './write-record.ts';

/** Records that nobody can read, for a person to look at. */
export const BAD_FOLDER = 'bad';

/**
 * `later`: stays in the spool; `stop`: so does everything after it (the file is locked, say). `unreadable`: what is in the
 * record means nothing, and it is set aside.
 */
export type DrainVerdict = 'applied' | 'later' | 'stop' | { readonly unreadable: string };

export interface DrainReport {
  applied: number;
  later: number;
  /** Whether another drain, a little later, may apply more: the limit was reached, or `apply` said `stop`. */
  more: boolean;
  /** Records of other users, who alone may read them: nothing is wrong, they are drained by whom they belong to. */
  notOurs: number;
  /** Could not be read or made `apply` throw, and were moved to `bad/`. */
  unreadable: number;
  /** Older than the age limit and not applicable; deleted. */
  expired: number;
  /** Ended spans in the expired records. */
  expiredSpans: number;
  /** Hook events among the expired. */
  expiredHooks: number;
  /** Names of the unreadable and the expired. */
  readonly givenUp: string[];
  readonly messages: string[];
}

export interface DrainOptions {
  readonly maxAgeMs: number;
  readonly nowMs?: number;
  /** At most so many records, so that a long spool does not hold up whoever shares the thread. */
  readonly limit?: number;
  /** What the folder may hold: a drain says to shell hooks whether it is full, which they cannot count at every call. */
  readonly maxBytes?: number;
  /** Hook events that are for another drain, by name: neither read nor counted, but given up by age all the same. */
  readonly leaves?: (name: string) => boolean;
}

/**
 * Hands every record to `apply`, oldest first, and deletes it once it was applied. Several processes may drain one
 * folder at once without a lock: applying a record twice changes nothing, and a record that has gone was applied by
 * another. A record is only given up by age after one more attempt.
 */
export function drainSpool(
  folder: string,
  apply: (record: SpoolRecord, name: string) => DrainVerdict,
  options: DrainOptions,
): DrainReport {
  const report: DrainReport = {
    applied: 0,
    later: 0,
    notOurs: 0,
    more: false,
    unreadable: 0,
    expired: 0,
    expiredSpans: 0,
    expiredHooks: 0,
    givenUp: [],
    messages: [],
  };
  const now = options.nowMs ?? Date.now();
  let taken = 0;
  const isOld = (name: string): boolean => now - (timeOfRecord(folder, name) ?? now) > options.maxAgeMs;
  for (const name of recordNames(folder)) {
    if (options.leaves?.(name) === true) {
      if (!isOld(name)) continue;
      report.expired += 1;
      report.expiredHooks += 1;
      report.givenUp.push(name);
      remove(join(folder, name), report);
      continue;
    }
    if (taken++ >= (options.limit ?? Number.POSITIVE_INFINITY)) {
      report.more = true;
      break;
    }
    const path = join(folder, name);
    let reading: SpoolReading;
    try {
      reading = readRecordFile(folder, name);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EPERM') {
        report.notOurs += 1;
        // It must not use up the limit of every drain, before those that can be read.
        taken -= 1;
      } else if (code !== 'ENOENT') report.messages.push(`cannot read ${path}: ${(error as Error).message}`);
      continue;
    }
    if (reading.what === 'unreadable') {
      setAside(folder, name, reading.why, report);
      continue;
    }
    if (reading.what === 'newer') {
      report.later += 1;
      continue;
    }
    let verdict: DrainVerdict;
    try {
      verdict = apply(reading.record, name);
    } catch (error) {
      // It would fail at every drain and hold up all that lie behind it.
      setAside(folder, name, `applying it threw: ${(error as Error).message}`, report);
      continue;
    }
    if (typeof verdict === 'object') {
      setAside(folder, name, verdict.unreadable, report);
      continue;
    }
    if (verdict === 'applied') {
      report.applied += 1;
      remove(path, report);
      continue;
    }
    if (isOld(name)) {
      report.expired += 1;
      report.givenUp.push(name);
      if (reading.record.kind === 'spans') report.expiredSpans += reading.record.ended;
      else report.expiredHooks += 1;
      remove(path, report);
    } else {
      report.later += 1;
    }
    if (verdict === 'stop') {
      report.more = true;
      break;
    }
  }
  tidy(folder, now, report, options);
  return report;
}

/** At the end of a drain, not after each of its steps: both look at every file of the folder. */
function tidy(folder: string, nowMs: number, report: DrainReport, { maxBytes }: DrainOptions): void {
  if (report.more) return;
  removeTornFiles(folder, nowMs);
  if (maxBytes !== undefined && (report.later > 0 || isMarkedFull(folder))) markFull(folder, spoolBytes(folder) >= maxBytes);
}

function setAside(folder: string, name: string, why: string, report: DrainReport): void {
  const bad = join(folder, BAD_FOLDER);
  try {
    makeFolder(bad);
    renameSync(join(folder, name), join(bad, name));
    report.unreadable += 1;
    report.givenUp.push(name);
    report.messages.push(`cannot use the spool record ${name} (${why}); moved to ${bad}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return; // Another drainer moved it first.
    report.messages.push(`cannot move ${join(folder, name)} to ${bad}: ${(error as Error).message}`);
  }
}

function remove(path: string, report: DrainReport): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      report.messages.push(`cannot delete ${path}: ${(error as Error).message}`);
  }
}
