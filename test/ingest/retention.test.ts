import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SpanRecord } from '../../src/model/span-record.ts';
import { column, countOf } from '../support/agent-rows.ts';
import { booksOf, expectBalance, record, recorderIn } from '../support/recorder-in.ts';
import { rowsOf } from '../support/replay.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { cancelSpan, fromSender, mcpClientSpan, T0, taskSpan, toolSpan } from '../support/span-makers.ts';

const DAY = 86_400_000;

/** A task with two calls for each number, all of one day. */
const work = (from: number, to: number, startMs: number): SpanRecord[] =>
  Array.from({ length: to - from }, (_, i) => from + i).flatMap((n) => [
    taskSpan(`run-${n}`, { span: 3 * n, trace: n, startMs }),
    toolSpan({ span: 3 * n + 1, trace: n, parent: 3 * n, startMs, attributes: { 'gen_ai.tool.name': 'a' } }),
    toolSpan({ span: 3 * n + 2, trace: n, parent: 3 * n, startMs, attributes: { 'gen_ai.tool.name': 'b' } }),
  ]);

describe('AI_TRACKER_RETENTION_DAYS', () => {
  test('unset keeps all, however old', () => {
    const folder = scratchFolder();
    let at = T0;
    const recorder = recorderIn(folder, {}, () => at);
    record(recorder, fromSender(at, 'w'), work(0, 3, at));
    at += 5000 * DAY;
    for (let i = 0; i < 3; i += 1) recorder.sweep();
    expect(countOf(join(folder, 'w.db'), 'task_executions')).toBe(3);
    expect(countOf(join(folder, 'w.db'), 'tool_calls')).toBe(6);
    expect(countOf(join(folder, 'w.db'), 'tombstones')).toBe(0);
  });

  test('deletes what is older, in sweeps that others can write between, with a tombstone each, and keeps what is younger', () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    let at = T0;
    const recorder = recorderIn(folder, { retentionDays: 30 }, () => at);
    record(recorder, fromSender(at, 'w'), work(0, 3000, at));
    at += 20 * DAY;
    record(recorder, fromSender(at, 'w'), work(3000, 3010, at));
    at += 11 * DAY;
    const seen = column(file, 'SELECT seq FROM change_counter')[0] as number;
    let sweeps = 0;
    for (; countOf(file, 'task_executions') > 10; sweeps += 1) {
      expect(sweeps).toBeLessThan(50);
      recorder.sweep();
      record(recorder, fromSender(at, 'w'), []);
    }
    expect(countOf(file, 'tool_calls')).toBe(20);
    expect(column(file, 'SELECT table_name, count(*) FROM tombstones GROUP BY 1 ORDER BY 1')).toEqual([
      'task_executions',
      'tool_calls',
    ]);
    expect(countOf(file, 'tombstones', `change_seq > ${seen}`)).toBe(9000);
    expect(column(file, 'SELECT count(DISTINCT change_seq) FROM tombstones')).toEqual([9000]);
    expect(column(file, 'SELECT max(change_seq) FROM tombstones')).toEqual(column(file, 'SELECT seq FROM change_counter'));
    expectBalance(recorder);
  });

  test('deletes in steps between which batches come: of old and of new rows, into these files and others', () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    let at = T0;
    const recorder = recorderIn(folder, { retentionDays: 30, memoryDays: 7 }, () => at);
    record(recorder, fromSender(at, 'w'), work(0, 3000, at));
    record(recorder, fromSender(at, 'v'), work(0, 10, at));
    at += 31 * DAY;
    let steps = 0;
    for (let round = 0; round < 50 && countOf(file, 'task_executions', "task_id LIKE 'run-%'") > 0; round += 1) {
      const sweeping = recorder.sweepInSteps();
      for (; sweeping.next().done !== true; steps += 1) {
        // An old task comes again while its rows are being deleted; it is deleted again in its turn.
        if (steps === 2) record(recorder, fromSender(at, 'w'), work(0, 1, T0));
        // The file that is being swept is closed: others came.
        if (steps === 4) for (let n = 0; n < 130; n += 1) record(recorder, fromSender(at, `other-${n}`), work(n, n + 1, at));
        const fresh = taskSpan(`new-${steps}`, { span: 100_000 + steps, trace: 100_000 + steps, startMs: at });
        record(recorder, fromSender(at, 'w'), [fresh]);
      }
    }
    expect(steps).toBeGreaterThan(6);
    expect(countOf(file, 'task_executions', "task_id LIKE 'run-%'")).toBe(0);
    expect(countOf(file, 'tool_calls')).toBe(0);
    expect(countOf(file, 'task_executions')).toBe(steps);
    expect(recorder.report().findings).toEqual([]);
    expectBalance(recorder);
  });

  test('takes a silent sender’s session too, and gives it a new row when it sends again', () => {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    let at = T0;
    const recorder = recorderIn(folder, { retentionDays: 1 }, () => at);
    record(recorder, fromSender(at, 'w'), work(0, 2, at));
    at += 3 * DAY;
    recorder.sweep();
    expect(countOf(file, 'agent_sessions')).toBe(0);
    record(recorder, fromSender(at, 'w'), work(5, 6, at));
    expect(column(file, "SELECT task_count || ' ' || tool_calls FROM agent_sessions")).toEqual(['1 2']);
    expect(countOf(file, 'tool_calls', 'session_id NOT IN (SELECT id FROM agent_sessions)')).toBe(0);
  });
});

