import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Recorder } from '../../src/ingest/recorder.ts';
import { imbalance } from '../../src/model/books.ts';
import { type RecorderOptions, resolveSettings } from '../../src/model/settings.ts';
import type { Origin, SpanRecord } from '../../src/model/span-record.ts';
import { decodeJson } from '../../src/otlp/decode-json.ts';

export const readSpans = (file: URL): SpanRecord[] => [...decodeJson(readFileSync(file, 'utf8')).spans];

const ORIGIN: Origin = { door: 'file', agentId: 'agent-1', receivedMs: Date.UTC(2026, 0, 15) };

/** A folder of its own, gone after `use`. */
export function inFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'ai-tracker-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Rows as a user would compare them: without what may differ by door and by cutting. */
export function rowsOf(path: string): Record<string, unknown[]> {
  const db = new Database(path, { readonly: true });
  try {
    return {
      tasks: db
        .prepare(
          `select id, agent_id, task_id, task_type, attempt, source, start_source, parent_task_execution_id, parent_task_id, workflow_run_id,
           conversation_id, started_at, completed_at, status, duration_ms, error_type, error_message, trace_id, span_id, parent_span_id
           from task_executions order by id`,
        )
        .all(),
      calls: db
        .prepare(
          `select id, task_execution_id, owner_match, parent_tool_call_id, agent_id, sub_agent, conversation_id, kind, tool_name, call_id,
           called_at, duration_ms, duration_quality, model, provider, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
           reasoning_tokens, cost_usd, cost_source, success, error_type, error_message, status_code, retry_count, request_id,
           trace_id, span_id, parent_span_id, source from tool_calls order by id`,
        )
        .all(),
      edits: db
        .prepare(
          `select id, task_execution_id, tool_call_id, owner_match, agent_id, conversation_id, tool, tool_use_id, file_path, previous_path,
           repo_path, repo_id, branch, head_sha, modification_type, lines_added, lines_removed, modified_at, cwd, trace_id, span_id
           from file_modifications order by id`,
        )
        .all(),
      labels: db.prepare('select task_execution_id, key, value, source from task_labels order by 1, 2').all(),
      counts: db.prepare('select sum(task_count) as tasks, sum(tool_calls) as calls from agent_sessions').all(),
    };
  } finally {
    db.close();
  }
}

export interface Replay {
  /** Spans a batch. */
  readonly batch: number;
  /** A new recorder on the same file after each batch, as a restarted process would have. */
  readonly restart: boolean;
  readonly options?: RecorderOptions;
  /** Some agents' local root never comes: whether they are tasks stays open. */
  readonly mayWait?: boolean;
}

/** Records the spans into a fresh file and returns its rows; the books must balance. */
export function replay(spans: readonly SpanRecord[], { batch, restart, options, mayWait }: Replay): Record<string, unknown[]> {
  return inFolder((folder) => {
    const dbPath = join(folder, 'agent.db');
    const { settings } = resolveSettings({ ...options, dbPath }, {});
    const start = (): Recorder =>
      new Recorder({ settings, env: { HOME: folder }, busyTimeoutMs: 0, now: () => Date.UTC(2026, 0, 15) });
    let recorder = start();
    for (let i = 0; i < spans.length; i += batch) {
      const outcome = recorder.apply({ origin: ORIGIN, spans: spans.slice(i, i + batch), logs: [] });
      if (outcome.status !== 'written') throw new Error(outcome.message);
      for (const [dialect, books] of Object.entries(recorder.report().books)) {
        if (imbalance(books) !== 0) throw new Error(`the books of ${dialect} do not balance: ${JSON.stringify(books)}`);
        if (books.waiting !== 0 && mayWait !== true) throw new Error(`${dialect} has ${books.waiting} spans waiting`);
      }
      if (restart) {
        recorder.close();
        recorder = start();
      }
    }
    recorder.close();
    return rowsOf(dbPath);
  });
}
