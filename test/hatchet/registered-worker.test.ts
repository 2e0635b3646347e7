import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startHatchetEngine } from '../../src/demo/hatchet-engine.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { recordedAttempts, rows, truthOf } from './truth.ts';
import { WorkerProcess } from './worker-process.ts';

const register = new URL('../../src/register.ts', import.meta.url).href;

test('a worker that knows nothing of telemetry is recorded under --import register, and leaves nothing behind at its end', async () => {
  const engine = await startHatchetEngine();
  onTestFinished(() => engine.stop());
  const folder = scratchFolder();
  const env = { AI_TRACKER_SHARED_DIR: folder, AGENT_ID: 'registered', OTEL_SERVICE_NAME: 'billing' };
  const worker = await WorkerProcess.start('registered-worker.ts', engine, { env, args: ['--import', register] });
  onTestFinished(() => worker.kill());

  const names = ['ok', 'throws', 'flaky', 'cancels-itself', 'parent', 'Dag'];
  const ids = await Promise.all(names.map((name) => worker.trigger(name)));
  await Promise.all(ids.map((id) => engine.finished(id)));
  // Its process exits without a flush of its own.
  await worker.stop();

  const file = join(folder, 'registered.db');
  expect(engine.attempts.length).toBe(11);
  expect(recordedAttempts(file)).toEqual(truthOf(engine.attempts));
  expect(rows(file, 'select agent_id, service_name, ended_at is not null as ended from agent_sessions')).toEqual([
    { agent_id: 'registered', service_name: 'billing', ended: 1 },
  ]);
  expect(worker.stderr).toBe('');
  // The SDK's own REST call of `ctx.cancel()`, seen by the HTTP instrumentation inside the task that made it.
  expect(
    rows(
      file,
      `select t.task_type, c.kind, c.owner_match, c.status_code from tool_calls c
       join task_executions t on t.id = c.task_execution_id where c.tool_name like 'POST %/tasks/cancel'`,
    ),
  ).toEqual([{ task_type: 'cancels-itself:cancels-itself', kind: 'http', owner_match: 'ancestor', status_code: 200 }]);
});
