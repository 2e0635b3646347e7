import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type HatchetEngine, startHatchetEngine } from '../../src/demo/hatchet-engine.ts';
import type { Health } from '../../src/index.ts';
import { until } from '../support/agent-rows.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { type AttemptFacts, recordedAttempts, rows, truthOf } from './truth.ts';
import { WorkerProcess } from './worker-process.ts';

describe('a real Hatchet worker with the processor', () => {
  let engine: HatchetEngine;
  beforeAll(async () => {
    engine = await startHatchetEngine();
  });
  afterAll(() => engine?.stop());

  test('leaves one row per attempt, which says what the engine knows of it', async () => {
    const file = join(scratchFolder(), 'agent.db');
    const worker = await WorkerProcess.start('recording-worker.ts', engine, {
      env: { AI_TRACKER_DB_PATH: file, AGENT_ID: 'worker-1' },
    });
    onTestFinished(() => worker.kill());
    const toCancel = [await worker.trigger('sleeper'), await worker.trigger('ignores-abort')];
    await until('they run', () => engine.attempts.length === 2);
    await worker.ask('flush');
    expect(recordedAttempts(file)).toEqual(truthOf(engine.attempts));
    expect(recordedAttempts(file).map((row) => row.status)).toEqual(['running', 'running']);

    engine.cancel(...toCancel);
    const names = [
      'ok',
      'throws',
      'non-retryable',
      'flaky',
      'throws-string',
      'too-slow',
      'cancels-itself',
      'parent',
      'bulk-parent',
      'Dag',
      'broken-dag',
    ];
    const ids = await Promise.all([...names.map((name) => worker.trigger(name)), worker.trigger('parent', { fail: true })]);
    await Promise.all(ids.map((id) => engine.finished(id)));
    expect(engine.attempts.length).toBe(24);
    // The last cancellation's own span may end a moment after the engine has closed the run.
    const recorded = async (): Promise<AttemptFacts[]> => {
      await worker.ask('flush');
      return recordedAttempts(file);
    };
    await expect.poll(recorded, { timeout: 20_000 }).toEqual(truthOf(engine.attempts));
    expect(await worker.ask<Health>('health')).toMatchObject({ status: 'green', findings: [], queued: 0, spooled: 0 });
    await worker.stop();

    expect(recordedAttempts(file)).toEqual(truthOf(engine.attempts));
    const children = rows(
      file,
      `select c.task_type as child, p.task_type as parent, p.attempt from task_executions c
      join task_executions p on p.id = c.parent_task_execution_id`,
    );
    expect(children.length).toBe(5);
    expect(new Set(children.map((row) => JSON.stringify(row)))).toEqual(
      new Set([
        '{"child":"child:child","parent":"parent:parent","attempt":0}',
        '{"child":"child:child","parent":"bulk-parent:bulk-parent","attempt":0}',
      ]),
    );
    expect(rows(file, `select error_type, error_message from task_executions where task_type = 'throws:throws'`)).toEqual([
      { error_type: 'TypeError', error_message: 'no such invoice' },
    ]);
    expect(rows(file, 'select ended_at is not null as ended, task_count from agent_sessions')).toEqual([
      { ended: 1, task_count: 24 },
    ]);
  });

  test('makes one row of a durable task that was evicted, from its first start to its last end', async () => {
    const file = join(scratchFolder(), 'agent.db');
    const env = { AI_TRACKER_DB_PATH: file, AGENT_ID: 'worker-1' };
    const worker = await WorkerProcess.start('recording-worker.ts', engine, { env });
    onTestFinished(() => worker.kill());
    const id = await worker.trigger('durable');
    await until('it waits and is evicted', () => engine.evict(id));
    await worker.ask('flush');
    const [early] = rows<{ started_at: string }>(file, 'select started_at from task_executions');
    await engine.finished(id);
    await worker.stop();

    const sql = `select task_id, attempt, status, started_at = ? as same_start,
      (julianday(completed_at) - julianday(started_at)) * 86400 as seconds from task_executions`;
    const [row, ...more] = rows<{ seconds: number }>(file, sql.replace('?', `'${early?.started_at}'`));
    expect(row).toMatchObject({ task_id: id, attempt: 0, status: 'completed', same_start: 1 });
    expect(row?.seconds).toBeGreaterThan(0.95);
    expect(more).toEqual([]);
  });
});
