import { spawnSync } from 'node:child_process';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { currentSession } from '../../src/writer/process-session.ts';
import { column, countOf } from '../support/agent-rows.ts';
import { record, recorderIn, rowsIn } from '../support/recorder-in.ts';
import { runNode } from '../support/run-node.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import {
  cancelSpan,
  elsewhere,
  fromProcess,
  fromSender,
  mcpClientSpan,
  T0,
  taskSpan,
  toolSpan,
  toolSpanNaming,
} from '../support/span-makers.ts';
import { expectNoHoles, watchNumbers } from '../support/watch-numbers.ts';

const WORKER = new URL('./children/run-tasks.ts', import.meta.url);
const MINUTE = 60_000;
const statuses = (file: string): unknown[] => column(file, 'SELECT DISTINCT status FROM task_executions');
const counter = (file: string): unknown => column(file, 'SELECT seq FROM change_counter')[0];
const mayUnshare = spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0;

describe('a worker killed by SIGKILL in the middle of 50 tasks', () => {
  test('leaves them running, and the next one to open the file finds them lost', async () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    const worker = runNode(WORKER, [folder, 'w', '50']);
    await worker.said('running');
    expect(countOf(file, 'task_executions', "status = 'running' AND completed_at IS NULL")).toBe(50);
    worker.kill('SIGKILL');
    await worker.ended;
    const seen = counter(file) as number;
    recorderIn(folder).beat(currentSession(), 'w');
    expect(countOf(file, 'task_executions', `status = 'lost' AND change_seq > ${seen}`)).toBe(50);
    expect(column(file, 'SELECT ended_at FROM agent_sessions WHERE task_count = 50')).toEqual([null]);
  });

  test('is found gone by the sweep of a process that had the file open all the time', async () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    const recorder = recorderIn(folder);
    recorder.beat(currentSession(), 'w');
    const worker = runNode(WORKER, [folder, 'w', '3']);
    await worker.said('running');
    recorder.sweep();
    expect(statuses(file)).toEqual(['running']);
    worker.kill('SIGKILL');
    await worker.ended;
    recorder.sweep();
    expect(statuses(file)).toEqual(['lost']);
  });
});

describe('a worker that ends in order', () => {
  test('has an ended session with its counts, and what it left running is lost', async () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    const worker = runNode(WORKER, [folder, 'w', '4']);
    await worker.said('running');
    worker.say('leave');
    await worker.ended;
    expect(rowsIn(file, 'SELECT ended_at >= started_at AS ended, task_count, tool_calls FROM agent_sessions')).toEqual([
      { ended: 1, task_count: 4, tool_calls: 0 },
    ]);
    recorderIn(folder).beat(currentSession(), 'w');
    expect(statuses(file)).toEqual(['lost']);
  });
});

describe.skipIf(!mayUnshare)(
  'a worker in another pid namespace of this host (skipped where unshare --pid is not permitted)',
  () => {
    test('stays running while it is silent for less than 5 minutes, is lost after, and runs again at its next beat', async () => {
      const folder = scratchFolder();
      const file = join(folder, 'w.db');
      const worker = runNode(WORKER, [folder, 'w', '2'], process.env, ['unshare', '--pid', '--fork', '--kill-child']);
      await worker.said('running');
      const [session] = rowsIn<{ pid: number; host: string; boot_id: string; pid_namespace: string }>(
        file,
        'SELECT * FROM agent_sessions',
      );
      const ours = currentSession();
      expect(session).toMatchObject({ host: ours.host, boot_id: ours.bootId });
      expect(session?.pid_namespace).not.toBe(ours.pidNamespace);

      for (const [minutes, status] of [
        [0, 'running'],
        [4.9, 'running'],
        [5.1, 'lost'],
      ] as const) {
        const onlooker = recorderIn(folder, {}, () => Date.now() + minutes * MINUTE);
        onlooker.end({ ...ours, id: 'onlooker' }, 'w');
        expect(statuses(file), `after ${minutes} minutes`).toEqual([status]);
      }

      worker.say('beat');
      await worker.said('done 1');
      expect(statuses(file)).toEqual(['running']);
      worker.say('end');
      await worker.said('done 2');
      expect(statuses(file)).toEqual(['completed']);
    });
  },
);

/** A file with a running task of a session of another machine, last written now; `at` moves the clock of who looks. */
function silentWorkerElsewhere() {
  const folder = scratchFolder();
  const file = join(folder, 'w.db');
  const started = Date.now();
  const session = elsewhere('far', started);
  const there = recorderIn(folder, {}, () => clock.there);
  const clock = { there: started, here: started };
  there.beat(session, 'w');
  const task = (endMs: number | null) => taskSpan('run', { span: 1, startMs: started, endMs });
  record(there, fromProcess(session, 'w'), [task(null)]);
  const here = recorderIn(folder, {}, () => clock.here);
  const look = (minutes: number): unknown[] => {
    clock.here = started + minutes * MINUTE;
    here.sweep();
    return statuses(file);
  };
  // Opens the file without being a sign of life in it.
  record(here, fromSender(started, 'w'), []);
  record(here, fromSender(started, 'w'), [toolSpan({ span: 99, trace: 99 })]);
  return { folder, file, session, started, clock, there, look, task };
}

