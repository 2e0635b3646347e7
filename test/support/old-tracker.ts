import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

export type OldTrackerFixture = 'v0.2.0' | 'repeated-and-odd' | 'first-columns';

/** A file of cc-ai-tracker, closed, in WAL mode as that tool makes it. @returns its path */
export function oldTrackerIn(folder: string, fixtures: readonly OldTrackerFixture[], name = 'tracker.db'): string {
  const path = join(folder, name);
  const db = new Database(path);
  db.pragma('journal_mode = wal');
  for (const fixture of fixtures) addTo(db, fixture);
  db.close();
  return path;
}

export function addTo(db: Database.Database, fixture: OldTrackerFixture): void {
  // Python's sqlite3 does not ask for it.
  db.pragma('foreign_keys = off');
  db.exec(readFileSync(new URL(`../fixtures/cc-ai-tracker/${fixture}.sql`, import.meta.url), 'utf8'));
}
