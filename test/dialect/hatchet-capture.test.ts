import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readSpans, replay } from '../support/replay.ts';

const CAPTURE = new URL('../fixtures/otlp/hatchet/worker.otlp.json', import.meta.url);
const TRUTH = new URL('../fixtures/otlp/hatchet/worker.truth.json', import.meta.url);

interface TaskRow {
  readonly task_id: string;
  readonly attempt: number;
  readonly task_type: string;
  readonly status: string;
  readonly parent_task_id: string | null;
  readonly parent_task_execution_id: string | null;
}

/** 107 spans of a real worker (TypeScript SDK 1.33.2), and what the engine it worked for logged of each attempt. */
test('of the captured worker 37 attempts have rows, 35 of them the outcome that the engine saw', () => {
  const { tasks, calls } = replay(readSpans(CAPTURE), { batch: 512, restart: false });
  const truth = (JSON.parse(readFileSync(TRUTH, 'utf8')) as { outcome_by_engine: Record<string, string> }).outcome_by_engine;
  const rows = tasks as TaskRow[];
  expect(rows.map((row) => `${row.task_id}/${row.attempt}`).sort()).toEqual(Object.keys(truth).sort());
  const different = rows.filter((row) => row.status !== truth[`${row.task_id}/${row.attempt}`]);
  // A thrown string, and a parent whose child's failure reaches it as an array: no span tells of either.
  expect(different.map((row) => `${row.task_type}: ${row.status}`).sort()).toEqual([
    'parent-of-failing:parent-of-failing: completed',
    'throws-string:throws-string: completed',
  ]);
  expect(calls).toEqual([]);
});

test('of the captured worker every child whose parent ran there is linked to it', () => {
  const { tasks } = replay(readSpans(CAPTURE), { batch: 512, restart: false });
  const rows = tasks as TaskRow[];
  const seen = new Set(rows.map((row) => row.task_id));
  const children = rows.filter((row) => row.parent_task_id !== null);
  expect(children.length).toBeGreaterThan(5);
  for (const child of children) {
    if (seen.has(child.parent_task_id as string)) expect(child.parent_task_execution_id).toContain(child.parent_task_id);
    else expect(child.parent_task_execution_id, `${child.task_type} has a parent that never arrived`).toBeNull();
  }
});
