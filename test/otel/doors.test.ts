import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type DiagLogger, diag } from '@opentelemetry/api';
import { BasicTracerProvider, BatchSpanProcessor, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { AiTrackerSpanExporter, AiTrackerSpanProcessor, type ExportResultLike, health } from '../../src/index.ts';
import { imbalance } from '../../src/model/books.ts';
import { column, countOf } from '../support/agent-rows.ts';

describe('processor and exporter', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ai-tracker-doors-'));
    file = join(folder, 'w1.db');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const options = () => ({ agentId: 'w1', sharedDir: folder });
  const tasks = (provider: BasicTracerProvider, from: number, to: number): void => {
    const tracer = provider.getTracer('t');
    for (let i = from; i < to; i++) {
      tracer.startSpan('hatchet.start_step_run', { attributes: { step_run_id: `run-${i}`, retry_count: 0 } }).end();
    }
  };
  const lock = (): (() => void) => {
    const db = new Database(file);
    db.exec('BEGIN EXCLUSIVE');
    return () => {
      db.exec('ROLLBACK');
      db.close();
    };
  };

  test('forceFlush that cannot write says why after its time limit, keeps the spans, and succeeds later', async () => {
    const processor = new AiTrackerSpanProcessor(options());
    const provider = new BasicTracerProvider({ spanProcessors: [processor] });
    tasks(provider, 0, 1);
    await processor.forceFlush();
    const unlock = lock();
    tasks(provider, 1, 11);
    await expect(processor.forceFlush({ timeoutMillis: 300 })).rejects.toThrow(
      /10 ended spans are not in the file after 300 ms .*lock/i,
    );
    expect(health()).toMatchObject({ status: 'amber', queued: 10 });
    unlock();
    await processor.forceFlush();
    expect(countOf(file, 'task_executions', "status = 'completed'")).toBe(11);
    await provider.shutdown();
  });

  test('the exporter reports success only once the spans are committed', async () => {
    const exporter = new AiTrackerSpanExporter(options());
    const done: ExportResultLike[] = [];
    const provider = new BasicTracerProvider({
      spanProcessors: [
        {
          ...{ onStart: () => {}, forceFlush: async () => {}, shutdown: () => exporter.shutdown() },
          onEnd: (span) => exporter.export([span], (result) => done.push(result)),
        },
      ],
    });
    tasks(provider, 0, 1);
    await exporter.forceFlush();
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toEqual([{ code: 0 }]);
    const unlock = lock();
    tasks(provider, 1, 2);
    await expect(exporter.forceFlush({ timeoutMillis: 200 })).rejects.toThrow(/not in the file/);
    expect(done.length).toBe(1);
    unlock();
    await exporter.forceFlush();
    expect(countOf(file, 'task_executions')).toBe(2);
    await exporter.shutdown();
    tasks(provider, 2, 3);
    expect(done.at(-1)).toMatchObject({ code: 1, error: expect.any(Error) as Error });
  });

  test('a SimpleSpanProcessor over the exporter does not make a transaction of every span', async () => {
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new AiTrackerSpanExporter(options()))] });
    const started = performance.now();
    tasks(provider, 0, 2000);
    await provider.forceFlush();
    expect(countOf(file, 'task_executions')).toBe(2000);
    // 2,000 transactions and as many messages would take several seconds.
    expect(performance.now() - started).toBeLessThan(5000);
    await provider.shutdown();
  });

  test('both at once, in one process, share a thread and a session and make one set of rows', async () => {
    const provider = new BasicTracerProvider({
      spanProcessors: [new AiTrackerSpanProcessor(options()), new BatchSpanProcessor(new AiTrackerSpanExporter(options()))],
    });
    tasks(provider, 0, 300);
    await provider.forceFlush();
    expect(countOf(file, 'task_executions', "status = 'completed'")).toBe(300);
    expect(countOf(file, 'agent_sessions')).toBe(1);
    await provider.shutdown();
    expect(Object.entries(health().books).filter(([, books]) => imbalance(books) !== 0)).toEqual([]);
    expect(column(file, 'SELECT ended_at IS NOT NULL FROM agent_sessions')).toEqual([1]);
  });

  test('a processor in a worker thread of the host records, and the end of that thread loses nothing', async () => {
    const worker = new Worker(
      `import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
       import { AiTrackerSpanProcessor } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)};
       const provider = new BasicTracerProvider({ spanProcessors: [new AiTrackerSpanProcessor(${JSON.stringify(options())})] });
       for (let i = 0; i < 100; i++) {
         provider.getTracer('t').startSpan('hatchet.start_step_run', { attributes: { step_run_id: 'run-' + i, retry_count: 0 } }).end();
       }`,
      { eval: true, execArgv: ['--input-type=module', '--no-warnings'], env: { ...process.env, NODE_OPTIONS: '' } },
    );
    const [code] = (await once(worker, 'exit')) as [number];
    expect(code).toBe(0);
    expect(countOf(file, 'task_executions', "status = 'completed'")).toBe(100);
  });

  test('nothing is recorded where it is disabled, and nothing is hurt', async () => {
    const provider = new BasicTracerProvider({ spanProcessors: [new AiTrackerSpanProcessor({ ...options(), disabled: true })] });
    tasks(provider, 0, 3);
    await provider.forceFlush();
    await provider.shutdown();
    expect(countOf(file, 'sqlite_master')).toBe(0);
  });

  test.each([
    ['that is disabled', true, process.versions.node],
    ['on a Node that is too old, where health is red,', false, '20.20.2'],
  ])('an exporter %s lets every export succeed, logs no error, and records nothing', async (_, disabled, node) => {
    const { versions } = process;
    Object.defineProperty(process, 'versions', { value: { ...versions, node }, configurable: true });
    onTestFinished(() => void Object.defineProperty(process, 'versions', { value: versions, configurable: true }));
    const errors: string[] = [];
    const nothing = (): void => undefined;
    const logger: DiagLogger = {
      error: (message) => void errors.push(message),
      warn: nothing,
      info: nothing,
      debug: nothing,
      verbose: nothing,
    };
    diag.setLogger(logger, { suppressOverrideMessage: true });
    onTestFinished(() => diag.disable());

    const exporter = new AiTrackerSpanExporter({ ...options(), disabled });
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    tasks(provider, 0, 3);
    await provider.forceFlush();
    await provider.shutdown();
    expect(errors).toEqual([]);
    expect(countOf(file, 'sqlite_master')).toBe(0);
    if (!disabled) expect(health().findings).toContainEqual(expect.objectContaining({ level: 'red', code: 'unusable' }));
  });
});
