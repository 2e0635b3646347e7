import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { listFiles } from '../../src/store/list-files.ts';
import { currentSession } from '../../src/writer/process-session.ts';
import { column, countOf, until } from '../support/agent-rows.ts';
import { booksOf, expectBalance, record, recorderIn, rowsIn } from '../support/recorder-in.ts';
import { runNode } from '../support/run-node.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromProcess, fromSender, T0, taskSpan, toolSpan } from '../support/span-makers.ts';

const HOUR = 3_600_000;
const homeless = { 'service.name': 'unknown_service:node' };
const agent = { 'agent.id': 'w' };
/** A task of agent `w` and a call below it by a process that nobody named. */
const task = () => taskSpan('run', { span: 1, resource: agent });
const call = (span = 2) => toolSpan({ span, parent: 1, resource: homeless, attributes: { 'gen_ai.tool.name': `tool-${span}` } });

const holdingOf = (folder: string): string =>
  join(folder, readdirSync(folder).find((name) => /^\.holding-.*\.db$/.test(name)) ?? 'none');
const held = (folder: string): number => countOf(holdingOf(folder), 'held_spans');
const CALLS = 'SELECT task_execution_id, owner_match, agent_id FROM tool_calls ORDER BY id';
const owned = { task_execution_id: 'hatchet:run:0', owner_match: 'ancestor', agent_id: 'w' };

describe('a span whose agent nobody has named', () => {
  test('waits where no reader sees it, and is counted as waiting', () => {
    const folder = scratchFolder();
    const recorder = recorderIn(folder);
    record(recorder, fromSender(T0), [call()]);
    expect(held(folder)).toBe(1);
    expect(listFiles({ dbPath: null, sharedDir: folder }, {})).toEqual([]);
    expect(countOf(holdingOf(folder), 'tool_calls')).toBe(0);
    expect(booksOf(recorder)).toEqual({ seen: 1, recorded: 0, repeated: 0, waiting: 1 });
    record(recorder, fromSender(T0), [call()]);
    expect(booksOf(recorder)).toEqual({ seen: 2, recorded: 0, repeated: 1, waiting: 1 });
  });

  test('goes to its agent, below its task, when a later batch of its trace names the agent', () => {
    const folder = scratchFolder();
    const recorder = recorderIn(folder);
    record(recorder, fromSender(T0), [call(2), call(3)]);
    record(recorder, fromSender(T0), [task()]);
    expect(rowsIn(join(folder, 'w.db'), CALLS)).toEqual([owned, owned]);
    expect(held(folder)).toBe(0);
    expect(booksOf(recorder)).toEqual({ seen: 3, recorded: 3, repeated: 0, waiting: 0 });
  });

  test('goes to the agent of its own ancestor where the trace has two, whatever the order in which they waited', () => {
    const folder = scratchFolder();
    const first = recorderIn(folder);
    record(first, fromSender(T0), [
      toolSpan({ span: 20, parent: 30, resource: homeless, attributes: { 'gen_ai.tool.name': 'inner' } }),
    ]);
    record(first, fromSender(T0), [call(30)]);
    first.close();
    const other = taskSpan('other', { span: 9, resource: { 'agent.id': 'other' } });
    record(recorderIn(folder), fromSender(T0), [other, task()]);
    expect(countOf(join(folder, 'w.db'), 'tool_calls')).toBe(2);
    expect(countOf(join(folder, 'other.db'), 'tool_calls')).toBe(0);
    expect(held(folder)).toBe(0);
  });

  test('is found again after a restart', () => {
    const folder = scratchFolder();
    const first = recorderIn(folder);
    record(first, fromSender(T0), [call()]);
    first.close();
    const second = recorderIn(folder);
    record(second, fromSender(T0), [task()]);
    expect(rowsIn(join(folder, 'w.db'), CALLS)).toEqual([owned]);
    expect(held(folder)).toBe(0);
    expect(booksOf(second)).toEqual({ seen: 2, recorded: 2, repeated: 0, waiting: 0 });
  });

  test('that comes after a restart finds its agent in the file that its trace is in', () => {
    const folder = scratchFolder();
    const first = recorderIn(folder);
    record(first, fromSender(T0), [task()]);
    first.close();
    const second = recorderIn(folder);
    record(second, fromSender(T0), [call()]);
    second.sweep();
    expect(rowsIn(join(folder, 'w.db'), CALLS)).toEqual([owned]);
    expect(held(folder)).toBe(0);
    expectBalance(second);
  });

  test('finds its agent although that one is known to another process only', () => {
    const folder = scratchFolder();
    let at = Date.now();
    const receiver = recorderIn(folder, {}, () => at);
    record(receiver, fromSender(at), [call()]);
    receiver.sweep();
    expect(held(folder)).toBe(1);
    record(recorderIn(folder, { agentId: 'w' }), fromProcess(currentSession(), 'w'), [task()]);
    at += HOUR;
    receiver.sweep();
    expect(rowsIn(join(folder, 'w.db'), CALLS)).toEqual([owned]);
    expect(booksOf(receiver)).toMatchObject({ waiting: 0, recorded: 1 });
  });

  test('leaves the books of the process that put it there when another process moves it', () => {
    const folder = scratchFolder();
    const receiver = recorderIn(folder);
    record(receiver, fromSender(T0), [call()]);
    record(recorderIn(folder), fromSender(T0), [task()]);
    receiver.sweep();
    expect(booksOf(receiver)).toEqual({ seen: 0, recorded: 0, repeated: 0, waiting: 0 });
  });
});

