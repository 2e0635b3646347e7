import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SpanNode } from '../../src/model/span-node.ts';
import { attemptCancelledAt, taskState } from '../../src/resolve/task-state.ts';
import { call, open, step, task } from './nodes.ts';

const FAILED = { outcome: 'failed', errorType: 'Error', errorMessage: 'broke' } as const;

describe('the state of one span', () => {
  test('is its own', () => {
    expect(taskState([task({ id: 'a', start: 5, end: 25.4, duration: 20.4 })], false)).toMatchObject({
      status: 'completed',
      startMs: 5,
      endMs: 25.4,
      durationMs: 20.4,
      errorType: null,
    });
    expect(taskState([task({ id: 'a' }, FAILED)], false)).toMatchObject({
      status: 'failed',
      errorType: 'Error',
      errorMessage: 'broke',
    });
    expect(taskState([task({ id: 'a' }, { outcome: 'cancelled' })], false)?.status).toBe('cancelled');
  });

  test('is running while it is open, whatever its reading says already', () => {
    expect(taskState([task({ id: 'a', start: 5, end: null }, FAILED)], true)).toMatchObject({
      status: 'running',
      startMs: 5,
      endMs: null,
      durationMs: null,
      errorType: null,
      errorMessage: null,
    });
  });

  test('is cancelled by a signal, but not where it failed', () => {
    expect(taskState([task({ id: 'a' })], true)?.status).toBe('cancelled');
    expect(taskState([task({ id: 'a' }, FAILED)], true)?.status).toBe('failed');
  });

  test('is none where no span is a task’s', () => {
    expect(taskState([], false)).toBeNull();
    expect(taskState([step({ id: 'a' }), call({ id: 'b' }, 'tool', 'x'), open({ id: 'c' })], true)).toBeNull();
  });
});

describe('the state of several spans of one attempt', () => {
  test('reaches from the earliest start to the latest end, and its outcome is that of the latest span', () => {
    const state = taskState([task({ id: 'b', start: 50, end: 80 }), task({ id: 'a', start: 0, end: 10 }, FAILED)], false);
    expect(state).toMatchObject({ status: 'completed', startMs: 0, endMs: 80, durationMs: 80, errorType: null });
    expect([state?.first.spanId, state?.last.spanId]).toEqual(['a', 'b']);
  });

  test('ends with the latest end, also where the latest span ended earlier', () => {
    const state = taskState([task({ id: 'a', start: 0, end: 90 }), task({ id: 'b', start: 50, end: 80 }, FAILED)], false);
    expect(state).toMatchObject({ status: 'failed', endMs: 90 });
  });

  test('is running while a span is open that started after the last end', () => {
    expect(taskState([task({ id: 'a', start: 0, end: 10 }), task({ id: 'b', start: 50, end: null })], false)?.status).toBe(
      'running',
    );
  });

  test('is not running for a span that was left open before the last end: its end was lost', () => {
    expect(taskState([task({ id: 'a', start: 0, end: null }), task({ id: 'b', start: 50, end: 80 })], false)?.status).toBe(
      'completed',
    );
  });

  test('is running where the open span starts in the millisecond of the last end: starts have no fractions', () => {
    expect(taskState([task({ id: 'a', start: 0, end: 50.7 }), task({ id: 'b', start: 50, end: null })], false)?.status).toBe(
      'running',
    );
  });

  test('takes what the latest span does not say from those before it', () => {
    const state = taskState(
      [
        task({ id: 'a', start: 0 }, { taskType: 'old', workflowRunId: 'w', parentTaskId: 'p', conversationId: 'c' }),
        task({ id: 'b', start: 50 }, { taskType: 'new' }),
      ],
      false,
    );
    expect(state?.reading).toMatchObject({ taskType: 'new', workflowRunId: 'w', parentTaskId: 'p', conversationId: 'c' });
  });

  test('of equal starts is that of the greater id, whichever comes first', () => {
    const spans = [task({ id: 'a', trace: '1' }, FAILED), task({ id: 'a', trace: '2' })];
    for (const order of [spans, spans.toReversed()]) {
      const state = taskState(order, false);
      expect([state?.status, state?.first.traceId, state?.last.traceId]).toEqual(['completed', '1', '2']);
    }
  });

  test('does not depend on their order', () => {
    const span = fc.record({
      start: fc.integer({ min: 0, max: 5 }),
      length: fc.option(fc.integer({ min: 0, max: 5 })),
      failed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 6 }), fc.boolean(), fc.integer(), (shapes, cancelled, seed) => {
        const spans: SpanNode[] = shapes.map(({ start, length, failed }, i) =>
          task({ id: `${i}`, start, end: length === null ? null : start + length }, failed ? FAILED : {}),
        );
        const turn = Math.abs(seed) % spans.length;
        const turned = [...spans.slice(turn), ...spans.slice(0, turn)].toReversed();
        expect(taskState(turned, cancelled)).toEqual(taskState(spans, cancelled));
      }),
    );
  });
});

describe('a cancel falls on', () => {
  const attempts = [
    { attempt: 1, startMs: 60 },
    { attempt: 0, startMs: 0 },
    { attempt: 2, startMs: 120 },
  ];
  test.each([
    ['none, before the first started', -1, null],
    ['the first, while it runs', 30, 0],
    ['the second, from its start on', 60, 1],
    ['the last, ever after', 10_000, 2],
  ])('%s', (_what, atMs, attempt) => expect(attemptCancelledAt(atMs, attempts)).toBe(attempt));

  test('an attempt of the same millisecond, whatever the fractions say', () => {
    expect(attemptCancelledAt(60.1, [{ attempt: 1, startMs: 60.9 }])).toBe(1);
  });

  test('the highest attempt of equal starts, and on none where there is none', () => {
    expect(
      attemptCancelledAt(5, [
        { attempt: 3, startMs: 5 },
        { attempt: 1, startMs: 5 },
      ]),
    ).toBe(3);
    expect(attemptCancelledAt(5, [])).toBeNull();
  });
});