describe('a session of another host', () => {
  test('is gone after 5 minutes without a beat, and a later beat revives its task: a laptop that was suspended', () => {
    const { file, session, started, clock, there, look } = silentWorkerElsewhere();
    expect(look(4.9)).toEqual(['running']);
    expect(look(5.1)).toEqual(['lost']);
    clock.there = started + 180 * MINUTE;
    there.beat(session, 'w');
    expect(statuses(file)).toEqual(['running']);
    expect(look(0)).toEqual(['running']);
  });

  test('corrects `lost` by the end of its task', () => {
    const { file, session, started, there, look, task } = silentWorkerElsewhere();
    expect(look(6)).toEqual(['lost']);
    record(there, fromProcess(session, 'w'), [task(started + 1000)]);
    expect(rowsIn(file, 'SELECT status, duration_ms FROM task_executions')).toEqual([{ status: 'completed', duration_ms: 1000 }]);
    expect(look(20)).toEqual(['completed']);
  });

  test('stays alive as long as it beats, although its clock is a day slow', () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    const clock = { there: Date.now() - 86_400_000, here: Date.now() };
    const session = elsewhere('slow', clock.there);
    const there = recorderIn(folder, {}, () => clock.there);
    record(there, fromProcess(session, 'w'), [taskSpan('run', { span: 1, startMs: clock.there, endMs: null })]);
    const here = recorderIn(folder, {}, () => clock.here);
    for (let minute = 0; minute < 10; minute += 1) {
      there.beat(session, 'w');
      here.sweep();
      here.beat(currentSession(), 'w');
      // The disk's clock goes with ours.
      for (const part of [file, `${file}-wal`]) utimesSync(part, clock.here / 1000, clock.here / 1000);
      expect(statuses(file), `in minute ${minute}`).toEqual(['running']);
      clock.there += MINUTE;
      clock.here += MINUTE;
    }
  });
});

describe('an OTLP sender', () => {
  function sender() {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    const started = Date.now();
    let at = started;
    const recorder = recorderIn(folder, {}, () => at);
    const resource = { 'service.name': 'w', 'service.instance.id': 'i-1' };
    const send = (minutes: number, span: number): void => {
      at = started + minutes * MINUTE;
      record(recorder, fromSender(at, 'w'), [toolSpanNaming('run', { span, trace: span, resource })]);
    };
    const look = (minutes: number): unknown[] => {
      at = started + minutes * MINUTE;
      recorder.sweep();
      return statuses(file);
    };
    return { file, send, look };
  }

  test('is gone 30 minutes after its last receipt, and the next receipt revives its task', () => {
    const { file, send, look } = sender();
    send(0, 1);
    expect(rowsIn(file, 'SELECT start_source, status FROM task_executions')).toEqual([
      { start_source: 'child', status: 'running' },
    ]);
    expect(look(29)).toEqual(['running']);
    expect(look(31)).toEqual(['lost']);
    send(32, 2);
    expect(statuses(file)).toEqual(['running']);
  });

  test('has one session for all its batches, whose beat is the last receipt', () => {
    const { file, send } = sender();
    send(0, 1);
    const [before] = column(file, 'SELECT heartbeat_at FROM agent_sessions');
    send(7, 2);
    expect(countOf(file, 'agent_sessions')).toBe(1);
    expect(Date.parse(column(file, 'SELECT heartbeat_at FROM agent_sessions')[0] as string) - Date.parse(before as string)).toBe(
      7 * MINUTE,
    );
  });
});

