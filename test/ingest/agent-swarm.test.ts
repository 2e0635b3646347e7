import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SpanRecord } from '../../src/model/span-record.ts';
import { listTasks } from '../../src/query/tasks.ts';
import { everythingIn } from '../query/selection.ts';
import { expectBalance, recorderIn, rowsIn } from '../support/recorder-in.ts';
import { rowsOf } from '../support/replay.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { shuffled } from '../support/shuffled.ts';
import { SWARM, swarmTrace } from '../support/swarm-trace.ts';

const { worker, api, claude, session } = swarmTrace();
const all = [...worker, ...api, ...claude];
const TASK = `agent-swarm:${SWARM.task}:0`;
const END = session.endMs ?? Number.NaN;

/** What `serve` would write of these spans, in batches; which agent they are of is for the spans to say. */
function recorded(spans: readonly SpanRecord[], batch = 10_000, restart = false): string {
  const folder = scratchFolder();
  let recorder = recorderIn(folder, {}, () => END);
  for (let i = 0; i < spans.length; i += batch) {
    const origin = { door: 'otlp', agentId: null, receivedMs: END } as const;
    expect(recorder.apply({ origin, spans: spans.slice(i, i + batch), logs: [] })).toEqual({ status: 'written' });
    expectBalance(recorder);
    if (restart) {
      recorder.close();
      recorder = recorderIn(folder, {}, () => END);
    }
  }
  // What a restart left waiting for its agent is looked at once a minute.
  recorder.sweep();
  recorder.close();
  // All of them are the worker's: API and Claude Code are no agents.
  for (const other of ['agent-swarm-api', 'claude-code']) expect(existsSync(join(folder, `${other}.db`))).toBe(false);
  return join(folder, `${SWARM.agent}.db`);
}

const tasksIn = (file: string): unknown[] =>
  rowsIn(
    file,
    `select task_id as id, source, start_source as told, status, parent_task_execution_id as parent, duration_ms as ms
     from task_executions order by source`,
  );
const callsIn = (file: string): unknown[] =>
  rowsIn(
    file,
    `select c.call_id as id, c.kind, c.tool_name as name, c.success, c.error_type as error, c.duration_ms as ms,
     c.duration_quality as quality, p.call_id as within from tool_calls c left join tool_calls p on p.id = c.parent_tool_call_id
     where c.kind in ('tool', 'mcp', 'agent') order by c.called_at`,
  );
const usageIn = (file: string): unknown =>
  rowsIn(
    file,
    `select count(*) as calls, sum(input_tokens) as input, sum(output_tokens) as output, sum(cache_read_tokens) as cached,
     group_concat(distinct cost_source) as cost from tool_calls where input_tokens is not null`,
  )[0];

const call = (id: string | null, kind: string, name: string, success: number | null, ms: number, more: object = {}): object => ({
  ...{ id, kind, name, success, error: null, ms, quality: null, within: null },
  ...more,
});

describe('a task of agent-swarm with Claude Code below it', () => {
  test('is one task, and Claude’s turn one below it', () => {
    expect(tasksIn(recorded(all))).toEqual([
      { id: SWARM.task, source: 'agent-swarm', told: 'span', status: 'completed', parent: null, ms: 100_000 },
      { id: null, source: 'claude-code', told: 'span', status: 'completed', parent: TASK, ms: 94_000 },
    ]);
  });

  test('has each tool once, of four that tell: outcome and time are the execution’s, the name is whoever knows it', () => {
    const progress = 'mcp__agent-swarm__store-progress';
    expect(callsIn(recorded(all))).toEqual([
      call('toolu_bash', 'tool', 'Bash', 1, 1900),
      call('toolu_edit', 'tool', 'Edit', 0, 900, { error: 'FileChangedError' }),
      call('toolu_mcp_1', 'mcp', progress, 1, 900),
      call('toolu_mcp_2', 'mcp', progress, 0, 900, { error: 'McpToolCallError' }),
      call('toolu_agent', 'agent', 'Agent', 1, 27_900),
      call('toolu_write', 'tool', 'Write', 1, 900, { within: 'toolu_agent' }),
      call(null, 'mcp', 'get-tasks', 1, 100),
    ]);
  });

  test('has the tokens of Claude’s requests, and not the session’s total besides', () => {
    const { input, cacheRead, cacheWrite, output } = SWARM.request;
    expect(usageIn(recorded(all))).toEqual({
      calls: 3,
      input: 3 * (input + cacheRead + cacheWrite),
      output: 3 * output,
      cached: 3 * cacheRead,
      cost: 'estimated',
    });
  });

  test('has the same rows in whatever order three processes send, in any batches, with restarts and repeats', () => {
    const expected = rowsOf(recorded(all));
    for (let seed = 1; seed <= 12; seed++) {
      const spans = shuffled([...all, ...all.slice(0, 10)], seed);
      const { counts: _counts, ...rows } = rowsOf(recorded(spans, [1, 4, 11][seed % 3], seed > 9));
      expect({ ...rows, counts: expected['counts'] }, `seed ${seed}`).toEqual(expected);
    }
  });
});

