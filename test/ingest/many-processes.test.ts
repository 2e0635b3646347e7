import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Books, imbalance } from '../../src/model/books.ts';
import { column, countOf } from '../support/agent-rows.ts';
import { rowsIn } from '../support/recorder-in.ts';
import { runNode } from '../support/run-node.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { expectNoHoles, watchNumbers } from '../support/watch-numbers.ts';

const WORKER = new URL('./children/write-traces.ts', import.meta.url);
const PROCESSES = 8;
const TRACES = 500;

test('8 processes writing 5,000 spans each into one agent’s file at once lose nothing', { timeout: 240_000 }, async () => {
  const folder = scratchFolder();
  const file = join(folder, 'w.db');
  watchNumbers(file);
  const env = { PATH: process.env.PATH, HOME: folder, AGENT_ID: 'w', AI_TRACKER_SHARED_DIR: folder };
  const workers = Array.from({ length: PROCESSES }, () => runNode(WORKER, [String(TRACES)], env));
  await Promise.all(workers.map((worker) => worker.said('ready')));
  for (const worker of workers) worker.say('go');
  const ends = await Promise.all(workers.map((worker) => worker.ended));

  for (const { code, stdout, stderr } of ends) {
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout.split('\n')[1] ?? '') as { status: string; books: Books; queued: number; spooled: number };
    expect(report).toMatchObject({ status: 'green', findings: [], queued: 0, spooled: 0 });
    const all = Object.values(report.books);
    expect(all.map(imbalance).filter((missing) => missing !== 0)).toEqual([]);
    const sum = (key: 'seen' | 'recorded' | 'merged' | 'waiting'): number => all.reduce((n, of) => n + of[key], 0);
    expect({ seen: sum('seen'), recorded: sum('recorded'), merged: sum('merged'), waiting: sum('waiting') }).toEqual({
      seen: 10 * TRACES,
      recorded: 8 * TRACES,
      merged: 2 * TRACES,
      waiting: 0,
    });
  }

  expect(column(file, 'PRAGMA integrity_check')).toEqual(['ok']);
  expect(countOf(file, 'task_executions', "status = 'completed'")).toBe(PROCESSES * TRACES);
  expect(rowsIn(file, 'SELECT kind, owner_match AS owner, count(*) AS n FROM tool_calls GROUP BY 1, 2 ORDER BY 1')).toEqual([
    { kind: 'http', owner: 'ancestor', n: 2 * PROCESSES * TRACES },
    { kind: 'mcp', owner: 'ancestor', n: 2 * PROCESSES * TRACES },
    { kind: 'tool', owner: 'ancestor', n: 3 * PROCESSES * TRACES },
  ]);
  expect(countOf(file, 'tool_calls c JOIN task_executions t ON t.id = c.task_execution_id', 't.trace_id <> c.trace_id')).toBe(0);
  expect(countOf(file, 'span_memory')).toBe(10 * PROCESSES * TRACES);

  const sessions = rowsIn(
    file,
    `SELECT pid, task_count, tool_calls, ended_at IS NOT NULL AS ended,
      (SELECT count(*) FROM task_executions t WHERE t.session_id = s.id) AS tasks,
      (SELECT count(*) FROM tool_calls c WHERE c.session_id = s.id) AS calls FROM agent_sessions s`,
  );
  expect(new Set(sessions.map((session) => session['pid']))).toEqual(new Set(workers.map((worker) => worker.pid)));
  for (const session of sessions) {
    expect(session).toMatchObject({ task_count: TRACES, tasks: TRACES, tool_calls: 7 * TRACES, calls: 7 * TRACES, ended: 1 });
  }

  expectNoHoles(file);
});
