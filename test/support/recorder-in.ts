import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished } from 'vitest';
import { Recorder } from '../../src/ingest/recorder.ts';
import { imbalance } from '../../src/model/books.ts';
import { type RecorderOptions, resolveSettings } from '../../src/model/settings.ts';
import type { Origin, SpanRecord } from '../../src/model/span-record.ts';

/** A recorder whose agents' files lie in `folder`; closed after the test. */
export function recorderIn(folder: string, options: RecorderOptions = {}, now?: () => number): Recorder {
  const { settings } = resolveSettings({ sharedDir: folder, ...options }, {});
  const recorder = new Recorder({
    settings,
    env: { HOME: join(folder, 'home') },
    busyTimeoutMs: 0,
    ...(now === undefined ? {} : { now }),
  });
  onTestFinished(() => recorder.close());
  return recorder;
}

/** Applies and expects that everything was written. */
export function record(recorder: Recorder, origin: Origin, spans: readonly SpanRecord[]): void {
  expect(recorder.apply({ origin, spans, logs: [] })).toEqual({ status: 'written' });
  expectBalance(recorder);
}

export function expectBalance(recorder: Recorder): void {
  const { books } = recorder.report();
  expect(Object.entries(books).filter(([, of]) => imbalance(of) !== 0)).toEqual([]);
}

/** Ended spans seen, and what became of them, over all dialects. */
export function booksOf(recorder: Recorder): { seen: number; recorded: number; repeated: number; waiting: number } {
  const sum = { seen: 0, recorded: 0, repeated: 0, waiting: 0 };
  for (const of of Object.values(recorder.report().books)) {
    sum.seen += of.seen;
    sum.recorded += of.recorded;
    sum.repeated += of.repeated;
    sum.waiting += of.waiting;
  }
  return sum;
}

/** Rows of a query on a database file, as objects; none where there is no file. */
export function rowsIn<T = Record<string, unknown>>(file: string, sql: string): T[] {
  if (!existsSync(file)) return [];
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare(sql).all() as T[];
  } finally {
    db.close();
  }
}