test('a file above AI_TRACKER_MAX_MB is told in amber, with what to do', () => {
  const folder = scratchFolder();
  const recorder = recorderIn(folder, { maxMb: 1 });
  const amber = () => recorder.report().findings.map(({ level, code, message }) => `${level} ${code} ${message}`);
  record(recorder, fromSender(T0, 'w'), work(0, 1, T0));
  expect(amber()).toEqual([]);
  record(recorder, fromSender(T0, 'w'), work(1, 1500, T0));
  expect(amber()).toEqual([
    expect.stringMatching(
      /^amber file-too-large .*w\.db has \d+ MB, more than AI_TRACKER_MAX_MB=1; set AI_TRACKER_RETENTION_DAYS/,
    ),
  ]);
});

describe('a span that comes again after its memory was forgotten', () => {
  const spans = (): SpanRecord[] => [
    // The SDK of Hatchet calls a cancelled task OK; only the cancel span knows.
    taskSpan('cancelled', { span: 1, endMs: T0 + 5000 }),
    cancelSpan('cancelled', { span: 2, trace: 2, startMs: T0 + 100 }),
    // Two spans of one attempt: evicted and resumed.
    taskSpan('resumed', { span: 3, trace: 3, startMs: T0, endMs: T0 + 10 }),
    taskSpan('resumed', { span: 4, trace: 4, startMs: T0 + 1000, endMs: T0 + 2000 }),
    toolSpan({ span: 5, parent: 1 }),
    mcpClientSpan({ span: 6, parent: 5 }),
    toolSpan({ span: 7, trace: 3, parent: 3 }),
  ];

  function forgotten() {
    const folder = scratchFolder();
    const file = join(folder, 'w.db');
    let at = T0;
    const recorder = recorderIn(folder, {}, () => at);
    record(recorder, fromSender(at, 'w'), spans());
    const before = rowsOf(file);
    at += 8 * DAY;
    recorder.sweep();
    expect(countOf(file, 'span_memory')).toBe(0);
    expect(countOf(file, 'task_signals')).toBe(0);
    return { file, before, at, recorder };
  }

  test.each(
    spans()
      .map((span, i) => [`${i} ${span.name}`, i] as const)
      .filter(([, i]) => i !== 5),
  )('%s: no row changes', (_, i) => {
    const { file, before, at, recorder } = forgotten();
    record(recorder, fromSender(at, 'w'), [spans()[i] as SpanRecord]);
    expect(rowsOf(file)).toEqual(before);
    if (spans()[i]?.name !== 'hatchet.cancel_step_run') expect(booksOf(recorder)).toMatchObject({ repeated: 1 });
  });

  test.each([1, 3, 100])('with all others, in batches of %i: the rows and the counts are as before', (size) => {
    const { file, before, at, recorder } = forgotten();
    const again = spans();
    for (let i = 0; i < again.length; i += size) record(recorder, fromSender(at, 'w'), again.slice(i, i + size));
    expect(rowsOf(file)).toEqual(before);
  });

  test('as a start, out of an old spool: a task that ended does not run again', () => {
    const { file, before, at, recorder } = forgotten();
    record(
      recorder,
      fromSender(at, 'w'),
      spans().map((span) => ({ ...span, endMs: null, durationMs: null })),
    );
    expect(rowsOf(file)).toEqual(before);
  });
});
