import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Origin, SpanRecord } from '../../src/model/span-record.ts';
import { fromHook, type HookTold, hookSpans, written } from '../support/claude-hook.ts';
import { expectBalance, recorderIn, rowsIn } from '../support/recorder-in.ts';
import { rowsOf } from '../support/replay.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { shuffled } from '../support/shuffled.ts';
import { fromSender, spanId, T0, taskSpan, toolSpan, traceId } from '../support/span-makers.ts';
import { SWARM, swarmTrace } from '../support/swarm-trace.ts';

const HOUR = 3_600_000;
const below = (span: number): string => `00-${traceId(1)}-${spanId(span)}-01`;

interface Sent {
  readonly origin: Origin;
  readonly spans: readonly SpanRecord[];
}
const hook = (agentId: string | null, spans: readonly SpanRecord[]): Sent => ({ origin: fromHook(agentId, T0), spans });
const sent = (...spans: SpanRecord[]): Sent => ({ origin: fromSender(T0), spans });

/** What lies in the folder after these batches, an hour and a restart between them where that is asked for. */
function recorded(batches: readonly Sent[], { hoursApart = false } = {}): string {
  const folder = scratchFolder();
  let now = T0;
  let recorder = recorderIn(folder, {}, () => now);
  for (const { origin, spans } of batches) {
    expect(recorder.apply({ origin, spans, logs: [] })).toEqual({ status: 'written' });
    expectBalance(recorder);
    recorder.tick();
    if (!hoursApart) continue;
    recorder.close();
    now += HOUR;
    recorder = recorderIn(folder, {}, () => now);
    recorder.sweep();
  }
  recorder.tick();
  recorder.sweep();
  recorder.close();
  return folder;
}

const EDIT = 'select task_execution_id as task, owner_match as "match", agent_id as agent from file_modifications';
const wrote = (more: Partial<HookTold> = {}, id = 'toolu_1'): SpanRecord[] =>
  written(id).succeeded({ timeMs: T0 + 500, ...more });
const task = (resource = { 'agent.id': 'w' }): SpanRecord => taskSpan('run-1', { span: 1, endMs: T0 + 900, resource });

describe.each([
  ['at once', {}],
  ['hours apart, with restarts', { hoursApart: true }],
])('an edit (%s)', (_when, how) => {
  test.each<[string, Sent[]]>([
    ['before its task', [hook('w', wrote({ traceparent: below(1) })), sent(task())]],
    ['after its task', [sent(task()), hook('w', wrote({ traceparent: below(1) }))]],
  ])('belongs to the task in whose span its process was started: told %s', (_order, batches) => {
    const folder = recorded(batches, how);
    expect(rowsIn(join(folder, 'w.db'), EDIT)).toEqual([{ task: 'hatchet:run-1:0', match: 'ancestor', agent: 'w' }]);
  });

  test.each<[string, Sent[]]>([
    ['before', [hook('w', wrote({ taskId: 'hatchet:run-1' })), sent(task())]],
    ['after', [sent(task()), hook('w', wrote({ taskId: 'hatchet:run-1:0' }))]],
  ])('belongs to the task that its environment names: told %s the task', (_order, batches) => {
    const folder = recorded(batches, how);
    expect(rowsIn(join(folder, 'w.db'), EDIT)).toEqual([{ task: 'hatchet:run-1:0', match: 'attribute', agent: 'w' }]);
    expect(rowsIn(join(folder, 'w.db'), 'select id, status, start_source from task_executions')).toEqual([
      { id: 'hatchet:run-1:0', status: 'completed', start_source: 'span' },
    ]);
  });

  test.each<[string, number[]]>([
    ['hook, session, task', [0, 1, 2]],
    ['task, session, hook', [2, 1, 0]],
    ['session, hook, task', [1, 0, 2]],
  ])('belongs to the task to which other calls of its session belong: %s', (_order, order) => {
    const other = toolSpan({ span: 2, parent: 1, resource: { 'agent.id': 'w' }, attributes: { 'session.id': 's1' } });
    const batches = [hook('w', wrote()), sent(other), sent(task())];
    const folder = recorded(
      order.map((i) => batches[i] as Sent),
      how,
    );
    expect(rowsIn(join(folder, 'w.db'), EDIT)).toEqual([{ task: 'hatchet:run-1:0', match: 'session', agent: 'w' }]);
  });

  test.each<[string, number[]]>([
    ['hook first', [0, 1]],
    ['hook last', [1, 0]],
  ])('that came over HTTP without an agent goes to the file of the task around it: %s', (_order, order) => {
    const batches = [sent(...wrote({ traceparent: below(1) })), sent(task())];
    const folder = recorded(
      order.map((i) => batches[i] as Sent),
      how,
    );
    expect(rowsIn(join(folder, 'w.db'), EDIT)).toEqual([{ task: 'hatchet:run-1:0', match: 'ancestor', agent: 'w' }]);
  });

  test.each<[string, number[]]>([
    ['hook first', [0, 1]],
    ['hook last', [1, 0]],
  ])('tells whose the session’s telemetry is, which names no agent: %s', (_order, order) => {
    const telemetry = {
      ...toolSpan({ span: 7, trace: 3, resource: { 'service.name': 'claude-code' } }),
      name: 'claude_code.tool.execution',
      attributes: { 'session.id': 's1', tool_use_id: 'toolu_1', success: true },
    };
    const batches = [hook('w', wrote()), sent(telemetry)];
    const folder = recorded(
      order.map((i) => batches[i] as Sent),
      how,
    );
    expect(rowsIn(join(folder, 'w.db'), 'select call_id, span_id, success from tool_calls')).toEqual([
      { call_id: 'toolu_1', span_id: spanId(7), success: 1 },
    ]);
    expect(rowsIn(join(folder, 'w.db'), 'select trace_id, span_id from file_modifications')).toEqual([
      { trace_id: traceId(3), span_id: spanId(7) },
    ]);
  });
});

