import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CommitAttribution } from '../../src/model/commit-attribution.ts';
import type { Origin, SpanRecord } from '../../src/model/span-record.ts';
import { fromHook, written } from '../support/claude-hook.ts';
import { commitMade } from '../support/commit-makers.ts';
import { expectBalance, recorderIn, rowsIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { shuffled } from '../support/shuffled.ts';
import { fromSender, type SpanPlan, spanId, T0, taskSpan, toolSpan, traceId } from '../support/span-makers.ts';

const HOUR = 3_600_000;
const OWNING = 'select task_execution_id as task, tool_call_id as call, owner_match as "match", trace_id as trace from commits';
const BASH = 's1:toolu_1';
const AGENT = { 'agent.id': 'w' };
const below = (span: number): string => `00-${traceId(1)}-${spanId(span)}-01`;

/** One delivery: spans of a sender, events of a hook, or a commit. */
type Told = { readonly origin: Origin; readonly spans: readonly SpanRecord[] } | { readonly commit: CommitAttribution };
const sent = (...spans: SpanRecord[]): Told => ({ origin: fromSender(T0), spans });
const commit = (told: Parameters<typeof commitMade>[0]): Told => ({ commit: commitMade(told) });

/** What lies in the agent's file after that, with a restart and an hour in between where asked for. */
function owningAfter(deliveries: readonly Told[], { hoursApart = false } = {}): unknown[] {
  const folder = scratchFolder();
  let now = T0;
  let recorder = recorderIn(folder, {}, () => now);
  for (const told of deliveries) {
    const outcome =
      'commit' in told
        ? recorder.recordCommits('w', { written: [told.commit], gone: [] })
        : recorder.apply({ origin: told.origin, spans: told.spans, logs: [] });
    expect(outcome).toEqual({ status: 'written' });
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
  return rowsIn(join(folder, 'w.db'), OWNING);
}

/** Every order of the deliveries, of up to five. */
const orders = <T>(list: readonly T[]): T[][] =>
  list.length <= 1 ? [[...list]] : list.flatMap((one, n) => orders(list.filter((_, m) => m !== n)).map((rest) => [one, ...rest]));

/** Restarts take their time: then every fifth, which has each delivery in each place. */
const some = <T>(list: readonly T[], { hoursApart = false }: { hoursApart?: boolean }): T[] =>
  list.filter((_, n) => !hoursApart || n % 5 === 0);

const task = taskSpan('run-1', { span: 1, endMs: T0 + 9000, resource: AGENT });
const claudeSpan = (name: string, plan: SpanPlan): SpanRecord => ({
  ...toolSpan({ ...plan, resource: { ...AGENT, 'service.name': 'claude-code' } }),
  name: `claude_code.${name}`,
  scope: { name: 'com.anthropic.claude_code.tracing', version: null },
  attributes: {
    'session.id': 's1',
    tool_use_id: 'toolu_1',
    'span.type': name,
    ...(name === 'tool' ? { tool_name: 'Bash' } : { success: true }),
  },
});
const toolAround = claudeSpan('tool', { span: 2, parent: 1, endMs: T0 + 3000 });
const execution = claudeSpan('tool.execution', { span: 3, parent: 2, endMs: T0 + 2900 });
const made = { from: { traceparent: below(3), agentId: 'w' }, claudeSession: 's1' } as const;

describe.each([
  ['at once', {}],
  ['hours apart, with restarts', { hoursApart: true }],
])('who committed (%s)', (_when, how) => {
  test('is the call in whose execution it was made, and its task, in whatever order all that is told', () => {
    for (const deliveries of some(orders([sent(task), sent(toolAround), sent(execution), commit(made)]), how))
      expect(owningAfter(deliveries, how)).toEqual([
        { task: 'hatchet:run-1:0', call: BASH, match: 'ancestor', trace: traceId(1) },
      ]);
  });

  test('is the call that a span is part of, where that has no row of its own', () => {
    const outer = toolSpan({ span: 2, parent: 1, resource: AGENT });
    const inner = toolSpan({ span: 3, parent: 2, resource: AGENT });
    for (const deliveries of some(orders([sent(task), sent(outer), sent(inner), commit(made)]), how))
      expect(owningAfter(deliveries, how)).toMatchObject([
        { task: 'hatchet:run-1:0', call: `${traceId(1)}:${spanId(2)}`, match: 'ancestor' },
      ]);
  });

  test('is the task that its environment names, where no trace leads to one; the task has a row then', () => {
    const named = commit({ from: { taskId: 'hatchet:run-1', agentId: 'w' } });
    for (const deliveries of [[named], ...orders([named, sent(task)])])
      expect(owningAfter(deliveries, how)).toEqual([{ task: 'hatchet:run-1:0', call: null, match: 'attribute', trace: null }]);
  });

  test('is inferred of its session, which worked for one task only', () => {
    const edit: Told = {
      origin: fromHook('w', T0),
      spans: written('toolu_9').succeeded({ timeMs: T0 + 500, traceparent: below(1) }),
    };
    for (const deliveries of orders([sent(task), edit, commit({ claudeSession: 's1', from: { agentId: 'w' } })]))
      expect(owningAfter(deliveries, how)).toMatchObject([{ task: 'hatchet:run-1:0', call: null, match: 'session' }]);
  });

  test('stays open where nothing tells', () => {
    expect(owningAfter([commit({ claudeSession: 's2' }), sent(task)], how)).toMatchObject([
      { task: null, call: null, match: null },
    ]);
  });
});

test('of a session with two tasks it is the one that ran when it committed, and a guess is taken back when a second did', () => {
  const second = taskSpan('run-2', { span: 11, trace: 2, startMs: T0 + 20_000, endMs: T0 + 30_000, resource: AGENT });
  const edit = (id: string, timeMs: number, traceparent: string): Told => ({
    origin: fromHook('w', T0),
    spans: written(id).succeeded({ timeMs, traceparent }),
  });
  const inSecond = `00-${traceId(2)}-${spanId(11)}-01`;
  const deliveries = [
    sent(task),
    sent(second),
    edit('toolu_1', T0 + 500, below(1)),
    edit('toolu_2', T0 + 21_000, inSecond),
    commit({ claudeSession: 's1', recordedMs: T0 + 22_000 }),
  ];
  for (let seed = 1; seed <= 10; seed++)
    expect(owningAfter(shuffled(deliveries, seed)), `seed ${seed}`).toMatchObject([
      { task: 'hatchet:run-2:0', match: 'session' },
    ]);
  const between = commit({ claudeSession: 's1', recordedMs: T0 + 15_000 });
  for (let seed = 1; seed <= 10; seed++)
    expect(owningAfter(shuffled([...deliveries.slice(0, 4), between], seed)), `seed ${seed}`).toMatchObject([
      { task: null, match: null },
    ]);
});

test('a commit that is told again keeps its owner, also where the memory of its spans was forgotten', () => {
  const folder = scratchFolder();
  let now = T0;
  const first = recorderIn(folder, { memoryDays: 1 }, () => now);
  for (const span of [task, toolAround, execution]) first.apply({ origin: fromSender(T0), spans: [span], logs: [] });
  first.recordCommits('w', { written: [commitMade(made)], gone: [] });
  const before = rowsIn(join(folder, 'w.db'), 'select * from commits');
  now = T0 + 3 * 24 * HOUR;
  first.sweep();
  expect(rowsIn(join(folder, 'w.db'), 'select * from span_memory')).toEqual([]);
  first.recordCommits('w', { written: [commitMade(made)], gone: [] });
  expect(rowsIn(join(folder, 'w.db'), 'select * from commits')).toEqual(before);
  expect(before).toMatchObject([{ tool_call_id: BASH }]);
});
