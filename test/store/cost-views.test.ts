import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Db, openForReading, openForWriting } from '../../src/store/open.ts';
import { readSchemaComments } from '../support/schema-comments.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

interface Call {
  readonly task?: string | null;
  readonly agent?: string;
  readonly kind?: string;
  readonly tool?: string | null;
  readonly model?: string | null;
  readonly provider?: string | null;
  readonly at?: string;
  readonly ms?: number | null;
  readonly quality?: string | null;
  readonly tokens?: readonly [input: number | null, output: number | null];
  readonly cost?: number | null;
  readonly estimated?: boolean;
  readonly success?: 0 | 1 | null;
}

/** A file with these rows: tasks as `[id, parent]`. */
function fileWith(tasks: readonly (readonly [string, string | null])[], calls: readonly Call[]): Db {
  const { db } = openForWriting(join(scratchFolder(), 'a.db'), { busyTimeoutMs: 0 });
  const task = db.prepare(
    `INSERT INTO task_executions (id, agent_id, task_type, source, start_source, started_at, status, parent_task_execution_id, change_seq)
     VALUES (?, 'a', 'work', 'hatchet', 'span', '2026-01-15T10:00:00.000Z', 'completed', ?, 1)`,
  );
  const call = db.prepare(
    `INSERT INTO tool_calls (id, task_execution_id, agent_id, kind, tool_name, model, provider, called_at, duration_ms, duration_quality,
       input_tokens, output_tokens, cost_usd, cost_source, success, source, change_seq)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'genai', 1)`,
  );
  for (const [id, parent] of tasks) task.run(id, parent);
  calls.forEach((c, i) => {
    const source = c.cost == null ? null : c.estimated === true ? 'estimated' : 'emitter';
    const [input, output] = c.tokens ?? [null, null];
    const of = [c.agent ?? 'a', c.kind ?? 'llm', c.tool ?? null, c.model ?? null, c.provider ?? null];
    const when = [c.at ?? '2026-01-15T10:00:00.000Z', c.ms ?? null, c.quality ?? null];
    call.run(`c${i}`, c.task ?? null, ...of, ...when, input, output, c.cost ?? null, source, c.success ?? null);
  });
  return db;
}

const all = (db: Db, sql: string): unknown[] => db.prepare(sql).all();

describe('task_costs', () => {
  test('sums what is known and counts what is not, which is NULL where nothing is known', () => {
    const db = fileWith(
      [
        ['known', null],
        ['unknown', null],
        ['idle', null],
      ],
      [
        { task: 'known', tokens: [100, 10], cost: 0.5 },
        { task: 'known', tokens: [200, 20], cost: 0.25, estimated: true },
        { task: 'known', tokens: [50, null], model: 'nobody-knows' },
        { task: 'known', kind: 'tool', tool: 'search' },
        { task: 'unknown', model: 'nobody-knows' },
        { tokens: [9999, 9999], cost: 99 },
      ],
    );
    const rows = all(
      db,
      `SELECT task_execution_id AS id, calls, model_calls AS models, input_tokens AS i, output_tokens AS o, reasoning_tokens AS r,
       cost_usd AS usd, estimated_usd AS est, unpriced_calls AS un FROM task_costs ORDER BY 1`,
    );
    expect(rows).toEqual([
      { id: 'idle', calls: 0, models: 0, i: null, o: null, r: null, usd: null, est: null, un: 0 },
      { id: 'known', calls: 4, models: 3, i: 350, o: 30, r: null, usd: 0.75, est: 0.25, un: 1 },
      { id: 'unknown', calls: 1, models: 1, i: null, o: null, r: null, usd: null, est: null, un: 1 },
    ]);
  });

  test('adds up the tasks below, at any depth, and ends where parents go in a circle', () => {
    const db = fileWith(
      [
        ['root', null],
        ['child', 'root'],
        ['grandchild', 'child'],
        ['orphan', 'never-recorded'],
        ['chicken', 'egg'],
        ['egg', 'chicken'],
      ],
      [
        { task: 'child', tokens: [100, 10], cost: 0.5 },
        { task: 'grandchild', tokens: [1, 2], cost: 0.25 },
        { task: 'grandchild' },
        { task: 'egg', cost: 1 },
      ],
    );
    const rows = all(
      db,
      `SELECT task_execution_id AS id, cost_usd AS own, tree_tasks AS below, tree_cost_usd AS usd, tree_input_tokens AS i,
       tree_unpriced_calls AS un FROM task_costs ORDER BY 1`,
    );
    expect(rows).toEqual([
      { id: 'chicken', own: null, below: 1, usd: 1, i: null, un: 0 },
      { id: 'child', own: 0.5, below: 1, usd: 0.75, i: 101, un: 1 },
      { id: 'egg', own: 1, below: 1, usd: 1, i: null, un: 0 },
      { id: 'grandchild', own: 0.25, below: 0, usd: 0.25, i: 1, un: 1 },
      { id: 'orphan', own: null, below: 0, usd: null, i: null, un: 0 },
      { id: 'root', own: null, below: 2, usd: 0.75, i: 101, un: 1 },
    ]);
  });
});