describe('an edit', () => {
  test('leaves a task that was only guessed when a second one shows up, and the change is told', () => {
    const folder = scratchFolder();
    const recorder = recorderIn(folder, {}, () => T0);
    const file = join(folder, 'w.db');
    const edit = (): unknown[] => rowsIn(file, `${EDIT.replace(' from', ', change_seq as seq from')}`);
    const other = (span: number, parent: number): SpanRecord =>
      toolSpan({ span, parent, trace: parent, resource: { 'agent.id': 'w' }, attributes: { 'session.id': 's1' } });
    const taskOf = (span: number): SpanRecord =>
      taskSpan(`run-${span}`, { span, trace: span, endMs: T0 + 900, resource: { 'agent.id': 'w' } });
    for (const batch of [hook('w', wrote()), sent(taskOf(1), other(11, 1))]) recorder.apply({ ...batch, logs: [] });
    expect(edit()).toEqual([{ task: 'hatchet:run-1:0', match: 'session', agent: 'w', seq: expect.any(Number) as number }]);
    const [{ seq }] = edit() as [{ seq: number }];
    recorder.apply({ ...sent(taskOf(2), other(12, 2)), logs: [] });
    expect(edit()).toEqual([{ task: null, match: null, agent: 'w', seq: expect.any(Number) as number }]);
    expect((edit() as [{ seq: number }])[0].seq).toBeGreaterThan(seq);
    // The same again takes no number.
    const [told] = edit();
    recorder.apply({ ...hook('w', wrote()), logs: [] });
    expect(edit()).toEqual([told]);
  });

  test('of a hook without an agent is in the file of the task around it where that is known', () => {
    for (const batches of [
      [sent(task()), hook(null, wrote({ traceparent: below(1) }))],
      [hook(null, wrote({ traceparent: below(1) })), sent(task())],
    ]) {
      const folder = recorded(batches);
      expect(rowsIn(join(folder, 'w.db'), EDIT)).toEqual([{ task: 'hatchet:run-1:0', match: 'ancestor', agent: 'w' }]);
    }
  });

  test('of a hook without an agent, of which nobody else tells, is in the file for those without', () => {
    const folder = scratchFolder();
    const recorder = recorderIn(folder, {}, () => T0);
    recorder.apply({ ...hook(null, wrote()), logs: [] });
    recorder.close();
    const files = ['default.db', 'tracker.db', 'home/.config/ai-tracker/tracker.db'].map((name) => join(folder, name));
    expect(files.flatMap((file) => (existsSync(file) ? rowsIn(file, EDIT) : []))).toEqual([
      { task: null, match: null, agent: 'default' },
    ]);
  });

  test('has its path in the repository, the branch and the commit that were checked out', () => {
    const git = { top: '/repo', branch: 'main', headSha: 'a'.repeat(40), repoId: 'example.test/team/repo' };
    const folder = recorded([hook('w', wrote({ place: { cwd: '/repo/src', projectDir: '/repo', git } }))]);
    expect(
      rowsIn(
        join(folder, 'w.db'),
        'select file_path, repo_path, repo_id, branch, head_sha, cwd, tool, modified_at from file_modifications',
      ),
    ).toEqual([
      {
        ...{ file_path: '/repo/a.txt', repo_path: 'a.txt', repo_id: git.repoId, branch: 'main', head_sha: git.headSha },
        ...{ cwd: '/repo', tool: 'Write', modified_at: '2026-01-15T10:00:00.500Z' },
      },
    ]);
  });

  test('of two doors is one, with what either knows', () => {
    const git = { top: '/repo', branch: 'main', headSha: null, repoId: null };
    const byCommand = wrote({ timeMs: T0 + 501, place: { cwd: '/repo', projectDir: null, git } });
    const byHttp = wrote({ timeMs: T0 + 500 });
    for (const both of [
      [byCommand, byHttp],
      [byHttp, byCommand],
    ]) {
      const folder = recorded(both.map((spans) => hook('w', spans)));
      expect(rowsIn(join(folder, 'w.db'), 'select branch, modified_at, lines_added from file_modifications')).toEqual([
        { branch: 'main', modified_at: '2026-01-15T10:00:00.500Z', lines_added: 1 },
      ]);
    }
  });
});