describe('without Claude’s own spans', () => {
  test('the session’s total is booked, once, as the emitter states it', () => {
    for (const spans of [[...worker, ...api], shuffled([...worker, ...api, ...worker], 2)]) {
      const file = recorded(spans, 3);
      const { input, output } = SWARM.total;
      expect(usageIn(file)).toEqual({ calls: 1, input, output, cached: null, cost: 'emitter' });
      expect(
        rowsIn(file, 'select sum(cost_usd) as usd, task_execution_id as task from tool_calls where cost_usd is not null'),
      ).toEqual([{ usd: SWARM.total.costUsd, task: TASK }]);
    }
  });

  test('a booked total is taken back when they arrive after all, a restart later', () => {
    const late = recorded([...worker, ...api, ...claude], worker.length + api.length, true);
    expect(usageIn(late)).toMatchObject({ calls: 3, input: 3000, output: 300, cost: 'estimated' });
  });

  test('a tool that the API saw has its own row again when an earlier one turns out to be the answer', () => {
    // Starts within the second of the worker's two calls.
    const late = api.filter((one) => one.name === 'mcp.tool store-progress').at(-1) as SpanRecord;
    const earlier = { ...late, spanId: '00000000000000ee', startMs: late.startMs - 50, endMs: late.startMs - 10 };
    const rows = rowsOf(recorded([late, ...worker, earlier], 1));
    expect(rows).toEqual(rowsOf(recorded([late, ...worker, earlier])));
    expect(rows['calls']).toContainEqual(expect.objectContaining({ span_id: late.spanId }));
  });

  test('nobody knows how a tool ended that the next message closed; where the API has seen it, it knows', () => {
    const [bash, edit, progress, failed] = (callsIn(recorded([...worker, ...api])) as { id: string | null }[]).filter(
      ({ id }) => id !== null,
    );
    for (const shell of [bash, edit]) expect(shell).toMatchObject({ success: null, quality: 'implicit' });
    expect(progress).toMatchObject({ id: 'toolu_mcp_1', success: 1, ms: 100, quality: null });
    expect(failed).toMatchObject({ id: 'toolu_mcp_2', success: 0 });
  });
});

describe('a worker that is killed before its session’s span ends', () => {
  const children = all.filter((span) => span !== session);

  test.each([1, 2, 3])('leaves a running task that its first child told of, with all that is below it (order %i)', (order) => {
    const file = recorded(shuffled(children, order), 2);
    expect(tasksIn(file)).toContainEqual({
      id: SWARM.task,
      source: 'agent-swarm',
      told: 'child',
      status: 'running',
      parent: null,
      ms: null,
    });
    expect(callsIn(file)).toHaveLength(7);
    expect(usageIn(file)).toMatchObject({ calls: 3, input: 3000, output: 300 });
  });

  test('is lost once its sender has been silent for half an hour, and completed when the span comes after all', () => {
    const folder = scratchFolder();
    let now = Date.now();
    const send = (spans: readonly SpanRecord[]): void => {
      const recorder = recorderIn(folder, {}, () => now);
      const origin = { door: 'otlp', agentId: null, receivedMs: now } as const;
      expect(recorder.apply({ origin, spans, logs: [] })).toEqual({ status: 'written' });
      recorder.close();
    };
    const status = (): unknown => {
      const selection = { ...everythingIn(folder), nowMs: now };
      const filter = { status: null, type: null, since: null, limit: null };
      return listTasks(selection, filter).answers.find(({ task_id }) => task_id === SWARM.task)?.status;
    };
    send(worker.filter((span) => span !== session));
    expect(status()).toBe('running');
    now += 31 * 60_000;
    expect(status()).toBe('lost');
    send([session]);
    expect(status()).toBe('completed');
  });
});