test('model_costs has a row per agent, provider, model and day, and leaves out calls that used no model', () => {
  const claude = { model: 'claude', provider: 'anthropic', tokens: [10, 1] } as const;
  const db = fileWith(
    [],
    [
      { ...claude, cost: 1, at: '2026-01-15T00:00:00.000Z' },
      { ...claude, cost: 2, estimated: true, at: '2026-01-15T23:59:59.999Z', success: 0 },
      { ...claude, at: '2026-01-16T00:00:00.000Z' },
      { ...claude, agent: 'b', cost: 4 },
      { kind: 'agent', tokens: [7, 7] },
      { kind: 'tool', tool: 'search' },
      { kind: 'http' },
    ],
  );
  const rows = all(
    db,
    `SELECT agent_id AS a, model, day, model_calls AS n, failed_calls AS bad, input_tokens AS i, cost_usd AS usd, estimated_usd AS est,
     unpriced_calls AS un FROM model_costs ORDER BY 1, 2, 3`,
  );
  expect(rows).toEqual([
    { a: 'a', model: null, day: '2026-01-15', n: 1, bad: 0, i: 7, usd: null, est: null, un: 1 },
    { a: 'a', model: 'claude', day: '2026-01-15', n: 2, bad: 1, i: 20, usd: 3, est: 2, un: 0 },
    { a: 'a', model: 'claude', day: '2026-01-16', n: 1, bad: 0, i: 10, usd: null, est: null, un: 1 },
    { a: 'b', model: 'claude', day: '2026-01-15', n: 1, bad: 0, i: 10, usd: 4, est: null, un: 0 },
  ]);
});

describe('tool_stats', () => {
  const stats = (db: Db): unknown =>
    db
      .prepare(
        `SELECT tool_name AS tool, calls, succeeded_calls AS ok, failed_calls AS bad, unknown_calls AS unknown, timed_calls AS timed,
         p50_ms AS p50, p95_ms AS p95, max_ms AS max FROM tool_stats ORDER BY 1`,
      )
      .all();

  // The nearest rank: the smallest duration that 50 or 95 of 100 do not exceed.
  test.each([1, 2, 3, 19, 20, 21, 100])('has the nearest-rank percentiles of %i calls', (n) => {
    const durations = Array.from({ length: n }, (_, i) => i + 1);
    const rank = (share: number): number => durations.find((ms) => ms >= share * n) ?? Number.NaN;
    const shuffled = durations.toSorted((a, b) => ((a * 7919) % 101) - ((b * 7919) % 101));
    const calls = shuffled.map((ms): Call => ({ kind: 'tool', tool: 'search', ms, success: 1 }));
    expect(stats(fileWith([], calls))).toEqual([
      { tool: 'search', calls: n, ok: n, bad: 0, unknown: 0, timed: n, p50: rank(0.5), p95: rank(0.95), max: n },
    ]);
  });

  test('counts every outcome, and times only calls whose duration is their own', () => {
    const search = { kind: 'tool', tool: 'search' } as const;
    const db = fileWith(
      [],
      [
        { ...search, ms: 10, success: 1 },
        { ...search, ms: 30, success: 0 },
        { ...search, ms: 99_999, quality: 'implicit' },
        { ...search, ms: 20, quality: 'millisecond', success: 1 },
        { ...search, success: 0 },
        { kind: 'mcp', tool: 'untimed', ms: 5, quality: 'implicit', success: 1 },
      ],
    );
    expect(stats(db)).toEqual([
      { tool: 'search', calls: 5, ok: 2, bad: 2, unknown: 1, timed: 3, p50: 20, p95: 30, max: 30 },
      { tool: 'untimed', calls: 1, ok: 1, bad: 0, unknown: 0, timed: 0, p50: null, p95: null, max: null },
    ]);
  });
});

test('each view has an example, and it runs on the kept file of a release', () => {
  const { tables } = readSchemaComments(new URL('../../schema/agent/', import.meta.url));
  const file = openForReading(new URL('../fixtures/files/v0.1.0.db', import.meta.url).pathname);
  for (const view of ['task_costs', 'model_costs', 'tool_stats']) {
    const example = tables.get(view)?.example ?? '';
    expect(example).toContain(view);
    expect(() => file.db.prepare(example).all(), view).not.toThrow();
  }
  file.close();
});