describe('a task that only hooks name', () => {
  test.each([
    ['agent-swarm:t-9', { id: 'agent-swarm:t-9:0', task_id: 't-9', source: 'agent-swarm' }],
    ['hatchet:9f3c:2', { id: 'hatchet:9f3c:2', task_id: '9f3c', source: 'hatchet' }],
    ['nightly', { id: 'hook:nightly:0', task_id: 'nightly', source: 'hook' }],
  ])('%s is running, by the word of its first hook, whichever comes first', (taskId, row) => {
    const session = hookSpans({ event: 'SessionStart', timeMs: T0, taskId });
    for (const batches of [
      [session, wrote({ taskId })],
      [wrote({ taskId }), session],
    ]) {
      const folder = recorded(batches.map((spans) => hook('w', spans)));
      expect(
        rowsIn(join(folder, 'w.db'), 'select id, task_id, source, start_source, status, started_at from task_executions'),
      ).toEqual([{ ...row, start_source: 'hook', status: 'running', started_at: '2026-01-15T10:00:00.000Z' }]);
      expect(rowsIn(join(folder, 'w.db'), EDIT)).toEqual([{ task: row.id, match: 'attribute', agent: 'w' }]);
    }
  });

  test('is none where the environment names a span: TRACEPARENT leads there', () => {
    const folder = recorded([hook('w', wrote({ taskId: `${traceId(1)}:${spanId(1)}` }))]);
    expect(rowsIn(join(folder, 'w.db'), 'select id from task_executions')).toEqual([]);
  });
});

