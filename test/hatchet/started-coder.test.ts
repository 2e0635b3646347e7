import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startHatchetEngine } from '../../src/demo/hatchet-engine.ts';
import { aiTracker } from '../cli/command.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { rows } from './truth.ts';
import { WorkerProcess } from './worker-process.ts';

const register = new URL('../../src/register.ts', import.meta.url).href;

test('what a coding agent changes that a step has started with traceEnv() belongs to that step, beside others that run', async () => {
  const engine = await startHatchetEngine();
  onTestFinished(() => engine.stop());
  const home = scratchFolder();
  const folder = join(home, 'agents');
  const env = { AI_TRACKER_SHARED_DIR: folder, AGENT_ID: 'coder', OTEL_SERVICE_NAME: 'coders' };
  const worker = await WorkerProcess.start('registered-worker.ts', engine, { env, args: ['--import', register] });
  onTestFinished(() => worker.kill());

  const orders = Array.from({ length: 6 }, (_, i) => ({ toolUseId: `toolu_${i}`, withinSpan: i % 2 === 1 }));
  const runs = await worker.triggerAll('starts-a-coder', orders);
  await Promise.all(runs.map((run) => engine.finished(run)));
  await worker.stop();
  expect(worker.stderr).toBe('');
  const drained = await aiTracker(['hook', 'drain'], { home, env: { AI_TRACKER_SHARED_DIR: folder } });
  expect(drained).toEqual({ code: 0, stdout: '', stderr: '' });

  const owners = rows(
    join(folder, 'coder.db'),
    `select m.tool_use_id as toolUseId, t.workflow_run_id as run, m.owner_match as match, m.lines_added as added
     from file_modifications m join task_executions t on t.id = m.task_execution_id order by 1`,
  );
  expect(owners).toEqual(orders.map(({ toolUseId }, i) => ({ toolUseId, run: runs[i], match: 'ancestor', added: 2 })));
});
