/**
 * `node test/support/make-release-file.ts VERSION`: makes test/fixtures/files/vVERSION.db, a file with a row in each table
 * as this release writes it. Run once per release and never again for that version.
 */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Db, openForWriting } from '../../src/store/open.ts';

const version = process.argv[2];
if (version === undefined) throw new Error('which version?');
const path = fileURLToPath(new URL(`../fixtures/files/v${version}.db`, import.meta.url));
for (const part of ['', '-wal', '-shm']) rmSync(path + part, { force: true });

const AT = '2026-01-15T10:00:00.123Z';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
let seq = 0;

function insert(db: Db, table: string, row: Record<string, string | number | null>): void {
  const columns = Object.keys(row);
  db.prepare(`INSERT INTO ${table} (${columns.join()}) VALUES (${columns.map((column) => `@${column}`).join()})`).run(row);
}
const synced = (row: Record<string, string | number | null>): Record<string, string | number | null> => ({
  ...row,
  change_seq: ++seq,
});

const file = openForWriting(path, { busyTimeoutMs: 1000, packageVersion: version });
const { db } = file;
db.transaction(() => {
  insert(
    db,
    'agent_sessions',
    synced({ id: 'session-1', agent_id: 'worker-7', started_at: AT, heartbeat_at: AT, host: 'host-1', pid: 42 }),
  );
  insert(
    db,
    'task_executions',
    synced({
      id: 'hatchet:step-1:0',
      session_id: 'session-1',
      agent_id: 'worker-7',
      task_id: 'step-1',
      task_type: 'review',
      attempt: 0,
      source: 'hatchet',
      start_source: 'span',
      started_at: AT,
      completed_at: AT,
      status: 'completed',
      duration_ms: 12.5,
      trace_id: TRACE,
      span_id: 'b7ad6b7169203331',
    }),
  );
  insert(db, 'task_labels', synced({ task_execution_id: 'hatchet:step-1:0', key: 'tenant', value: 'acme', source: 'span' }));
  insert(
    db,
    'tool_calls',
    synced({
      id: `${TRACE}:00f067aa0ba902b7`,
      task_execution_id: 'hatchet:step-1:0',
      owner_match: 'ancestor',
      agent_id: 'worker-7',
      kind: 'llm',
      tool_name: 'chat',
      called_at: AT,
      duration_ms: 3,
      model: 'model-x',
      input_tokens: 100,
      output_tokens: 10,
      cost_usd: 0.0015,
      cost_source: 'emitter',
      success: 1,
      source: 'genai',
      trace_id: TRACE,
      span_id: '00f067aa0ba902b7',
    }),
  );
  insert(
    db,
    'file_modifications',
    synced({
      id: 'call-1:/repo/src/a.ts',
      task_execution_id: 'hatchet:step-1:0',
      conversation_id: 'conversation-1',
      tool: 'Edit',
      file_path: '/repo/src/a.ts',
      repo_path: 'src/a.ts',
      repo_id: 'example.com/acme/repo',
      modification_type: 'edit',
      lines_added: 2,
      lines_removed: 1,
      modified_at: AT,
    }),
  );
  insert(
    db,
    'commits',
    synced({
      id: 'example.com/acme/repo:5f2c',
      timestamp: AT,
      commit_sha: '5f2c',
      repo_id: 'example.com/acme/repo',
      repo_name: 'repo',
      ai_lines_added: 2,
      human_lines_added: 1,
    }),
  );
  insert(
    db,
    'commit_files',
    synced({
      id: 'example.com/acme/repo:5f2c:src/a.ts',
      commit_id: 'example.com/acme/repo:5f2c',
      file_path: 'src/a.ts',
      lines_added: 3,
      lines_removed: 1,
      ai_lines_added: 2,
    }),
  );
  insert(
    db,
    'commit_lines',
    synced({
      id: 'example.com/acme/repo:5f2c:src/a.ts:7',
      commit_id: 'example.com/acme/repo:5f2c',
      file_path: 'src/a.ts',
      first_line: 7,
      last_line: 8,
      file_modification_id: 'call-1:/repo/src/a.ts',
      match: 'exact',
    }),
  );
  insert(
    db,
    'line_anchors',
    synced({
      commit_id: 'example.com/acme/repo:5f2c',
      file_path: 'src/a.ts',
      line_number: 7,
      file_modification_id: 'call-1:/repo/src/a.ts',
      line_hash: '9e3779b97f4a7c15',
      normal_hash: 'bf58476d1ce4e5b9',
    }),
  );
  insert(db, 'tombstones', synced({ table_name: 'tool_calls', row_id: 'gone' }));
  insert(db, 'span_memory', {
    trace_id: TRACE,
    span_id: 'b7ad6b7169203331',
    flags: 0,
    class: 'task',
    ref: 'hatchet:step-1:0',
    seen_at: 1768471200,
  });
  insert(db, 'task_signals', {
    source: 'hatchet',
    task_id: 'step-1',
    kind: 'cancelled',
    trace_id: TRACE,
    span_id: 'b7ad6b7169203332',
    at_ms: 1768471200123,
    seen_at: 1768471200,
  });
  db.prepare('UPDATE change_counter SET seq = ?').run(seq);
}).immediate();
file.close();
console.log(path);