describe('a task that hooks name by its id alone', () => {
  const named = (more: Partial<HookTold> = {}, id?: string): Sent => hook('w', wrote({ taskId: 'run-1', ...more }, id));
  const other = (agent: string): SpanRecord => taskSpan('run-1', { span: 1, endMs: T0 + 900, resource: { 'agent.id': agent } });
  const secondAttempt = taskSpan('run-1', {
    ...{ span: 2, startMs: T0 + 1000, endMs: T0 + 1900, resource: { 'agent.id': 'w' } },
    attributes: { 'hatchet.retry_count': 1, retry_count: 1 },
  });
  const ROWS = 'select id, source, start_source, status from task_executions order by id';
  const completed = { id: 'hatchet:run-1:0', source: 'hatchet', start_source: 'span', status: 'completed' };
  const session = hook('w', hookSpans({ event: 'SessionStart', timeMs: T0, taskId: 'run-1' }));
  const later = named({ timeMs: T0 + 700 }, 'toolu_2');

  describe.each([
    ['at once', {}],
    ['hours apart, with restarts', { hoursApart: true }],
  ])('(%s)', (_when, how) => {
    test.each<[string, Sent[]]>([
      ['before its span', [session, named(), later, sent(task())]],
      ['after its span', [sent(task()), session, named(), later]],
      ['around its span', [named(), sent(task()), later, session]],
    ])('is that task: told %s, one row, and what was done for it is its own', (_order, batches) => {
      const folder = recorded(batches, how);
      const file = join(folder, 'w.db');
      expect(rowsIn(file, ROWS)).toEqual([completed]);
      const edit = { task: 'hatchet:run-1:0', match: 'attribute', agent: 'w' };
      expect(rowsIn(file, EDIT)).toEqual([edit, edit]);
      expect(rowsIn(file, 'select distinct task_execution_id as task from tool_calls')).toEqual([{ task: 'hatchet:run-1:0' }]);
      expect(rowsIn(file, 'select sum(task_count) as tasks from agent_sessions')).toEqual([{ tasks: 1 }]);
    });

    test('is its first attempt, also where the span of the second comes first', () => {
      for (const batches of [
        [named(), sent(secondAttempt)],
        [sent(secondAttempt), named()],
      ]) {
        const file = join(recorded(batches, how), 'w.db');
        expect(rowsIn(file, 'select distinct task_execution_id as task from tool_calls')).toEqual([{ task: 'hatchet:run-1:0' }]);
        expect(rowsIn(file, ROWS).map((row) => row['id'])).toEqual(['hatchet:run-1:0', 'hatchet:run-1:1']);
      }
    });

    test('says so to those who copy the file: the row that stood for it has a tombstone', () => {
      const file = join(recorded([named(), sent(task())], how), 'w.db');
      expect(rowsIn(file, 'select table_name, row_id from tombstones')).toEqual([
        { table_name: 'task_executions', row_id: 'hook:run-1:0' },
      ]);
    });
  });

  test('is told in one batch with its span', () => {
    const folder = recorded([hook('w', [...wrote({ taskId: 'run-1' }), task({ 'agent.id': 'w' })])]);
    expect(rowsIn(join(folder, 'w.db'), ROWS)).toEqual([completed]);
    expect(rowsIn(join(folder, 'w.db'), EDIT)).toEqual([{ task: 'hatchet:run-1:0', match: 'attribute', agent: 'w' }]);
  });

  test('stays the task’s when more is told of its calls later', () => {
    const batches = [hook('w', written('toolu_1').started({ timeMs: T0 + 400, taskId: 'run-1' })), sent(task())];
    const folder = recorded([...batches, hook('w', written('toolu_1').succeeded({ timeMs: T0 + 500 }))], { hoursApart: true });
    expect(rowsIn(join(folder, 'w.db'), ROWS)).toEqual([completed]);
    expect(rowsIn(join(folder, 'w.db'), EDIT)).toEqual([{ task: 'hatchet:run-1:0', match: 'attribute', agent: 'w' }]);
  });

  test('is not another agent’s task of the same id in a file of all agents', () => {
    for (const batches of [
      [named(), sent(other('x'))],
      [sent(other('x')), named()],
    ]) {
      const dbPath = join(scratchFolder(), 'all.db');
      const recorder = recorderIn('', { dbPath });
      for (const { origin, spans } of batches) recorder.apply({ origin, spans, logs: [] });
      recorder.close();
      expect(rowsIn(dbPath, ROWS).map((row) => row['id'])).toEqual(['hatchet:run-1:0', 'hook:run-1:0']);
      expect(rowsIn(dbPath, EDIT)).toEqual([{ task: 'hook:run-1:0', match: 'attribute', agent: 'w' }]);
    }
  });
});

describe('a task of agent-swarm with Claude Code’s spans and hooks', () => {
  const { worker, api, claude } = swarmTrace();
  const at = (seconds: number) => ({ session: SWARM.session, timeMs: Date.UTC(2026, 0, 15, 10) + seconds * 1000 });
  const hooks = [
    ...hookSpans({ event: 'SessionStart', ...at(0.5), taskId: `agent-swarm:${SWARM.task}` }),
    ...written('toolu_edit').started(at(20)),
    ...written('toolu_edit').failed(at(21.1)),
    ...written('toolu_write').started(at(60)),
    ...written('toolu_write').succeeded(at(61.1)),
    ...hookSpans({ event: 'SessionEnd', ...at(99) }),
  ];
  const origin = { door: 'otlp', agentId: null, receivedMs: T0 } as const;
  const all: Sent[] = [
    ...[...worker, ...api, ...claude].map((span) => ({ origin, spans: [span] })),
    ...hooks.map((span) => ({ origin: fromHook(SWARM.agent, T0), spans: [span] })),
  ];

  test('has one row for each of its tool calls, and the edit is the task’s', () => {
    const file = join(recorded(all), `${SWARM.agent}.db`);
    const calls = "select count(*) as n from tool_calls where call_id like 'toolu%'";
    expect(rowsIn(file, calls)).toEqual([{ n: 6 }]);
    expect(rowsIn(file, "select success, error_type, error_message from tool_calls where call_id = 'toolu_edit'")).toEqual([
      { success: 0, error_type: 'FileChangedError', error_message: 'FileChangedError' },
    ]);
    expect(
      rowsIn(
        file,
        'select m.tool_use_id as id, m.owner_match as "match", t.source from file_modifications m join task_executions t on t.id = m.task_execution_id',
      ),
    ).toEqual([{ id: 'toolu_write', match: 'ancestor', source: 'claude-code' }]);
  });

  test('has the same rows in any order', () => {
    const { counts: _counts, ...expected } = rowsOf(join(recorded(all), `${SWARM.agent}.db`));
    for (let seed = 1; seed <= 6; seed++) {
      const { counts: _same, ...rows } = rowsOf(join(recorded(shuffled(all, seed)), `${SWARM.agent}.db`));
      expect(rows, `seed ${seed}`).toEqual(expected);
    }
  });
});
