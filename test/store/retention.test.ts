import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileSize } from '../../src/store/file-size.ts';
import { type Db, openForWriting } from '../../src/store/open.ts';
import { deleteOlderThan, forgetMemory, type RetentionStep, trimTombstones } from '../../src/store/retention.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const OLD = '2026-01-01T00:00:00.000Z';
const CUTOFF = '2026-02-01T00:00:00.000Z';
const YOUNG = '2026-03-01T00:00:00.000Z';

function freshDb(): Db {
  return openForWriting(join(scratchFolder(), 'a.db'), { busyTimeoutMs: 0 }).db;
}

function put(db: Db, table: string, row: Record<string, string | number | null>): void {
  const all: Record<string, string | number | null> = { ...row, change_seq: 1 };
  const columns = Object.keys(all);
  db.prepare(`INSERT INTO ${table} (${columns.join()}) VALUES (${columns.map((column) => `@${column}`).join()})`).run(all);
}
const task = (db: Db, id: string, at: string, status = 'completed', completed: string | null = at): void =>
  put(db, 'task_executions', {
    id,
    source: 'hatchet',
    start_source: 'span',
    started_at: at,
    completed_at: completed,
    status,
    session_id: 's',
  });
const call = (db: Db, id: string, at: string, owner: string | null): void =>
  put(db, 'tool_calls', { id, kind: 'tool', source: 'genai', called_at: at, task_execution_id: owner });
const edit = (db: Db, id: string, at: string, owner: string | null, toolCall: string | null): void =>
  put(db, 'file_modifications', {
    id,
    file_path: '/a',
    modification_type: 'edit',
    modified_at: at,
    task_execution_id: owner,
    tool_call_id: toolCall,
  });
function commit(db: Db, id: string, at: string, modification: string): void {
  put(db, 'commits', { id, timestamp: at, commit_sha: id, repo_id: 'r' });
  put(db, 'commit_files', { id: `${id}:a`, commit_id: id, file_path: 'a' });
  put(db, 'commit_lines', {
    id: `${id}:a:1`,
    commit_id: id,
    file_path: 'a',
    first_line: 1,
    last_line: 1,
    file_modification_id: modification,
    match: 'exact',
  });
  put(db, 'line_anchors', { commit_id: id, file_path: 'a', line_number: 1, line_hash: 'x', normal_hash: 'y' });
}
const ids = (db: Db, table: string): unknown[] => db.prepare(`SELECT id FROM ${table} ORDER BY id`).pluck().all();
function finish(step: () => RetentionStep): number {
  for (let rounds = 1; ; rounds += 1) if (!step().more) return rounds;
}

