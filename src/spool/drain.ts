import { renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../model/make-folder.ts';
import { isMarkedFull, markFull } from './full-marker.ts';
import { readRecordFile, timeOfRecord } from './read-record.ts';
import { countRefusal, IGNORED_HOOKS } from './refusals.ts';
import type { SpoolReading, SpoolRecord } from './spool-record.ts';
import { removeTemporary, removeTornFiles } from './torn-files.ts';
import { isWaitingFolder, letWait } from './waiting-lines.ts';
import { recordNames, spoolBytes } from './write-record.ts';

/** Records that nobody can read, for a person to look at. */
export const BAD_FOLDER = 'bad';

/**
 * `later`: stays in the spool; `stop`: so does everything after it (the file is locked, say). `unreadable`: what is in the
 * record means nothing, and it is set aside. `ignored`: applied, though no row could be made of it, for that reason. `waitsFor`: its
 * rows are written, and the rest of it waits for that repository (waiting-lines.ts).
 */
export type DrainVerdict =
  | 'applied'
  | 'later'
  | 'stop'
  | { readonly unreadable: string }
  | { readonly ignored: string }
  | { readonly waitsFor: string };

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
  /** Name of the last record that was looked at, for a drain that goes on behind it. */
  last: string | null;
  /** Names of the unreadable and the expired. */
  readonly givenUp: string[];
  readonly messages: string[];
}

export interface DrainOptions {
  readonly maxAgeMs: number;
  readonly nowMs?: number;
  /** At most so many records, so that a long spool does not hold up whoever shares the thread. */
  readonly limit?: number;
  /** Nor so large a part of it: no record is begun once so many bytes were taken. */
  readonly limitBytes?: number;
  /** Only records whose names sort behind this one. */
  readonly after?: string;
  /** What the folder may hold: a drain says to shell hooks whether it is full, which they cannot count at every call. */
  readonly maxBytes?: number;
  /** Hook events that are for another drain, by name: neither read nor counted, but given up by age all the same. */
  readonly leaves?: (name: string) => boolean;
}

/** A record with the name of its file. */
export interface Named {
  readonly name: string;
  readonly record: SpoolRecord;
}

/** Records and bytes that are handed over at once: one transaction takes them in little more time than one of them. */
const GROUP_RECORDS = 64;
const GROUP_BYTES = 4 * 1024 * 1024;

/**
 * Hands every record to `apply`, oldest first, and deletes it once it was applied. Several processes may drain one
 * folder at once without a lock: applying a record twice changes nothing, and a record that has gone was applied by
 * another. A record is only given up by age after one more attempt.
 */
export const drainSpool = (
  folder: string,
  apply: (record: SpoolRecord, name: string) => DrainVerdict,
  options: DrainOptions,
): DrainReport => new Drain(folder, (group) => group.map(({ record, name }) => apply(record, name)), options, 1).run();

/** The same, many records at once. `apply` has a verdict for each; where it throws, each is tried alone. */
export const drainSpoolInGroups = (
  folder: string,
  apply: (group: readonly Named[]) => readonly DrainVerdict[],
  options: DrainOptions,
): DrainReport => new Drain(folder, apply, options, GROUP_RECORDS).run();

