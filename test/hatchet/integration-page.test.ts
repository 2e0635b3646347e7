import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type HatchetEngine, startHatchetEngine } from '../../src/demo/hatchet-engine.ts';
import { column, until } from '../support/agent-rows.ts';
import { codeBlocks } from '../support/code-blocks.ts';
import { exportedVariables } from '../support/exported-variables.ts';
import { ServeProcess } from '../support/serve-process.ts';
import { type StrangersProject, strangersProject } from '../support/strangers-project.ts';
import { recordedAttempts, rows, truthOf } from './truth.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = codeBlocks(readFileSync(join(root, 'docs/integrations/hatchet-typescript.md'), 'utf8'));
const program = (name: string): string => page.find((block) => block.text.startsWith(`// ${name}\n`))?.text ?? `missing: ${name}`;

/** The page's programs in a project that has installed what the page says. */
function project(): StrangersProject {
  const stranger = strangersProject();
  onTestFinished(() => stranger.remove());
  symlinkSync(join(root, 'node_modules/@hatchet-dev'), join(stranger.folder, 'node_modules/@hatchet-dev'));
  stranger.write('worker.js', program('worker.js'));
  stranger.write('telemetry.js', program('telemetry.js'));
  stranger.write('telemetry-otlp.js', program('telemetry-otlp.js'));
  return stranger;
}

/** The service that the page's task calls. @returns its address */
async function invoicesService(): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(202).end()).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Runs a task on the page's worker, then ends it as an orchestrator does. */
async function runOne(
  engine: HatchetEngine,
  folder: string,
  preload: string,
  env: NodeJS.ProcessEnv,
  beforeEnd: () => Promise<unknown> = async () => {},
): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', preload, 'worker.js'], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '', ...engine.env, AI_TRACKER_SHARED_DIR: join(folder, 'rows'), ...env },
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let run: string | null = null;
  await until('the worker has registered its workflow', () => {
    try {
      run = engine.trigger('send-invoice', { id: 7 });
    } catch {
      if (child.exitCode !== null) throw new Error(`the worker ended with ${child.exitCode}`);
    }
    return run !== null;
  });
  await engine.finished(run ?? '');
  await beforeEnd();
  const left = once(child, 'exit');
  child.kill('SIGTERM');
  await left;
  return child;
}

describe('the programs of docs/integrations/hatchet-typescript.md', () => {
  test.each([
    ['by environment only', 'ai-tracker-otel/register', { AGENT_ID: 'billing-worker' }],
    ['in code', './telemetry.js', {}],
  ])('record %s, and SIGTERM loses nothing', async (_how, preload, env) => {
    const engine = await startHatchetEngine();
    onTestFinished(() => engine.stop());
    const invoices = await invoicesService();
    const { folder } = project();
    const child = await runOne(engine, folder, preload, { ...env, INVOICES_URL: invoices });
    expect(child.exitCode).toBe(0);
    expect(engine.attempts).toMatchObject([{ actionId: 'send-invoice:send-invoice', outcome: 'completed' }]);
    const file = join(folder, 'rows/billing-worker.db');
    expect(recordedAttempts(file)).toEqual(truthOf(engine.attempts));
    expect(
      rows(file, 'SELECT kind, tool_name, success, status_code FROM tool_calls WHERE task_execution_id IS NOT NULL'),
    ).toEqual([
      {
        kind: 'http',
        tool_name: expect.stringMatching(/^POST 127\.0\.0\.1:\d+\/invoices\//) as string,
        success: 1,
        status_code: 202,
      },
    ]);
    // Of the SDK itself, which calls its engine by node:http.
    expect(column(file, 'SELECT count(*) > 0 FROM tool_calls WHERE task_execution_id IS NULL')).toEqual([1]);
  });

  test('send to the receiver by OTLP, with the environment that stands there', async () => {
    const engine = await startHatchetEngine();
    onTestFinished(() => engine.stop());
    const { folder } = project();
    const agents = join(folder, 'agents');
    const serve = await ServeProcess.start({ folder: agents });
    onTestFinished(() => void serve.kill());
    const said = exportedVariables(page);
    expect(said).toMatchObject({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' });
    const env = {
      ...said,
      OTEL_EXPORTER_OTLP_ENDPOINT: serve.url,
      // The default of 5 s is longer than a test should wait.
      OTEL_BSP_SCHEDULE_DELAY: '100',
      INVOICES_URL: await invoicesService(),
    };
    const file = join(agents, 'billing-worker.db');
    const made = `SELECT count(*) FROM sqlite_schema WHERE name = 'task_executions'`;
    const ended = `SELECT count(*) FROM task_executions t JOIN tool_calls c ON c.task_execution_id = t.id WHERE t.status = 'completed'`;
    await runOne(engine, folder, './telemetry-otlp.js', env, () =>
      // A file that another process makes is there a moment before its tables are.
      until('task and call are rows', () => column(file, made)[0] === 1 && column(file, ended)[0] === 1),
    );
    expect(recordedAttempts(file)).toEqual(truthOf(engine.attempts));
  });
});
