import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startHatchetEngine } from '../../src/demo/hatchet-engine.ts';
import { Recorder } from '../../src/ingest/recorder.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import { currentSession } from '../../src/writer/process-session.ts';
import { until } from '../support/agent-rows.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { recordedAttempts, rows, truthOf } from './truth.ts';
import { WorkerProcess } from './worker-process.ts';

const statuses = (file: string): unknown[] =>
  rows(file, 'select task_type, status, count(*) as n from task_executions group by 1, 2 order by 1, 2');

test('a worker killed amid 50 running tasks leaves them running, then lost, and loses nothing that was acknowledged', async () => {
  const engine = await startHatchetEngine();
  onTestFinished(() => engine.stop());
  const folder = scratchFolder();
  const file = join(folder, 'agent.db');
  const env = { AI_TRACKER_DB_PATH: file, AGENT_ID: 'worker-1' };
  const worker = await WorkerProcess.start('recording-worker.ts', engine, { env });
  onTestFinished(() => worker.kill());

  const done = await worker.triggerAll(
    'ok',
    Array.from({ length: 20 }, () => ({})),
  );
  await Promise.all(done.map((id) => engine.finished(id)));
  await worker.triggerAll(
    'sleeper',
    Array.from({ length: 50 }, () => ({})),
  );
  await until('50 tasks run', () => engine.attempts.filter((a) => a.outcome === 'running').length === 50);
  await expect
    .poll(
      async () => {
        await worker.ask('flush');
        return recordedAttempts(file);
      },
      { timeout: 20_000 },
    )
    .toEqual(truthOf(engine.attempts));
  await worker.kill();

  expect(statuses(file)).toEqual([
    { task_type: 'ok:ok', status: 'completed', n: 20 },
    { task_type: 'sleeper:sleeper', status: 'running', n: 50 },
  ]);
  expect(rows(file, 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);

  // The engine hears no heartbeat any more: a second worker of the same agent gets the attempts, counted one up.
  const dead = engine.attempts[0]?.workerId ?? '';
  const next = await WorkerProcess.start('recording-worker.ts', engine, { env });
  onTestFinished(() => next.kill());
  engine.reassignFrom(dead);
  await until('they run again', () => engine.attempts.length === 120);
  const ofAttempts = () => {
    const sql = `select attempt, status, count(*) as n from task_executions where task_type = 'sleeper:sleeper' group by 1, 2 order by 1, 2`;
    return rows(file, sql);
  };
  await expect
    .poll(
      async () => {
        await next.ask('flush');
        return ofAttempts();
      },
      { timeout: 20_000 },
    )
    .toEqual([
      { attempt: 0, status: 'lost', n: 50 },
      { attempt: 1, status: 'running', n: 50 },
    ]);
  await next.kill();

  // Whoever opens the file next finds that the second worker is gone as well.
  const { settings } = resolveSettings({ dbPath: file }, {});
  const recorder = new Recorder({ settings, env: { HOME: folder }, busyTimeoutMs: 1000 });
  recorder.beat(currentSession(), 'worker-1');
  recorder.close();
  expect(ofAttempts()).toEqual([
    { attempt: 0, status: 'lost', n: 50 },
    { attempt: 1, status: 'lost', n: 50 },
  ]);
  expect(rows(file, `select count(*) as n from task_executions where task_type = 'ok:ok' and status = 'completed'`)).toEqual([
    { n: 20 },
  ]);
});