describe('change_seq', () => {
  test('is not taken by a heartbeat', () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    let at = T0;
    const recorder = recorderIn(folder, {}, () => at);
    const session = { ...currentSession(), startedMs: T0 };
    record(recorder, fromProcess(session, 'w'), [taskSpan('run', { span: 1, endMs: null })]);
    recorder.beat(session, 'w');
    const before = counter(file);
    const beats: unknown[] = [];
    for (let i = 0; i < 3; i += 1) {
      at += 30_000;
      recorder.beat(session, 'w');
      beats.push(column(file, 'SELECT heartbeat_at FROM agent_sessions')[0]);
    }
    expect(new Set(beats).size).toBe(3);
    expect(counter(file)).toBe(before);
  });

  test('is taken once by each change, by the tombstone of a call that turned out to be part of another too', () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    watchNumbers(file);
    const recorder = recorderIn(folder, { labels: [['team', 'a']], retentionDays: 1 }, () => at);
    let at = T0;
    const send = (...spans: Parameters<typeof record>[2]) => record(recorder, fromSender(at, 'w'), spans);
    send(mcpClientSpan({ span: 3, parent: 2 }), toolSpanNaming('run', { span: 4, trace: 4 }));
    expect(countOf(file, 'tool_calls')).toBe(2);
    send(toolSpan({ span: 2, parent: 1 }), cancelSpan('run', { span: 5, trace: 5, startMs: T0 + 50 }));
    expect(countOf(file, 'tombstones')).toBe(1);
    send(taskSpan('run', { span: 1 }), taskSpan('other', { span: 6, trace: 6, endMs: null }));
    expectNoHoles(file);
    at += 3 * 86_400_000;
    recorder.sweep();
    expect(countOf(file, 'tombstones')).toBeGreaterThan(3);
    expectNoHoles(file);
  });

  test.each(['the same recorder', 'a restarted one'])('is not taken by a repeated batch, by %s', (who) => {
    const folder = scratchFolder();
    const spans = [
      taskSpan('run', { span: 1 }),
      toolSpan({ span: 2, parent: 1 }),
      toolSpanNaming('other', { span: 3, trace: 3 }),
      toolSpan({ span: 4, trace: 4 }),
    ];
    let recorder = recorderIn(folder, { labelKeys: ['action_name'], labels: [['team', 'a']] });
    record(recorder, fromProcess(currentSession(), 'w'), spans);
    const before = counter(join(folder, 'w.db'));
    if (who !== 'the same recorder') {
      recorder.close();
      recorder = recorderIn(folder, { labelKeys: ['action_name'], labels: [['team', 'a']] });
    }
    for (let i = 0; i < 3; i += 1) record(recorder, fromProcess(currentSession(), 'w'), spans);
    expect(counter(join(folder, 'w.db'))).toBe(before);
  });
});

describe('a session', () => {
  test('counts the tasks and calls that stand under it, also where another session told of a task first', () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    const recorder = recorderIn(folder);
    const tools = { 'service.name': 'tools', 'service.instance.id': 't' };
    const worker = { 'service.name': 'worker', 'service.instance.id': 'w' };
    record(recorder, fromSender(T0, 'w'), [toolSpanNaming('run', { span: 2, trace: 2, resource: tools })]);
    record(recorder, fromSender(T0, 'w'), [toolSpanNaming('run', { span: 3, trace: 2, startMs: T0 - 5, resource: worker })]);
    record(recorder, fromSender(T0, 'w'), [
      taskSpan('run', { span: 1, resource: worker }),
      taskSpan('run-2', { span: 5, trace: 5, resource: tools }),
      toolSpan({ span: 4, parent: 1, resource: worker }),
    ]);
    expect(
      rowsIn(
        file,
        `SELECT service_name AS name, task_count = (SELECT count(*) FROM task_executions t WHERE t.session_id = s.id) AS tasks,
          tool_calls = (SELECT count(*) FROM tool_calls c WHERE c.session_id = s.id) AS calls FROM agent_sessions s ORDER BY 1`,
      ),
    ).toEqual([
      { name: 'tools', tasks: 1, calls: 1 },
      { name: 'worker', tasks: 1, calls: 1 },
    ]);
  });

  test('beats and ends in every file that its process has written', () => {
    const folder = scratchFolder();
    let at = Date.now();
    const recorder = recorderIn(folder, {}, () => at);
    const session = elsewhere('many', at);
    const run = (agent: string, span: number) =>
      taskSpan(agent, { span, trace: span, startMs: at, endMs: null, attributes: { 'agent.id': agent } });
    recorder.beat(session, null);
    record(recorder, fromProcess(session, null), [run('a', 1), run('b', 2)]);
    at += 10 * MINUTE;
    recorder.beat(session, null);
    const beat = new Date(at).toISOString();
    for (const agent of ['a', 'b'])
      expect(column(join(folder, `${agent}.db`), 'SELECT heartbeat_at FROM agent_sessions')).toEqual([beat]);
    recorder.end(session, null);
    for (const agent of ['a', 'b'])
      expect(column(join(folder, `${agent}.db`), 'SELECT ended_at FROM agent_sessions')).toEqual([beat]);
  });

  test('ends although another process holds the lock at that moment', async () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    const recorder = recorderIn(folder);
    recorder.beat(currentSession(), 'w');
    const holder = runNode(new URL('../store/children/hold-lock.ts', import.meta.url), [file]);
    await holder.said('locked');
    holder.say('go');
    recorder.end(currentSession(), 'w');
    expect(column(file, 'SELECT ended_at IS NOT NULL FROM agent_sessions')).toEqual([1]);
  });

  test('ends once: a second end changes nothing', () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    let at = T0;
    const recorder = recorderIn(folder, {}, () => at);
    const session = { ...currentSession(), startedMs: T0 };
    recorder.beat(session, 'w');
    at += 1000;
    recorder.end(session, 'w');
    const before = counter(file);
    at += 1000;
    recorder.end(session, 'w');
    expect(column(file, 'SELECT ended_at FROM agent_sessions')).toEqual([new Date(T0 + 1000).toISOString()]);
    expect(counter(file)).toBe(before);
  });
});
