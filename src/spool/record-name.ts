import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';

/** Names that begin with a dot are still being written or are folders of our own. */
export const RECORD_SUFFIX = '.json';
/** Says what is in a record, so that who wants spans need not read thousands of hook events. */
const HOOK_SUFFIX = '-hook.json';
/** A hook event in the form of `hook-file.ts`; a script names it by a random number, so its time is the file's. */
export const HOOK_FILE_SUFFIX = '.hook';

export const isHookFile = (name: string): boolean => name.endsWith(HOOK_FILE_SUFFIX);
export const isHookRecord = (name: string): boolean => name.endsWith(HOOK_SUFFIX) || isHookFile(name);
export const isRecord = (name: string): boolean =>
  !name.startsWith('.') && (name.endsWith(RECORD_SUFFIX) || name.endsWith(HOOK_FILE_SUFFIX));

export type RecordKind = 'spans' | 'hook' | 'hook file';

const SUFFIXES = { spans: RECORD_SUFFIX, hook: HOOK_SUFFIX, 'hook file': HOOK_FILE_SUFFIX } as const satisfies Record<
  RecordKind,
  string
>;

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
let counter = 0;

/**
 * `<epoch ms>-<host>-<pid>-<thread>-<n>-<random>.json`, with `-hook` at its end where it is a hook event: sorts by time, and no two writers on any host choose the same one,
 * not even two containers that share a folder, a host name and a pid.
 */
export function newRecordName(nowMs: number, kind: RecordKind = 'spans'): string {
  counter += 1;
  const random = Math.floor(Math.random() * 0x1_0000_0000)
    .toString(16)
    .padStart(8, '0');
  return `${String(Math.trunc(nowMs)).padStart(14, '0')}-${host}-${process.pid}-${threadId}-${counter}-${random}${SUFFIXES[kind]}`;
}

/** Epoch milliseconds at which a record was written; null for a name that is not ours. */
export function timeOfRecordName(name: string): number | null {
  const found = /^(\d{14})-.*\.(json|hook)$/.exec(name);
  return found === null ? null : Number(found[1]);
}