describe('deleting by age', () => {
  test('takes old tasks with calls and labels, and leaves young ones', () => {
    const db = freshDb();
    task(db, 'old', OLD);
    task(db, 'young', YOUNG);
    call(db, 'old-call', OLD, 'old');
    call(db, 'stray-call', OLD, null);
    call(db, 'young-call', YOUNG, 'young');
    put(db, 'task_labels', { task_execution_id: 'old', key: 'k', value: 'v', source: 'span' });
    finish(() => deleteOlderThan(db, CUTOFF, 100));
    expect([ids(db, 'task_executions'), ids(db, 'tool_calls')]).toEqual([['young'], ['young-call']]);
    expect(db.prepare('SELECT count(*) FROM task_labels').pluck().get()).toBe(0);
  });

  test('never takes a running task, nor what is its own, however old', () => {
    const db = freshDb();
    task(db, 'running', OLD, 'running', null);
    call(db, 'call', OLD, 'running');
    call(db, 'call-without-edit', OLD, 'running');
    edit(db, 'edit', OLD, 'running', 'call');
    put(db, 'agent_sessions', { id: 's', started_at: OLD, heartbeat_at: OLD });
    finish(() => deleteOlderThan(db, CUTOFF, 100));
    expect([ids(db, 'task_executions'), ids(db, 'tool_calls'), ids(db, 'file_modifications'), ids(db, 'agent_sessions')]).toEqual(
      [['running'], ['call', 'call-without-edit'], ['edit'], ['s']],
    );
  });

  test('leaves a task that began before the cutoff and ended after it', () => {
    const db = freshDb();
    task(db, 'long', OLD, 'completed', YOUNG);
    finish(() => deleteOlderThan(db, CUTOFF, 100));
    expect(ids(db, 'task_executions')).toEqual(['long']);
  });

  test('leaves an old task while a younger call or edit is its own', () => {
    const db = freshDb();
    task(db, 'called-late', OLD);
    call(db, 'young-call', YOUNG, 'called-late');
    task(db, 'edited-late', OLD);
    edit(db, 'young-edit', YOUNG, 'edited-late', null);
    finish(() => deleteOlderThan(db, CUTOFF, 100));
    expect(ids(db, 'task_executions')).toEqual(['called-late', 'edited-late']);
  });

  test('leaves the whole chain below a young commit, and takes it once the commit is old', () => {
    const db = freshDb();
    task(db, 'task', OLD);
    call(db, 'call', OLD, 'task');
    edit(db, 'edit', OLD, 'task', 'call');
    commit(db, 'commit', YOUNG, 'edit');
    finish(() => deleteOlderThan(db, CUTOFF, 100));
    const chain = ['commits', 'file_modifications', 'tool_calls', 'task_executions'];
    expect(chain.map((table) => ids(db, table))).toEqual([['commit'], ['edit'], ['call'], ['task']]);
    finish(() => deleteOlderThan(db, '2027-01-01T00:00:00.000Z', 100));
    expect(chain.map((table) => ids(db, table).length)).toEqual([0, 0, 0, 0]);
    for (const table of ['commit_files', 'commit_lines', 'line_anchors'])
      expect(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()).toBe(0);
  });

  test('goes in steps of the given size, children first at every step', () => {
    const db = freshDb();
    for (let i = 0; i < 10; i += 1) {
      task(db, `t${i}`, OLD);
      for (let j = 0; j < 4; j += 1) call(db, `t${i}c${j}`, OLD, `t${i}`);
    }
    const orphans = db
      .prepare(
        'SELECT count(*) FROM tool_calls c WHERE NOT EXISTS (SELECT 1 FROM task_executions t WHERE t.id = c.task_execution_id)',
      )
      .pluck();
    const rounds = finish(() => {
      const step = deleteOlderThan(db, CUTOFF, 7);
      expect(step.deleted).toBeLessThanOrEqual(7);
      expect(orphans.get()).toBe(0);
      return step;
    });
    expect(rounds).toBe(8);
    expect(ids(db, 'task_executions')).toEqual([]);
  });

  test('leaves a tombstone of each row, numbered on from the file’s counter', () => {
    const db = freshDb();
    db.exec('UPDATE change_counter SET seq = 41');
    task(db, 'old', OLD);
    call(db, 'old-call', OLD, 'old');
    finish(() => deleteOlderThan(db, CUTOFF, 100));
    expect(db.prepare('SELECT table_name, row_id, change_seq FROM tombstones ORDER BY change_seq').all()).toEqual([
      { table_name: 'tool_calls', row_id: 'old-call', change_seq: 42 },
      { table_name: 'task_executions', row_id: 'old', change_seq: 43 },
    ]);
    expect(db.prepare('SELECT seq FROM change_counter').pluck().get()).toBe(43);
  });

  test('that finds nothing takes no number', () => {
    const db = freshDb();
    task(db, 'young', YOUNG);
    expect(deleteOlderThan(db, CUTOFF, 100)).toEqual({ deleted: 0, more: false });
    expect(db.prepare('SELECT seq FROM change_counter').pluck().get()).toBe(0);
  });

  test('makes the file smaller', () => {
    const db = freshDb();
    db.transaction(() => {
      for (let i = 0; i < 5000; i += 1) call(db, `call-${i}-${'x'.repeat(200)}`, OLD, null);
    })();
    db.pragma('wal_checkpoint(TRUNCATE)');
    const before = fileSize(db.name);
    finish(() => deleteOlderThan(db, CUTOFF, 1000));
    finish(() => trimTombstones(db, 0, 1000));
    for (let i = 0; i < 20; i += 1) db.pragma('incremental_vacuum(256)');
    db.pragma('wal_checkpoint(TRUNCATE)');
    expect(fileSize(db.name)).toBeLessThan(before / 2);
  });
});

describe('forgetting spans', () => {
  const remember = (db: Db, span: string, seen: number, cls = 'step', ref: string | null = null): void =>
    void db
      .prepare('INSERT INTO span_memory (trace_id, span_id, flags, class, ref, seen_at) VALUES (?, ?, 0, ?, ?, ?)')
      .run('t', span, cls, ref, seen);
  const spans = (db: Db): unknown[] => db.prepare('SELECT span_id FROM span_memory ORDER BY span_id').pluck().all();

  test('takes those last seen before the given second, signals too, and leaves the rest', () => {
    const db = freshDb();
    remember(db, 'a', 100);
    remember(db, 'b', 200);
    const signal = db.prepare("INSERT INTO task_signals VALUES ('hatchet', ?, 'cancelled', 't', 's', 1, ?)");
    signal.run('old', 100);
    signal.run('young', 200);
    finish(() => forgetMemory(db, 150, 10));
    expect(spans(db)).toEqual(['b']);
    expect(db.prepare('SELECT task_id FROM task_signals').pluck().all()).toEqual(['young']);
  });

  test('leaves the span of a running task, however old', () => {
    const db = freshDb();
    task(db, 'running', OLD, 'running', null);
    task(db, 'done', OLD);
    remember(db, 'a', 100, 'task', 'running');
    remember(db, 'b', 100, 'task', 'done');
    finish(() => forgetMemory(db, 150, 10));
    expect(spans(db)).toEqual(['a']);
  });

  test('goes in steps, past spans that stay', () => {
    const db = freshDb();
    for (let i = 0; i < 5; i += 1) remember(db, `young-${i}`, 200);
    for (let i = 0; i < 20; i += 1) remember(db, `old-${i}`, 100);
    const rounds = finish(() => forgetMemory(db, 150, 8));
    expect(rounds).toBe(3);
    expect(spans(db)).toHaveLength(5);
  });
});

describe('trimming tombstones', () => {
  test('keeps the newest and notes how far it went', () => {
    const db = freshDb();
    for (let i = 1; i <= 10; i += 1) db.prepare("INSERT INTO tombstones VALUES ('tool_calls', ?, ?)").run(`call-${i}`, i);
    finish(() => trimTombstones(db, 3, 2));
    expect(db.prepare('SELECT change_seq FROM tombstones ORDER BY change_seq').pluck().all()).toEqual([8, 9, 10]);
    expect(db.prepare("SELECT value FROM file_info WHERE key = 'tombstones_since'").pluck().get()).toBe('7');
  });
});
