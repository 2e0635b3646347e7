import type { AttributeValue } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineTraceparent } from '../../src/demo/engine-trace.ts';
import { type HatchetEngine, startHatchetEngine } from '../../src/demo/hatchet-engine.ts';
import { until } from '../support/agent-rows.ts';
import { WorkerProcess } from './worker-process.ts';

interface Span {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
  parentRemote: boolean | null;
  status: number;
  attributes: Record<string, AttributeValue>;
  events: { name: string; attributes: Record<string, AttributeValue> }[];
}

const START = 'hatchet.start_step_run';
const [OK, ERROR] = [1, 2];

/** What the stub promises: the real worker, driven by it, emits what a worker of a real engine does. */
describe('the engine stub under a real worker with its own instrumentor', () => {
  let engine: HatchetEngine;
  let worker: WorkerProcess;
  beforeAll(async () => {
    engine = await startHatchetEngine();
    worker = await WorkerProcess.start('in-memory-worker.ts', engine);
  });
  afterAll(async () => {
    await worker?.kill();
    await engine?.stop();
  });

  /** Runs a workflow to its end and returns the spans of its trace, and its attempts as the engine knows them. */
  async function run(
    workflow: string,
    input: object = {},
    during?: (id: string) => void,
  ): Promise<{ id: string; spans: Span[]; outcomes: string[] }> {
    const id = await worker.trigger(workflow, input);
    during?.(id);
    await engine.finished(id);
    const attempts = engine.attempts.filter((a) => a.workflowRunId === id);
    let all: Span[] = [];
    const ownSpans = (): Span[] => all.filter((s) => s.name === START && s.attributes['workflow_run_id'] === id);
    await expect
      .poll(
        async () => {
          all = await worker.ask<Span[]>('spans');
          return ownSpans().length;
        },
        { timeout: 20_000 },
      )
      .toBe(attempts.length);
    const traceId = ownSpans()[0]?.traceId;
    const ids = new Set(attempts.map((a) => a.stepRunId));
    const spans = all.filter((s) => s.traceId === traceId || ids.has(String(s.attributes['hatchet.step_run_id'])));
    return { id, spans, outcomes: attempts.map((a) => `${a.actionId} ${a.retryCount} ${a.outcome}`) };
  }

  const starts = (spans: Span[]): Span[] => spans.filter((s) => s.name === START);
  const hasStarted = (id: string): boolean => engine.attempts.some((a) => a.workflowRunId === id);

  test('a task that returns is one consumer span under its producer, in the vocabulary of the SDK', async () => {
    const { id, spans, outcomes } = await run('ok', { invoice: 7 });
    const producer = spans.find((s) => s.name === 'hatchet.run_workflow');
    const [start] = starts(spans);
    expect(outcomes).toEqual(['ok:ok 0 completed']);
    expect(start).toMatchObject({ kind: 4, status: OK, parentSpanId: producer?.spanId, parentRemote: true });
    expect(start?.attributes).toMatchObject({
      instrumentor: 'hatchet',
      step_run_id: id,
      workflow_run_id: id,
      retry_count: 0,
      action_name: 'ok:ok',
      workflow_name: 'ok',
      step_name: 'ok',
    });
    expect(JSON.parse(String(start?.attributes['payload']))).toMatchObject({ input: { invoice: 7 } });
    expect(start?.attributes).not.toHaveProperty('parent_workflow_run_id');
  });

  test('an Error fails the attempt with one exception event', async () => {
    const { spans, outcomes } = await run('throws');
    expect(outcomes).toEqual(['throws:throws 0 failed']);
    expect(starts(spans)).toMatchObject([
      {
        status: ERROR,
        events: [{ name: 'exception', attributes: { 'exception.type': 'TypeError', 'exception.message': 'no such invoice' } }],
      },
    ]);
  });

  test('a NonRetryableError is not tried again', async () => {
    expect((await run('non-retryable')).outcomes).toEqual(['non-retryable:non-retryable 0 failed']);
  });

  test('attempts of a flaky task share their id and are siblings under one producer', async () => {
    const { spans, outcomes } = await run('flaky');
    expect(outcomes).toEqual(['flaky:flaky 0 failed', 'flaky:flaky 1 failed', 'flaky:flaky 2 completed']);
    expect(starts(spans).map((s) => [s.attributes['retry_count'], s.status])).toEqual([
      [0, ERROR],
      [1, ERROR],
      [2, OK],
    ]);
    expect(new Set(starts(spans).map((s) => s.attributes['step_run_id'])).size).toBe(1);
    expect(new Set(starts(spans).map((s) => s.parentSpanId)).size).toBe(1);
  });

  test('a thrown string fails the attempt while its span says OK', async () => {
    const { spans, outcomes } = await run('throws-string');
    expect(outcomes).toEqual(['throws-string:throws-string 0 failed']);
    expect(starts(spans)).toMatchObject([{ status: OK, events: [] }]);
  });

  test.each(['sleeper', 'ignores-abort'])(
    '%s: a cancelled task says OK, and a root span in another trace tells of the cancellation',
    async (name) => {
      const id = await worker.trigger(name);
      await until('the task runs', () => hasStarted(id));
      engine.cancel(id);
      const of = async (): Promise<Span[]> =>
        (await worker.ask<Span[]>('spans')).filter(
          (s) => s.attributes['step_run_id'] === id || s.attributes['hatchet.step_run_id'] === id,
        );
      await expect.poll(async () => (await of()).length, { timeout: 20_000 }).toBe(2);
      const spans = await of();
      const cancel = spans.find((s) => s.name === 'hatchet.cancel_step_run');
      const [start] = starts(spans);
      expect(engine.attempts.find((a) => a.stepRunId === id)?.outcome).toBe('cancelled');
      expect(start?.status).toBe(OK);
      expect(cancel).toMatchObject({ status: 0, parentSpanId: null });
      expect(cancel?.traceId).not.toBe(start?.traceId);
    },
  );

  test('an execution timeout is a cancellation by the engine', async () => {
    const { spans, outcomes } = await run('too-slow');
    expect(outcomes).toEqual(['too-slow:too-slow 0 timed-out']);
    expect(starts(spans)).toMatchObject([{ status: OK }]);
  });

  test('a task that cancels itself is cancelled', async () => {
    expect((await run('cancels-itself')).outcomes).toEqual(['cancels-itself:cancels-itself 0 cancelled']);
  });

  test('a child run lies in the trace of its parent and names the parent step run', async () => {
    const { id, spans } = await run('parent');
    const child = starts(spans).find((s) => s.attributes['action_name'] === 'child:child');
    const producer = spans.find((s) => s.spanId === child?.parentSpanId);
    const parent = starts(spans).find((s) => s.attributes['action_name'] === 'parent:parent');
    expect(child?.attributes).toMatchObject({ parent_workflow_run_id: id, child_workflow_index: 0 });
    expect(producer).toMatchObject({ name: 'hatchet.run_workflow', parentSpanId: parent?.spanId });
  });

  test('a parent whose child fails is failed for the engine and OK in its span', async () => {
    const { spans, outcomes } = await run('parent', { fail: true });
    expect(outcomes).toEqual(['parent:parent 0 failed']);
    expect(starts(spans).map((s) => [s.attributes['action_name'], s.status])).toEqual([
      ['child:child', ERROR],
      ['parent:parent', OK],
    ]);
  });

  test('children started in bulk lie under one producer', async () => {
    const { spans } = await run('bulk-parent');
    const bulk = spans.find((s) => s.name === 'hatchet.run_workflows');
    const children = starts(spans).filter((s) => s.attributes['action_name'] === 'child:child');
    expect(children.map((s) => s.parentSpanId)).toEqual([bulk?.spanId, bulk?.spanId, bulk?.spanId]);
    expect(new Set(children.map((s) => s.attributes['child_workflow_index']))).toEqual(new Set([0, 1, 2]));
  });

  test('tasks of a DAG share the run, and the last one starts when its parents have ended', async () => {
    const { id, spans, outcomes } = await run('Dag');
    expect(outcomes).toEqual(['dag:extract 0 completed', 'dag:validate 0 completed', 'dag:load 0 completed']);
    expect(starts(spans).map((s) => s.attributes['workflow_run_id'])).toEqual([id, id, id]);
    const load = starts(spans).find((s) => s.attributes['step_name'] === 'Load');
    expect(JSON.parse(String(load?.attributes['payload']))).toMatchObject({
      parents: { Extract: { rows: 3 }, Validate: { valid: true } },
    });
  });

  test('a failed DAG runs its on-failure task and drops what depended on the failure', async () => {
    expect((await run('broken-dag')).outcomes).toEqual(['broken-dag:first 0 failed', 'broken-dag:on-failure-task 0 completed']);
  });

  test('a run of an uninstrumented client gets the parent span that the engine writes and no receiver sees', async () => {
    const id = engine.trigger('ok');
    await engine.finished(id);
    const of = async (): Promise<Span | undefined> =>
      (await worker.ask<Span[]>('spans')).find((s) => s.attributes['step_run_id'] === id);
    await expect.poll(of, { timeout: 20_000 }).toBeDefined();
    const span = await of();
    expect(`00-${span?.traceId}-${span?.parentSpanId}-01`).toBe(engineTraceparent(id, null));
  });

  test('an evicted durable task is two spans of one attempt, both OK, and the first one tells nothing of it', async () => {
    const id = await worker.trigger('durable');
    const startsOf = async (): Promise<Span[]> =>
      starts(await worker.ask<Span[]>('spans')).filter((s) => s.attributes['step_run_id'] === id);
    await until('it waits and is evicted', () => engine.evict(id));
    const results = await engine.finished(id);
    await expect.poll(async () => (await startsOf()).length, { timeout: 20_000 }).toBe(2);
    expect((await startsOf()).map((s) => [s.status, s.attributes['retry_count']])).toEqual([
      [OK, 0],
      [OK, 0],
    ]);
    expect(results).toMatchObject([{ output: '{"woken":true}', error: null }]);
    expect(engine.attempts.filter((a) => a.stepRunId === id)).toMatchObject([{ retryCount: 0, outcome: 'completed' }]);
  });

  test('a workflow that nobody has registered is refused by name', () => {
    expect(() => engine.trigger('unheard-of')).toThrow('"unheard-of"');
  });
});
