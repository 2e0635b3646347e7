import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';

/** Names that begin with a dot are still being written or are folders of our own. */
export const RECORD_SUFFIX = '.json';

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
let counter = 0;

/**
 * `<epoch ms>-<host>-<pid>-<thread>-<n>-<random>.json`: sorts by time, and no two writers on any host choose the same one,
 * not even two containers that share a folder, a host name and a pid.
 */
export function newRecordName(nowMs: number): string {
  counter += 1;
  const random = Math.floor(Math.random() * 0x1_0000_0000)
    .toString(16)
    .padStart(8, '0');
  return `${String(Math.trunc(nowMs)).padStart(14, '0')}-${host}-${process.pid}-${threadId}-${counter}-${random}${RECORD_SUFFIX}`;
}

/** Epoch milliseconds at which a record was written; null for a name that is not ours. */
export function timeOfRecordName(name: string): number | null {
  const found = /^(\d{14})-.*\.json$/.exec(name);
  return found === null ? null : Number(found[1]);
}
