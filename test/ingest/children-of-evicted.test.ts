import { expect, test } from 'vitest';
import { replay } from '../support/replay.ts';
import { T0, taskSpan } from '../support/span-makers.ts';

test('a child finds the attempt that resumed before it, although the attempt’s first span comes last', () => {
  const parentTask = { attributes: { step_run_id: 'parent', retry_count: 0, action_name: 'wf:parent' } };
  const first = taskSpan('parent', { span: 1, startMs: T0, endMs: T0 + 10, ...parentTask });
  const resumed = taskSpan('parent', { span: 2, startMs: T0 + 100, endMs: T0 + 200, ...parentTask });
  const child = taskSpan('child', {
    span: 3,
    trace: 3,
    startMs: T0 + 50,
    attributes: { parent_workflow_run_id: 'parent' },
  });
  for (const spans of [
    [child, resumed, first],
    [resumed, child, first],
    [first, resumed, child],
  ]) {
    for (const restart of [false, true]) {
      const { tasks } = replay(spans, { batch: 1, restart });
      expect(
        (tasks as { id: string; parent_task_execution_id: string | null }[]).map((row) => [row.id, row.parent_task_execution_id]),
      ).toEqual([
        ['hatchet:child:0', 'hatchet:parent:0'],
        ['hatchet:parent:0', null],
      ]);
    }
  }
});
