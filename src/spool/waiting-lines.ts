import { createHash } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from '../model/make-folder.ts';
import { timeOfRecord } from './read-record.ts';
import { removeTemporary } from './torn-files.ts';
import { recordNames } from './write-record.ts';

/**
 * Records whose rows are written, and of which the rest, whose lines are whose, needs a repository that cannot be had now: it lies in
 * another container, its memory is locked or its disk is full. A folder for each repository, so that a drain finds out once for all of
 * them whether it can go on, and reads no record in vain.
 */
const WAITING_FOLDER = 'lines';

const REPOSITORY_FILE = '.repository';
const TEND_EACH_MS = 600_000;

export const isWaitingFolder = (folder: string): boolean => basename(dirname(folder)) === WAITING_FOLDER;

/** @throws the file system's error; ENOENT where another drained it */
export function letWait(folder: string, name: string, repository: string): void {
  const waiting = join(folder, WAITING_FOLDER, createHash('sha256').update(repository).digest('hex').slice(0, 16));
  makeFolder(waiting);
  const told = join(waiting, REPOSITORY_FILE);
  if (!existsSync(told)) writeFileSync(told, repository, { mode: 0o600 });
  renameSync(join(folder, name), join(waiting, name));
  removeTemporary(folder, name);
}

/** Those of a spool, one for each repository. */
export function waitingFolders(folder: string): string[] {
  const waiting = join(folder, WAITING_FOLDER);
  try {
    return readdirSync(waiting).map((name) => join(waiting, name));
  } catch {
    return [];
  }
}

/** The folder of the repository that is waited for; null where that is not known any more. */
export function repositoryAwaited(waiting: string): string | null {
  try {
    return readFileSync(join(waiting, REPOSITORY_FILE), 'utf8') || null;
  } catch {
    return null;
  }
}

export interface WaitingLimits {
  readonly maxAgeMs: number;
  /** Of one folder: the oldest go first. */
  readonly maxBytes: number;
}

/** Gives up what waits for too long, at most every ten minutes. Of the records only whose lines were whose is lost. @returns how many */
export function tendWaiting(waiting: string, { maxAgeMs, maxBytes }: WaitingLimits, nowMs: number = Date.now()): number {
  const mark = join(waiting, '.tended');
  const last = statSync(mark, { throwIfNoEntry: false });
  if (last !== undefined && nowMs - last.mtimeMs < TEND_EACH_MS) return 0;
  touch(mark, nowMs);
  let bytes = 0;
  let givenUp = 0;
  const records = recordNames(waiting)
    .map((name) => ({ name, timeMs: timeOfRecord(waiting, name) ?? nowMs }))
    .toSorted((a, b) => b.timeMs - a.timeMs);
  for (const { name, timeMs } of records) {
    const path = join(waiting, name);
    bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (nowMs - timeMs <= maxAgeMs && bytes <= maxBytes) continue;
    rmSync(path, { force: true });
    givenUp += 1;
  }
  return givenUp;
}

/** Once nothing waits in it. */
export function removeIfDone(waiting: string): void {
  if (recordNames(waiting).length > 0) return;
  try {
    for (const name of ['.tended', REPOSITORY_FILE]) rmSync(join(waiting, name), { force: true });
    rmdirSync(waiting);
  } catch {
    // Another record came, or another drain was first.
  }
}

function touch(path: string, nowMs: number): void {
  try {
    utimesSync(path, nowMs / 1000, nowMs / 1000);
  } catch {
    writeFileSync(path, '', { mode: 0o600 });
  }
}
