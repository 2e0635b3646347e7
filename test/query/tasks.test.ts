import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listAgents } from '../../src/query/agents.ts';
import { listTasks, type TaskFilter } from '../../src/query/tasks.ts';
import { listCalls } from '../../src/query/tool-calls.ts';
import { column } from '../support/agent-rows.ts';
import { record, recorderIn } from '../support/recorder-in.ts';
import { runNode } from '../support/run-node.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromSender, T0, taskSpan, toolSpan } from '../support/span-makers.ts';
import { everythingIn } from './selection.ts';

const ALL: TaskFilter = { status: null, type: null, since: null, limit: null };
const WORKER = new URL('../ingest/children/run-tasks.ts', import.meta.url);

/** Three tasks of two agents, of which the first has two calls. */
function twoAgents(): string {
  const folder = scratchFolder();
  const recorder = recorderIn(folder);
  const failed = { 'error.type': 'timeout' };
  record(recorder, fromSender(Date.now(), 'a'), [
    taskSpan('one', { span: 1 }),
    toolSpan({ span: 2, parent: 1 }),
    toolSpan({ span: 3, parent: 1, attributes: failed }),
    taskSpan('three', { span: 30, trace: 3, attributes: { action_name: 'mail%:send' } }),
  ]);
  record(recorder, fromSender(Date.now(), 'b'), [taskSpan('two', { span: 20, trace: 2 })]);
  recorder.close();
  return folder;
}

test('tasks of all files are one list, the newest first, and an agent or a number narrows it', () => {
  const folder = twoAgents();
  const names = (filter: TaskFilter, agentId: string | null = null): unknown[] =>
    listTasks(everythingIn(folder, agentId), filter).answers.map((row) => row.task_id);
  expect(names(ALL)).toEqual(['three', 'two', 'one']);
  expect(names({ ...ALL, limit: 2 })).toEqual(['three', 'two']);
  expect(names(ALL, 'a')).toEqual(['three', 'one']);
  expect(names(ALL, 'nobody')).toEqual([]);
  expect(names({ ...ALL, since: new Date(T0 + 20).toISOString() })).toEqual(['three', 'two']);
});

test('a type is found whole or by one part, and its wildcards are ordinary signs', () => {
  const folder = twoAgents();
  const names = (type: string): unknown[] => listTasks(everythingIn(folder), { ...ALL, type }).answers.map((row) => row.task_id);
  expect(names('report:write')).toEqual(['two', 'one']);
  expect(names('write')).toEqual(['two', 'one']);
  expect(names('mail%')).toEqual(['three']);
  expect(names('writ')).toEqual([]);
  expect(names('%')).toEqual([]);
});

test('the running tasks of a killed process are lost to a reader, who writes nothing', async () => {
  const folder = scratchFolder();
  const file = join(folder, 'w.db');
  const worker = runNode(WORKER, [folder, 'w', '3']);
  await worker.said('running');
  const statuses = (status: TaskFilter['status'] = null): unknown[] =>
    listTasks(everythingIn(folder), { ...ALL, status }).answers.map((row) => row.status);
  expect(statuses()).toEqual(['running', 'running', 'running']);
  expect(statuses('lost')).toEqual([]);
  worker.kill('SIGKILL');
  await worker.ended;
  expect(statuses()).toEqual(['lost', 'lost', 'lost']);
  expect(statuses('running')).toEqual([]);
  expect(statuses('lost')).toHaveLength(3);
  expect(listAgents(everythingIn(folder)).answers).toMatchObject([{ agent_id: 'w', tasks: 3, lost: 3, running: 0 }]);
  expect(column(file, 'SELECT DISTINCT status FROM task_executions')).toEqual(['running']);
});

test('agents are told with their tasks by outcome, their calls and their files', () => {
  const folder = twoAgents();
  const { answers } = listAgents(everythingIn(folder));
  expect(answers).toMatchObject([
    { agent_id: 'a', sessions: 1, tasks: 2, completed: 2, tool_calls: 2, failed_calls: 1, files: [join(folder, 'a.db')] },
    { agent_id: 'b', sessions: 1, tasks: 1, completed: 1, tool_calls: 0, failed_calls: 0, files: [join(folder, 'b.db')] },
  ]);
  for (const row of answers) expect(row.tasks).toBe(row.running + row.completed + row.failed + row.cancelled + row.lost);
});

test('an agent whose rows lie in two files is one agent', () => {
  const folder = scratchFolder();
  const [first, second] = ['a.db', 'other.db'].map((name) => join(folder, name)) as [string, string];
  record(recorderIn(folder, { dbPath: first }), fromSender(Date.now(), 'a'), [taskSpan('one', { span: 1 })]);
  record(recorderIn(folder, { dbPath: second }), fromSender(Date.now(), 'a'), [taskSpan('two', { span: 2, trace: 2 })]);
  expect(listAgents(everythingIn(folder)).answers).toMatchObject([{ agent_id: 'a', tasks: 2, files: [first, second] }]);
});

test('calls are told with the type of their task, and are narrowed by owner, kind and failure', () => {
  const folder = twoAgents();
  const none = { tasks: null, kind: null, failedOnly: false, since: null, limit: null };
  const calls = (filter: Partial<Parameters<typeof listCalls>[1]>) =>
    listCalls(everythingIn(folder), { ...none, ...filter }).answers;
  expect(calls({})).toMatchObject([
    { tool_name: 'search', success: 0, task_type: 'report:write', agent_id: 'a' },
    { tool_name: 'search', task_type: 'report:write' },
  ]);
  expect(calls({ failedOnly: true })).toHaveLength(1);
  expect(calls({ tasks: ['hatchet:one:0'] })).toHaveLength(2);
  expect(calls({ tasks: ['hatchet:two:0'] })).toEqual([]);
  expect(calls({ kind: 'http' })).toEqual([]);
});

test('a file that cannot be read is named, and the others answer', () => {
  const folder = twoAgents();
  const damaged = join(folder, 'a.db');
  // The header stays: the file is known as ours, and its first page makes no sense.
  writeFileSync(damaged, readFileSync(damaged).fill(7, 100));
  const { answers, files, failures } = listTasks(everythingIn(folder), ALL);
  expect(answers.map((row) => row.task_id)).toEqual(['two']);
  expect(files).toEqual([join(folder, 'b.db')]);
  expect(failures.map((failure) => failure.path)).toEqual([damaged]);
});
