import { closeSync, openSync, readSync, statSync } from 'node:fs';

/**
 * Which file lies at a path: device and inode; null where there is none. A file that was removed while it is open goes on
 * taking writes without a word, so a writer compares what it opened with what lies there.
 */
export function fileIdentity(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`;
}

/** What an open database stands on: the file and, where there is one, its write-ahead log. */
export interface Footing {
  readonly file: string | null;
  /** null where the journal is none that stays. */
  readonly wal: string | null;
  readonly bytes: number;
}

/** Two looks at the disk, 2 µs each. */
export function footingOf(path: string, journal: string): Footing {
  const stat = statSync(path, { throwIfNoEntry: false });
  return {
    file: stat === undefined ? null : `${stat.dev}:${stat.ino}`,
    wal: journal === 'wal' ? fileIdentity(`${path}-wal`) : null,
    bytes: stat?.size ?? 0,
  };
}

/**
 * What was done to an open database from outside, in words; null: nothing. SQLite notices none of it: commits go on into
 * a file or a log without a name, or over a hole.
 *
 * - `replaced`: another file, or none, lies there; what is written goes to a new one.
 * - `log`: the write-ahead log was removed or replaced. Closing the connection brings what it holds into the file.
 * - `cut`: the file is shorter than its own header says. What was in it is gone.
 */
export type Upset = 'replaced' | 'log' | 'cut';

/** @param before as it was after the last write. */
export function upsetOf(path: string, before: Footing, now: Footing): Upset | null {
  if (now.file !== before.file) return 'replaced';
  // Retention gives pages back too; then the header says so.
  if (now.bytes < before.bytes && isCut(path, now.bytes)) return 'cut';
  return now.wal === before.wal ? null : 'log';
}

const HEADER_BYTES = 100;

/** By sqlite.org/fileformat2.html §1.3: page size at 16, pages at 28, valid where the numbers at 24 and 92 are equal. */
function isCut(path: string, bytes: number): boolean {
  const header = Buffer.alloc(HEADER_BYTES);
  const fd = openSync(path, 'r');
  try {
    if (readSync(fd, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return true;
  } finally {
    closeSync(fd);
  }
  const size = header.readUInt16BE(16);
  const pages = header.readUInt32BE(24) === header.readUInt32BE(92) ? header.readUInt32BE(28) : 1;
  return bytes < pages * (size === 1 ? 65_536 : size);
}