class Drain {
  readonly #folder: string;
  readonly #apply: (group: readonly Named[]) => readonly DrainVerdict[];
  readonly #options: DrainOptions;
  readonly #groupRecords: number;
  readonly #nowMs: number;
  readonly #report: DrainReport = {
    ...{ applied: 0, later: 0, notOurs: 0, more: false, unreadable: 0, expired: 0, expiredSpans: 0, expiredHooks: 0 },
    ...{ last: null, givenUp: [], messages: [] },
  };
  #group: Named[] = [];
  #bytes = 0;
  #stopped = false;

  constructor(
    folder: string,
    apply: (group: readonly Named[]) => readonly DrainVerdict[],
    options: DrainOptions,
    groupRecords: number,
  ) {
    this.#folder = folder;
    this.#apply = apply;
    this.#options = options;
    this.#groupRecords = groupRecords;
    this.#nowMs = options.nowMs ?? Date.now();
  }

  run(): DrainReport {
    const report = this.#report;
    const { limit = Number.POSITIVE_INFINITY, limitBytes = Number.POSITIVE_INFINITY, after = '', leaves } = this.#options;
    let taken = 0;
    let takenBytes = 0;
    for (const name of recordNames(this.#folder)) {
      if (name <= after) continue;
      if (leaves?.(name) === true) {
        this.#leave(name);
        continue;
      }
      if (taken >= limit || takenBytes >= limitBytes) {
        report.more = true;
        break;
      }
      const record = this.#read(name);
      if (record === 'not ours') continue;
      taken += 1;
      report.last = name;
      if (record === null) continue;
      const bytes = record.kind === 'spans' ? record.batch.length : record.payload.length;
      takenBytes += bytes;
      this.#bytes += bytes;
      if (this.#group.push({ name, record }) >= this.#groupRecords || this.#bytes >= GROUP_BYTES) this.#flush();
      if (this.#stopped) break;
    }
    this.#flush();
    this.#tidy();
    return report;
  }

  /** It is for another drain, unless it is too old for any. */
  #leave(name: string): void {
    if (!this.#isOld(name)) return;
    this.#report.expired += 1;
    this.#report.expiredHooks += 1;
    this.#giveUp(name);
  }

  #isOld(name: string): boolean {
    return this.#nowMs - (timeOfRecord(this.#folder, name) ?? this.#nowMs) > this.#options.maxAgeMs;
  }

  /** Null where there is nothing to apply; `not ours` must not use up the limit of every drain, before those that can be read. */
  #read(name: string): SpoolRecord | 'not ours' | null {
    const report = this.#report;
    let reading: SpoolReading;
    try {
      reading = readRecordFile(this.#folder, name);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EPERM') {
        report.notOurs += 1;
        return 'not ours';
      }
      if (code !== 'ENOENT') report.messages.push(`cannot read ${join(this.#folder, name)}: ${(error as Error).message}`);
      return null;
    }
    if (reading.what === 'record') return reading.record;
    if (reading.what === 'unreadable') this.#setAside(name, reading.why);
    else report.later += 1;
    return null;
  }

  #flush(): void {
    const group = this.#group;
    this.#group = [];
    this.#bytes = 0;
    if (group.length === 0) return;
    let verdicts: readonly DrainVerdict[];
    try {
      verdicts = this.#apply(group);
    } catch (error) {
      const [only] = group;
      // It would fail at every drain and hold up all that lie behind it.
      if (group.length === 1 && only !== undefined) this.#setAside(only.name, `applying it threw: ${(error as Error).message}`);
      else for (const one of group) this.#alone(one);
      return;
    }
    group.forEach((one, i) => this.#settle(one, verdicts[i] ?? 'later'));
  }

  #alone(one: Named): void {
    this.#group = [one];
    this.#flush();
  }

  #settle({ name, record }: Named, verdict: DrainVerdict): void {
    const report = this.#report;
    if (typeof verdict === 'object' && 'unreadable' in verdict) this.#setAside(name, verdict.unreadable);
    else if (typeof verdict === 'object' && 'waitsFor' in verdict) this.#letWait(name, verdict.waitsFor);
    else if (typeof verdict === 'object') {
      report.applied += 1;
      const reason = IGNORED_HOOKS.find((one) => one === verdict.ignored);
      // Once, by the drain that removed it.
      if (this.#remove(name) && reason !== undefined) countRefusal([this.#folder], `ignored_${reason}`);
    } else if (verdict === 'applied') {
      report.applied += 1;
      this.#remove(name);
    } else if (this.#isOld(name)) {
      report.expired += 1;
      if (record.kind === 'spans') report.expiredSpans += record.ended;
      else report.expiredHooks += 1;
      this.#giveUp(name);
    } else report.later += 1;
    if (verdict !== 'stop') return;
    report.more = true;
    this.#stopped = true;
  }

  #letWait(name: string, repository: string): void {
    // In the folder of what waits for it already, it stays.
    if (isWaitingFolder(this.#folder)) return;
    try {
      letWait(this.#folder, name, repository);
      this.#report.applied += 1;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return; // Another drainer was first.
      this.#report.later += 1;
      this.#report.messages.push(`cannot let ${join(this.#folder, name)} wait for ${repository}: ${(error as Error).message}`);
    }
  }

  /** At the end of a drain, not after each of its steps: both look at every file of the folder. */
  #tidy(): void {
    const { more, later } = this.#report;
    const { maxBytes } = this.#options;
    if (more) return;
    removeTornFiles(this.#folder, this.#nowMs);
    if (maxBytes !== undefined && (later > 0 || isMarkedFull(this.#folder)))
      markFull(this.#folder, spoolBytes(this.#folder) >= maxBytes);
  }

  #setAside(name: string, why: string): void {
    const bad = join(this.#folder, BAD_FOLDER);
    try {
      makeFolder(bad);
      renameSync(join(this.#folder, name), join(bad, name));
      removeTemporary(this.#folder, name);
      this.#report.unreadable += 1;
      this.#report.givenUp.push(name);
      this.#report.messages.push(`cannot use the spool record ${name} (${why}); moved to ${bad}`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return; // Another drainer moved it first.
      this.#report.messages.push(`cannot move ${join(this.#folder, name)} to ${bad}: ${(error as Error).message}`);
    }
  }

  #giveUp(name: string): void {
    this.#report.givenUp.push(name);
    // Once, by the drain that removed it.
    if (this.#remove(name)) countRefusal([this.#folder], 'expired');
  }

  #remove(name: string): boolean {
    const path = join(this.#folder, name);
    try {
      unlinkSync(path);
      removeTemporary(this.#folder, name);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#report.messages.push(`cannot delete ${path}: ${(error as Error).message}`);
      return false;
    }
  }
}
