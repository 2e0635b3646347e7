import { describe, expect, test } from 'vitest';
import { findTasks, taskDetail } from '../../src/query/task-detail.ts';
import type { TaskRow } from '../../src/query/tasks.ts';
import { record, recorderIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromSender, taskSpan, toolSpan } from '../support/span-makers.ts';
import { everythingIn } from './selection.ts';

const PARENT = { parent_workflow_run_id: 'plan-7' };

/** A parent of one agent; its child of another, tried twice, with a call in the second attempt. */
function family(): string {
  const folder = scratchFolder();
  const recorder = recorderIn(folder, { labelKeys: ['tenant'] });
  record(recorder, fromSender(Date.now(), 'planner'), [taskSpan('plan-7', { span: 1, attributes: { tenant: 'acme' } })]);
  record(recorder, fromSender(Date.now(), 'worker'), [
    taskSpan('child-8', { span: 10, trace: 2, parent: 1, attributes: PARENT }),
    taskSpan('child-8', { span: 11, trace: 3, attributes: { ...PARENT, retry_count: 1 } }),
    toolSpan({ span: 12, trace: 3, parent: 11 }),
    taskSpan('child-80', { span: 20, trace: 4 }),
  ]);
  return folder;
}

describe('a task', () => {
  const find = (folder: string, name: string): readonly TaskRow[] => findTasks(everythingIn(folder), name).answers;
  const ids = (rows: readonly TaskRow[]): string[] => rows.map((row) => row.id).sort();

  test('is found by its id, by the id of its emitter and by the beginning of either', () => {
    const folder = family();
    expect(ids(find(folder, 'hatchet:plan-7:0'))).toEqual(['hatchet:plan-7:0']);
    expect(ids(find(folder, 'plan'))).toEqual(['hatchet:plan-7:0']);
    expect(ids(find(folder, 'hatchet:plan'))).toEqual(['hatchet:plan-7:0']);
    expect(ids(find(folder, 'lan-7'))).toEqual([]);
  });

  test('whose whole id was given is not taken for others that begin so', () => {
    const folder = family();
    expect(ids(find(folder, 'child-8'))).toEqual(['hatchet:child-8:0', 'hatchet:child-8:1']);
    expect(ids(find(folder, 'child'))).toHaveLength(3);
  });

  test('comes with its attempts, calls and labels', () => {
    const folder = family();
    const selection = everythingIn(folder);
    const [second] = find(folder, 'hatchet:child-8:1');
    const detail = taskDetail(selection, second as TaskRow);
    expect(detail.attempts.map((row) => row.attempt)).toEqual([0, 1]);
    expect(detail.calls).toMatchObject([{ tool_name: 'search', task_execution_id: 'hatchet:child-8:1' }]);
    const [plan] = find(folder, 'plan-7');
    expect(taskDetail(selection, plan as TaskRow).labels).toEqual([{ key: 'tenant', value: 'acme', source: 'span' }]);
  });

  test('has parent and children also where another agent ran them', () => {
    const folder = family();
    const selection = everythingIn(folder, 'worker');
    const [child] = find(folder, 'hatchet:child-8:0');
    expect(taskDetail(selection, child as TaskRow).parent).toMatchObject({ id: 'hatchet:plan-7:0', agent_id: 'planner' });
    const [plan] = find(folder, 'plan-7');
    const { children, parent, calls } = taskDetail(selection, plan as TaskRow);
    expect(children.map((row) => row.id)).toEqual(['hatchet:child-8:0', 'hatchet:child-8:1']);
    expect([parent, calls]).toEqual([null, []]);
  });
});
