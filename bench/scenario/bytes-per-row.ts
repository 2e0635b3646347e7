import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Recorder } from '../../src/ingest/recorder.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import { makeTraces } from '../data/make-spans.ts';
import { toBatches } from '../data/to-batches.ts';
import { report } from '../measure.ts';

/**
 * Room on disk after 102,400 spans: the file over its rows of tasks and calls, and each table with its indexes over its own
 * rows. The ownership memory is bounded by age (AI_TRACKER_MEMORY_DAYS), so of an old file the tables of rows remain.
 */

const folder = mkdtempSync(join(tmpdir(), 'ai-tracker-bench-'));
const dbPath = join(folder, 'agent.db');
const { settings } = resolveSettings({ dbPath }, {});
const recorder = new Recorder({ settings, env: {}, busyTimeoutMs: 0 });
for (const batch of toBatches(makeTraces(5120), 512, true)) {
  const outcome = recorder.apply(batch);
  if (outcome.status !== 'written') throw new Error(outcome.message);
}
recorder.close();

const db = new Database(dbPath);
db.pragma('wal_checkpoint(truncate)');
const rows = (table: string): number => db.prepare(`select count(*) from ${table}`).pluck().get() as number;
const pages = db.prepare(
  'select sum(pgsize) from dbstat where aggregate = true and name in (select name from sqlite_schema where tbl_name = ?)',
);
const bytes = (table: string): number => pages.pluck().get(table) as number;
const figures = {
  rows: rows('task_executions') + rows('tool_calls'),
  fileBytes: statSync(dbPath).size,
  bytesPerTask: bytes('task_executions') / rows('task_executions'),
  bytesPerCall: bytes('tool_calls') / rows('tool_calls'),
  bytesPerRememberedSpan: bytes('span_memory') / rows('span_memory'),
};
db.close();
rmSync(folder, { recursive: true });
report({ ...figures, bytesPerRow: figures.fileBytes / figures.rows });