describe('a process killed between the two commits of a move', () => {
  test('leaves the span in both files, and the next start ends the move without a second row', async () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    const first = recorderIn(folder);
    record(first, fromSender(T0), [call()]);
    first.close();
    const lock = new Database(holdingOf(folder));
    lock.exec('BEGIN IMMEDIATE');
    const mover = runNode(new URL('./children/move-held.ts', import.meta.url), [folder]);
    await until(
      'the row is in the file of the agent',
      () => existsSync(file) && countOf(file, 'sqlite_master') > 0 && countOf(file, 'tool_calls') === 1,
    );
    mover.kill('SIGKILL');
    expect((await mover.ended).stdout).toBe('');
    lock.exec('ROLLBACK');
    lock.close();
    expect(held(folder)).toBe(1);
    const [seq] = column(file, 'SELECT seq FROM change_counter');

    const next = recorderIn(folder);
    next.sweep();
    expect(held(folder)).toBe(0);
    expect(rowsIn(file, CALLS)).toEqual([owned]);
    expect(column(file, 'SELECT seq FROM change_counter')).toEqual([seq]);
    expect(existsSync(join(folder, 'unassigned.db'))).toBe(false);
    expectBalance(next);
  });
});

describe('a span that waited longer than AI_TRACKER_HOLD_HOURS', () => {
  test('goes to the agent `unassigned`, not before, and stays there', () => {
    const folder = scratchFolder();
    let at = T0;
    const recorder = recorderIn(folder, {}, () => at);
    record(recorder, fromSender(at), [call()]);
    at += 23.9 * HOUR;
    recorder.sweep();
    expect(held(folder)).toBe(1);
    at += 0.2 * HOUR;
    recorder.sweep();
    expect(held(folder)).toBe(0);
    expect(rowsIn(join(folder, 'unassigned.db'), 'SELECT agent_id, kind FROM tool_calls')).toEqual([
      { agent_id: 'unassigned', kind: 'tool' },
    ]);
    expect(booksOf(recorder)).toEqual({ seen: 1, recorded: 1, repeated: 0, waiting: 0 });
    record(recorder, fromSender(at), [task()]);
    expect(countOf(join(folder, 'w.db'), 'tool_calls')).toBe(0);
    expect(countOf(join(folder, 'unassigned.db'), 'tool_calls')).toBe(1);
  });

  test('goes with all others of its age at once, however many', () => {
    const folder = scratchFolder();
    let at = T0;
    const recorder = recorderIn(folder, { holdHours: 1 }, () => at);
    const spans = Array.from({ length: 1500 }, (_, i) => toolSpan({ span: i, trace: i, resource: homeless }));
    record(recorder, fromSender(at), spans);
    at += 2 * HOUR;
    recorder.sweep();
    expect(held(folder)).toBe(0);
    expect(countOf(join(folder, 'unassigned.db'), 'tool_calls')).toBe(1500);
    expectBalance(recorder);
  });
});

describe('the holding file', () => {
  test('that was removed while it was open is made anew for what comes after', () => {
    const folder = scratchFolder();
    const recorder = recorderIn(folder);
    record(recorder, fromSender(T0), [call(2)]);
    rmSync(holdingOf(folder));
    record(recorder, fromSender(T0), [call(3)]);
    expect(held(folder)).toBe(1);
    record(recorder, fromSender(T0), [task()]);
    expect(countOf(join(folder, 'w.db'), 'tool_calls')).toBe(1);
  });

  test('that is locked gives its spans back for another try and delays no agent', () => {
    const folder = scratchFolder();
    const recorder = recorderIn(folder);
    record(recorder, fromSender(T0), [call(2)]);
    const lock = new Database(holdingOf(folder));
    lock.exec('BEGIN IMMEDIATE');
    const late = toolSpan({ span: 5, trace: 5, resource: homeless });
    const outcome = recorder.apply({ origin: fromSender(T0), spans: [late, task()], logs: [] });
    expect(outcome).toMatchObject({ status: 'retry', reason: 'locked', rest: { spans: [late] } });
    expect(countOf(join(folder, 'w.db'), 'task_executions')).toBe(1);
    lock.exec('ROLLBACK');
    lock.close();
    if (outcome.status === 'retry') expect(recorder.apply(outcome.rest)).toEqual({ status: 'written' });
    recorder.sweep();
    expect(held(folder)).toBe(1);
    expect(rowsIn(join(folder, 'w.db'), CALLS)).toEqual([owned]);
    expectBalance(recorder);
  });
});
