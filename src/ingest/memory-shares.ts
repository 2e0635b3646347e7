/**
 * What all files open at once may keep in memory together, and each file's share. With a bound per file only, `serve` grew
 * by 2 kB a span: sixty agents of 8,000 spans each took 1.3 GB, and 128 files might have taken 9.
 */

/** Spans of recent traces kept parsed, over all open files; about 1.1 kB each. */
export const CACHED_SPANS_OF_ALL = 100_000;
/** 60 agents in turn, CPU a span and resident memory: 256 MB 34.3 µs, 713 MB; 128 MB 35.4 µs, 594 MB; 64 MB 36.4 µs, 520 MB. */
const CACHED_PAGES_OF_ALL_KIB = 128_000;
/** What better-sqlite3 gives every file. */
const MOST_PAGES_KIB = 16_000;

/** How many spans each file keeps where all together have too many: half, so that this is not to be done at each batch. */
export const spanShare = (files: number, most = CACHED_SPANS_OF_ALL): number => Math.floor(most / 2 / files);

/** Size of SQLite's page cache for each of the files, KiB; halved and halved again, so that it seldom changes. */
export function pageShareKib(files: number): number {
  let kib = MOST_PAGES_KIB;
  while (kib * files > CACHED_PAGES_OF_ALL_KIB && kib > 1000) kib /= 2;
  return kib;
}
