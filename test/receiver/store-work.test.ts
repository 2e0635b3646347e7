import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { Recorder } from '../../src/ingest/recorder.ts';
import type { ApplyOutcome } from '../../src/model/recording.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import type { SpanBatch } from '../../src/model/span-record.ts';
import { RequestDecoder } from '../../src/receiver/decode-request.ts';
import { StoreWork } from '../../src/receiver/store-work.ts';
import type { StoreOutcome } from '../../src/receiver/storing.ts';
import { otlpJson } from '../support/otlp-request.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { taskSpan, toolSpan } from '../support/span-makers.ts';

/** Tells how many spans each call of `apply` was given. */
class WatchedRecorder extends Recorder {
  readonly sizes: number[] = [];
  override apply(batch: SpanBatch): ApplyOutcome {
    this.sizes.push(batch.spans.length);
    return super.apply(batch);
  }
}

function workIn(folder: string) {
  const { settings } = resolveSettings({ sharedDir: folder }, {});
  const recorder = new WatchedRecorder({ settings, env: { HOME: folder }, busyTimeoutMs: 0 });
  onTestFinished(() => recorder.close());
  const answers = new Map<number, StoreOutcome>();
  const work = new StoreWork({
    ...{ recording: recorder, decoder: new RequestDecoder(settings), agentId: null, setAside: () => {} },
    answer: (some) => some.forEach(([id, outcome]) => answers.set(id, outcome)),
  });
  const accept = (id: number, spans: Parameters<typeof otlpJson>[0]): void =>
    work.accept(id, {
      signal: 'traces',
      encoding: 'json',
      body: new TextEncoder().encode(otlpJson(spans)),
      receivedMs: Date.now(),
    });
  return { work, recorder, answers, accept };
}

const ofAgent = (agent: string) => ({ resource: { 'agent.id': agent } });

test('requests of few spans share a group, a batch of an exporter is one of its own, a large request is written in parts', () => {
  const { work, recorder, answers, accept } = workIn(scratchFolder());
  const tools = (count: number, from: number) =>
    Array.from({ length: count }, (_, n) => toolSpan({ span: from + n, ...ofAgent('a') }));
  for (let id = 1; id <= 5; id++) accept(id, tools(10, id * 100));
  accept(6, tools(512, 10_000));
  accept(7, tools(2000, 20_000));
  for (let steps = 0; work.isBusy && steps < 100; steps++) work.step();
  expect([...answers.keys()]).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect([...answers.values()].every(({ status }) => status === 'stored')).toBe(true);
  expect(recorder.sizes[0]).toBe(562);
  expect(recorder.sizes.slice(1)).toEqual([512, 512, 976]);
});

test('a request of many agents is written in parts, and a small one behind it does not wait for all of them', () => {
  const { work, recorder, answers, accept } = workIn(scratchFolder());
  accept(
    1,
    Array.from({ length: 40 }, (_, n) => taskSpan(`t${n}`, { trace: n, span: n, ...ofAgent(`a${n}`) })),
  );
  accept(2, [toolSpan({ span: 10_000, ...ofAgent('small') })]);
  work.step();
  accept(3, [toolSpan({ span: 10_001, ...ofAgent('small') })]);
  work.step();
  expect([...answers.keys()]).toEqual([2, 3]);
  while (work.isBusy) work.step();
  expect(answers.get(1)).toMatchObject({ status: 'stored', accepted: 40 });
  expect(recorder.sizes).toEqual([17, 17, 8]);
});

test('of many requests that wait for one locked file one is tried for all, and all go on when it is free', async () => {
  const folder = scratchFolder();
  const { work, recorder, answers, accept } = workIn(folder);
  accept(0, [taskSpan('t0', { span: 1, ...ofAgent('a') })]);
  work.step();
  const locker = new Database(join(folder, 'a.db'));
  locker.exec('BEGIN IMMEDIATE');
  for (let id = 1; id <= 20; id++) accept(id, [taskSpan(`t${id}`, { trace: id, span: id, ...ofAgent('a') })]);
  work.step();
  expect(recorder.sizes).toEqual([1, 20]);
  for (let tries = 0; tries < 3; tries++) {
    const due = work.nextDueMs ?? 0;
    while (Date.now() < due) await new Promise((resolve) => setTimeout(resolve, 1));
    work.step();
  }
  expect(recorder.sizes).toEqual([1, 20, 1, 1, 1]);
  expect(answers.size).toBe(1);
  locker.exec('ROLLBACK');
  locker.close();
  while (work.nextDueMs !== null || work.isBusy) {
    work.step();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(recorder.sizes.slice(5)).toEqual([1, 19]);
  expect([...answers.values()].filter(({ status }) => status === 'stored').length).toBe(21);
});

test('what waits for different files is tried apart', async () => {
  const folder = scratchFolder();
  const { work, recorder, answers, accept } = workIn(folder);
  accept(1, [taskSpan('t1', { span: 1, ...ofAgent('a') }), taskSpan('t2', { trace: 2, span: 2, ...ofAgent('b') })]);
  work.step();
  const lockers = ['a', 'b'].map((agent) => new Database(join(folder, `${agent}.db`)));
  for (const locker of lockers) locker.exec('BEGIN IMMEDIATE');
  accept(2, [taskSpan('t3', { trace: 3, span: 3, ...ofAgent('a') })]);
  work.step();
  accept(3, [taskSpan('t4', { trace: 4, span: 4, ...ofAgent('b') })]);
  work.step();
  lockers[1]?.close();
  recorder.sizes.length = 0;
  for (let tries = 0; answers.size < 2 && tries < 500; tries++) {
    work.step();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(answers.get(3)).toMatchObject({ status: 'stored' });
  expect(answers.has(2)).toBe(false);
  work.step(true);
  expect(answers.get(2)).toMatchObject({ status: 'retry', reason: 'locked' });
  lockers[0]?.close();
});
