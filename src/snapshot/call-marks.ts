import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ToolEvent } from '../hook/hook-event.ts';
import { makeFolder } from '../model/make-folder.ts';
import type { FoundEdit } from './found-edit.ts';

/** The state before a call, or after it. */
export interface StateMark {
  readonly what: 'before' | 'after';
  readonly call: string;
  readonly timeMs: number;
  /** When its hook began and was done; git looked at each file at some time between. */
  readonly hookMs?: Stretch;
  /** Git's id of the whole of it. */
  readonly tree: string;
  /** The commit that was checked out. */
  readonly head: string | null;
  /** Of `after`: what the hook told, in case what was before becomes known later. */
  readonly event: ToolEvent | null;
}

/** An editing tool began: whoever ran beside it waits for the lines that it tells. */
export interface BegunMark {
  readonly what: 'begun';
  readonly call: string;
  readonly timeMs: number;
}

/** A call is over without a state: an editing tool's, one that was denied, or one whose hook could keep none. */
export interface ClosedMark {
  readonly what: 'closed';
  readonly call: string;
  readonly timeMs: number;
  /** False where it never ran. */
  readonly ran: boolean;
}

/** A file that another tool changed, which told the lines. */
export interface EditedMark {
  readonly what: 'edited';
  readonly call: string;
  /** When it was done; it began at `sinceMs`. */
  readonly timeMs: number;
  readonly sinceMs: number;
  readonly path: string;
  readonly linesAdded: number | null;
  readonly linesRemoved: number | null;
}

/** What a call was found to have changed; what was given to it is nobody else's. */
export interface FoundMark {
  readonly what: 'found';
  readonly call: string;
  readonly timeMs: number;
  readonly steps: readonly FoundStep[];
  readonly edits: readonly FoundEdit[];
}

/** One change of one file: it happened within these times. */
export interface FoundStep extends Stretch {
  readonly path: string;
  readonly blobBefore: string | null;
  readonly blobAfter: string | null;
}

/** What is known of a work tree's calls, one small file for each fact: several drains write without a lock. */
export type Mark = StateMark | BegunMark | ClosedMark | EditedMark | FoundMark;

/** Epoch milliseconds. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a mark's name tells. */
export interface NamedMark {
  readonly name: string;
  readonly what: Mark['what'];
  /** Whole milliseconds. */
  readonly timeMs: number;
  /** The call, and of `edited` the path: see `markKey`. */
  readonly key: string;
}

const NAME = /^(\d{14})-([a-z]+)-([0-9a-f]{24})\.json$/;

export const markKey = (call: string, path = ''): string =>
  createHash('sha256').update(`${call}\0${path}`).digest('hex').slice(0, 24);

/** The same fact twice has one name. */
const nameOf = ({ what, call, timeMs, path }: Pick<Mark, 'what' | 'call' | 'timeMs'> & { path?: string }): string =>
  `${String(Math.max(0, Math.trunc(timeMs))).padStart(14, '0')}-${what}-${markKey(call, path)}.json`;

/** @throws the file system's error */
export function writeMark(folder: string, mark: Mark): void {
  makeFolder(folder);
  const path = join(folder, nameOf(mark));
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, JSON.stringify(mark), { mode: 0o600 });
  renameSync(temporary, path);
}

/** All marks of a work tree, oldest first. */
export const markNames = (folder: string): NamedMark[] =>
  names(folder).flatMap((name) => {
    const [, time, what, key] = NAME.exec(name) ?? [];
    return time === undefined || key === undefined ? [] : [{ name, what: what as Mark['what'], timeMs: Number(time), key }];
  });

/** Null where another drain removed it, or it is damaged. */
export function readMark(folder: string, { name }: NamedMark): Mark | null {
  try {
    return JSON.parse(readFileSync(join(folder, name), 'utf8')) as Mark;
  } catch {
    return null;
  }
}

/** The mark of a call, whenever it was made. */
export function findMark(folder: string, what: 'before' | 'after', call: string): StateMark | null;
export function findMark(folder: string, what: 'found', call: string): FoundMark | null;
export function findMark(folder: string, what: Mark['what'], call: string): Mark | null {
  const end = nameOf({ what, call, timeMs: 0 }).slice(14);
  const name = names(folder).find((text) => text.endsWith(end));
  if (name === undefined) return null;
  try {
    return JSON.parse(readFileSync(join(folder, name), 'utf8')) as Mark;
  } catch {
    return null;
  }
}

/** Deletes what is older, and what a killed drain left half-written. */
export function removeMarks(folder: string, beforeMs: number): void {
  for (const name of names(folder)) {
    const timeMs = timeOf(name) ?? timeOf(name.replace(/\.\d+\.tmp$/, ''));
    if (timeMs === null || timeMs < beforeMs) rmSync(join(folder, name), { force: true });
  }
}

/** Those of all work trees of a repository. */
export const markFolders = (store: string): string[] =>
  names(store)
    .filter((name) => name.startsWith('marks-'))
    .map((name) => join(store, name));

const timeOf = (name: string): number | null => {
  const found = NAME.exec(name);
  return found === null ? null : Number(found[1]);
};

function names(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
