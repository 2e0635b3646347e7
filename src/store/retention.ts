import type { Db } from './open.ts';

/** What one step did. `more`: there may be rows left for the next step. */
export interface RetentionStep {
  readonly deleted: number;
  readonly more: boolean;
}

/** Rows of one kind that a step may delete, in the order children first: nothing goes while a younger row points to it. */
interface Doomed {
  readonly table: string;
  /** Selects ids; binds @before and @limit. */
  readonly select: string;
  /** Deletes what has no key of its own; binds the id. */
  readonly alongside: readonly string[];
}

const RUNNING_OWNER = (row: string): string =>
  `EXISTS (SELECT 1 FROM task_executions o WHERE o.id = ${row}.task_execution_id AND o.status = 'running')`;

const IN_ORDER: readonly Doomed[] = [
  {
    table: 'commits',
    select: 'SELECT id FROM commits WHERE timestamp < @before ORDER BY timestamp LIMIT @limit',
    alongside: [
      'DELETE FROM line_anchors WHERE commit_id = ?',
      'DELETE FROM commit_lines WHERE commit_id = ?',
      'DELETE FROM commit_files WHERE commit_id = ?',
    ],
  },
  {
    table: 'file_modifications',
    select: `SELECT m.id FROM file_modifications m WHERE m.modified_at < @before
      AND NOT EXISTS (SELECT 1 FROM commit_lines l WHERE l.file_modification_id = m.id)
      AND NOT ${RUNNING_OWNER('m')} ORDER BY m.modified_at LIMIT @limit`,
    alongside: [],
  },
  {
    table: 'tool_calls',
    select: `SELECT c.id FROM tool_calls c WHERE c.called_at < @before
      AND NOT EXISTS (SELECT 1 FROM file_modifications m WHERE m.tool_call_id = c.id)
      AND NOT EXISTS (SELECT 1 FROM commits k WHERE k.tool_call_id = c.id)
      AND NOT ${RUNNING_OWNER('c')} ORDER BY c.called_at LIMIT @limit`,
    alongside: [],
  },
  {
    table: 'task_executions',
    select: `SELECT t.id FROM task_executions t WHERE t.started_at < @before AND t.status <> 'running' AND coalesce(t.completed_at, t.started_at) < @before
      AND NOT EXISTS (SELECT 1 FROM tool_calls c WHERE c.task_execution_id = t.id)
      AND NOT EXISTS (SELECT 1 FROM file_modifications m WHERE m.task_execution_id = t.id)
      AND NOT EXISTS (SELECT 1 FROM commits k WHERE k.task_execution_id = t.id) ORDER BY t.started_at LIMIT @limit`,
    alongside: ['DELETE FROM task_labels WHERE task_execution_id = ?'],
  },
  {
    table: 'agent_sessions',
    select: `SELECT s.id FROM agent_sessions s WHERE s.heartbeat_at < @before
      AND NOT EXISTS (SELECT 1 FROM task_executions t WHERE t.session_id = s.id AND t.status = 'running') LIMIT @limit`,
    alongside: [],
  },
];

/** Free pages (4 KiB) given back to the disk in one step. */
const PAGES_A_STEP = 256;

/** Runs `work` in one transaction that takes the write lock first; what it throws leaves the file as it was. */
function inTransaction<T>(db: Db, work: () => T): T {
  return db.transaction(work).immediate();
}

/**
 * Deletes up to `limit` rows that ended before `cutoffIso` (ISO 8601 text), children before parents, with a tombstone
 * each, in one transaction. Running tasks stay with all that is theirs, and so does what a younger commit came from.
 * Call it again while it says `more`, letting writers in between.
 * @throws {SqliteError} SQLITE_BUSY where another process writes for longer than the connection's busy timeout.
 */
