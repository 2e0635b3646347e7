import type { Books } from './books.ts';

export type HealthStatus = 'green' | 'amber' | 'red';

/** One thing that a person should know, and what to do about it. */
export interface HealthFinding {
  readonly level: 'amber' | 'red';
  /** Stable token: `sampled`, `file-too-large`, `books`, `spool-old`, `spool-expired`, `write-failed`, `fallback-folder`, … */
  readonly code: string;
  readonly message: string;
}

export interface FileReport {
  readonly path: string;
  readonly agentId: string | null;
  /** What SQLite answered to the pragma, not what was asked for. */
  readonly journal: string;
  readonly synchronous: string;
  readonly bytes: number;
  /** Epoch milliseconds of the last commit, null before the first. */
  readonly lastCommitMs: number | null;
  /** How often the cache of recent spans was full and was cut back; rows are right all the same, look-ups cost more. */
  readonly cacheTrims: number;
  /** The last write that failed and has not succeeded since. */
  readonly error: string | null;
}

/** What a recorder (one thread, all its files) can tell of itself. Plain data: it crosses threads. */
export interface RecorderReport {
  readonly books: Books;
  readonly files: readonly FileReport[];
  readonly findings: readonly HealthFinding[];
}

export interface Health {
  readonly status: HealthStatus;
  readonly findings: readonly HealthFinding[];
  readonly books: Books;
  readonly files: readonly FileReport[];
  /** Ended spans in memory that are not in a file yet. */
  readonly queued: number;
  /** Ended spans in the spool. */
  readonly spooled: number;
}
