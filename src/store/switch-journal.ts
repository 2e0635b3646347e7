import type { Database } from 'better-sqlite3';
import type { JournalMode } from './journal.ts';

const PAUSE_MS = 5;

const isBusy = (error: unknown): boolean => /^SQLITE_(BUSY|LOCKED)/.test((error as { code?: string }).code ?? '');

/** Stops the thread. Called only where a busy timeout says that it may block. */
const sleep = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

/**
 * Sets the journal mode and returns what SQLite answered. Going to WAL or away from it needs the file for oneself, and
 * the busy timeout does not cover that in every case, so it is tried for that long here.
 *
 * Away from WAL on a local disk is a wish, not a need: while others have the file open it stays WAL.
 * @throws {SqliteError} SQLITE_BUSY
 */
export function switchJournal(db: Database, wanted: JournalMode, local: boolean, budgetMs: number): string {
  const deadline = performance.now() + budgetMs;
  for (;;) {
    try {
      const current = db.pragma('journal_mode', { simple: true }) as string;
      if (current === wanted) return current;
      return db.pragma(`journal_mode = ${wanted}`, { simple: true }) as string;
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() < deadline) sleep(PAUSE_MS);
      else if (local && wanted !== 'wal') return db.pragma('journal_mode', { simple: true }) as string;
      else throw error;
    }
  }
}
