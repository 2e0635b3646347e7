import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { GitFolders } from './git-folders.ts';

/** One move of HEAD. */
export interface ReflogEntry {
  /** Null: HEAD was nowhere. */
  readonly from: string | null;
  readonly to: string | null;
  /** Epoch milliseconds; git counts seconds. */
  readonly timeMs: number;
  /** `commit (amend): subject`; empty where whoever moved it said nothing. */
  readonly message: string;
}

/** A day's work is less. */
const FIRST_PIECE_BYTES = 256 * 1024;
const LINE = /^([0-9a-f]+) ([0-9a-f]+) .*> (\d+) [+-]\d+(?:\t(.*))?$/;
const NONE = /^0+$/;

/**
 * Where the HEAD of a work tree went, oldest first, since the given time (epoch milliseconds, to the second). Empty where no reflog is
 * kept, or where it is no file (reftable).
 */
export function reflogEntries({ gitDir }: GitFolders, sinceMs: number): ReflogEntry[] {
  let file: number;
  try {
    file = openSync(join(gitDir, 'logs', 'HEAD'), 'r');
  } catch {
    return [];
  }
  try {
    const { size } = fstatSync(file);
    const sinceSeconds = Math.floor(sinceMs / 1000);
    // From the end, twice as much each time, until what is older is seen.
    for (let bytes = Math.min(size, FIRST_PIECE_BYTES); ; bytes = Math.min(size, bytes * 2)) {
      const piece = Buffer.alloc(bytes);
      const read = readSync(file, piece, 0, bytes, size - bytes);
      const lines = piece.toString('utf8', 0, read).split('\n');
      // Cut anywhere.
      if (bytes < size) lines.shift();
      const entries = lines.flatMap(readLine);
      const recent = entries.filter(({ timeMs }) => timeMs >= sinceSeconds * 1000);
      if (bytes === size || recent.length < entries.length) return recent;
    }
  } finally {
    closeSync(file);
  }
}

function readLine(line: string): ReflogEntry[] {
  const [, from, to, seconds, message = ''] = LINE.exec(line) ?? [];
  if (from === undefined || to === undefined) return [];
  return [{ from: nameOf(from), to: nameOf(to), timeMs: Number(seconds) * 1000, message }];
}

const nameOf = (sha: string): string | null => (NONE.test(sha) ? null : sha);