export function deleteOlderThan(db: Db, cutoffIso: string, limit: number): RetentionStep {
  const deleted = inTransaction(db, () => {
    const bury = db.prepare(
      'INSERT INTO tombstones (table_name, row_id, change_seq) VALUES (?, ?, ?) ON CONFLICT (table_name, row_id) DO UPDATE SET change_seq = excluded.change_seq',
    );
    let seq = db.prepare('SELECT seq FROM change_counter WHERE id = 1').pluck().get() as number;
    let count = 0;
    for (const { table, select, alongside } of IN_ORDER) {
      if (count >= limit) break;
      const ids = db
        .prepare(select)
        .pluck()
        .all({ before: cutoffIso, limit: limit - count }) as string[];
      if (ids.length === 0) continue;
      const deletions = [...alongside.map((text) => db.prepare(text)), db.prepare(`DELETE FROM ${table} WHERE id = ?`)];
      for (const id of ids) {
        for (const deletion of deletions) deletion.run(id);
        bury.run(table, id, ++seq);
      }
      count += ids.length;
    }
    if (count > 0) db.prepare('UPDATE change_counter SET seq = ? WHERE id = 1').run(seq);
    return count;
  });
  if (deleted > 0) db.pragma(`incremental_vacuum(${PAGES_A_STEP})`);
  return { deleted, more: deleted >= limit };
}

/**
 * Forgets up to `limit` spans, signals and parts of calls each, last seen before `beforeUnixSeconds`. It looks at the oldest `2 * limit` spans
 * only, by row number: an index on the age would cost every span that is ever written. Spans of running tasks stay.
 * @throws {SqliteError} SQLITE_BUSY as above.
 */
export function forgetMemory(db: Db, beforeUnixSeconds: number, limit: number): RetentionStep {
  const spans = db.prepare(`DELETE FROM span_memory WHERE rowid IN (
    SELECT m.rowid FROM (SELECT rowid, seen_at, class, ref FROM span_memory ORDER BY rowid LIMIT @limit * 2) m
    WHERE m.seen_at < @before AND NOT (m.class = 'task' AND EXISTS (SELECT 1 FROM task_executions t WHERE t.id = m.ref AND t.status = 'running'))
    LIMIT @limit)`);
  const signals = db.prepare(`DELETE FROM task_signals WHERE (source, task_id, kind, trace_id, span_id) IN (
    SELECT source, task_id, kind, trace_id, span_id FROM task_signals WHERE seen_at < @before LIMIT @limit)`);
  const parts = db.prepare(`DELETE FROM call_parts WHERE (call_key, part) IN (
    SELECT call_key, part FROM call_parts WHERE seen_at < @before LIMIT @limit)`);
  const bounds = { before: beforeUnixSeconds, limit };
  const deleted = inTransaction(db, () => [spans, signals, parts].map((statement) => statement.run(bounds).changes));
  return { deleted: deleted.reduce((sum, count) => sum + count, 0), more: deleted.some((count) => count >= limit) };
}

/**
 * Drops the oldest tombstones beyond `keep`, up to `limit` at once, and notes in `file_info.tombstones_since` how far:
 * without a bound, deleting by age would leave a file that only grows.
 * @throws {SqliteError} SQLITE_BUSY as above.
 */
export function trimTombstones(db: Db, keep: number, limit: number): RetentionStep {
  const excess = (db.prepare('SELECT count(*) FROM tombstones').pluck().get() as number) - keep;
  if (excess <= 0) return { deleted: 0, more: false };
  const deleted = inTransaction(db, () => {
    const last = db
      .prepare('SELECT max(change_seq) FROM (SELECT change_seq FROM tombstones ORDER BY change_seq LIMIT ?)')
      .pluck()
      .get(Math.min(excess, limit)) as number | null;
    if (last === null) return 0;
    db.prepare(
      `INSERT INTO file_info (key, value) VALUES ('tombstones_since', ?)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE CAST(excluded.value AS INTEGER) > CAST(value AS INTEGER)`,
    ).run(String(last));
    return db.prepare('DELETE FROM tombstones WHERE change_seq <= ?').run(last).changes;
  });
  return { deleted, more: deleted < excess };
}
