import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type HatchetEngine, startHatchetEngine } from '../../src/demo/hatchet-engine.ts';
import { type AttemptFacts, recordedAttempts, rows, truthOf } from '../hatchet/truth.ts';
import { until } from '../support/agent-rows.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { ServeProcess } from '../support/serve-process.ts';
import { loopbackSite } from './loopback-site.ts';
import { PythonProgram, program } from './python-program.ts';

const ENDS_BY_ITSELF = [
  'ok',
  'throws',
  'gives-up',
  'flaky',
  'cancels-itself',
  'too-slow',
  'returns-text',
  'calls-http',
  'calls-http-async',
  'parent',
  'bulk-parent',
  'durable',
  'Dag',
];
const NEVER_ENDS = ['sleeper', 'blocking-sleeper', 'calls-then-sleeps'];

/** Beside `truthOf`'s: Python's SDK finds an output unusable only when the span has ended, without an error. */
const visible = (fact: AttemptFacts): AttemptFacts =>
  fact.task_type === 'returns-text:returns-text' ? { ...fact, status: 'completed' } : fact;

/** Starts a run as soon as the worker has registered its workflow. */
async function trigger(engine: HatchetEngine, worker: PythonProgram, name: string): Promise<string> {
  let id: string | null = null;
  await until(
    `${name} is registered`,
    () => {
      if (!worker.isRunning) throw new Error(`the worker has left: ${worker.output}`);
      try {
        id = engine.trigger(name);
      } catch {
        // Not yet.
      }
      return id !== null;
    },
    60_000,
  );
  return id ?? '';
}

/** None while the receiver is still making the file. */
const recordedSoFar = (file: string): AttemptFacts[] =>
  rows(file, `select 1 from sqlite_master where name = 'task_executions'`).length === 0 ? [] : recordedAttempts(file);

interface Scene {
  readonly engine: HatchetEngine;
  readonly worker: PythonProgram;
  readonly serve: ServeProcess;
  readonly site: string;
  /** The agents' folder and the worker's file in it. */
  readonly folder: string;
  readonly file: string;
}

async function scene(env: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const engine = await startHatchetEngine();
  onTestFinished(() => engine.stop());
  const folder = join(scratchFolder(), 'agents');
  const serve = await ServeProcess.start({ folder });
  onTestFinished(() => serve.kill());
  const site = await loopbackSite();
  const worker = new PythonProgram(program('hatchet_worker.py'), scratchFolder(), {
    env: {
      ...engine.env,
      SITE_URL: site,
      OTEL_EXPORTER_OTLP_ENDPOINT: serve.url,
      OTEL_RESOURCE_ATTRIBUTES: 'agent.id=py-worker',
      OTEL_SERVICE_NAME: 'invoices',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      ...env,
    },
  });
  return { engine, worker, serve, site, folder, file: join(folder, 'py-worker.db') };
}

/** Runs every task of tasks.py to its end, those that never end by cancelling them. */
async function runAll({ engine, worker, file }: Scene): Promise<void> {
  const ids: string[] = [];
  for (const name of ENDS_BY_ITSELF) ids.push(await trigger(engine, worker, name));
  const endless: string[] = [];
  for (const name of NEVER_ENDS) endless.push(await trigger(engine, worker, name));
  await Promise.all(ids.map((id) => engine.finished(id)));
  await until(
    'the endless ones run',
    () => engine.attempts.filter((a) => endless.includes(a.stepRunId)).length === endless.length,
  );
  engine.cancel(...endless);
  const ended = (): boolean => {
    const recorded = recordedSoFar(file);
    return recorded.length === engine.attempts.length && recorded.every((row) => row.status !== 'running');
  };
  await until('each attempt has a row that has ended', ended);
}

test.each([
  ['', {}],
  [' with its own collector too', { WITH_HATCHETS_COLLECTOR: '1' }],
])('what a Python worker ran under HatchetInstrumentor%s, and what it called, are the rows of its file', async (_title, env) => {
  const stage = await scene(env);
  const { engine, worker, serve, site, folder, file } = stage;
  await runAll(stage);
  expect(await worker.terminate()).toBe(0);
  expect(await serve.stop()).toBe(0);

  expect(engine.attempts.length).toBe(24);
  expect(recordedAttempts(file)).toEqual(truthOf(engine.attempts).map(visible));
  const children = rows(
    file,
    `select c.task_type as child, p.task_type as parent, p.task_id = c.parent_task_id as same, count(*) as n
     from task_executions c join task_executions p on p.id = c.parent_task_execution_id group by 1, 2, 3 order by 1`,
  );
  expect(children).toEqual([
    { child: 'calls-http:calls-http', parent: 'bulk-parent:bulk-parent', same: 1, n: 3 },
    { child: 'ok:ok', parent: 'parent:parent', same: 1, n: 1 },
  ]);
  const errors = rows(
    file,
    `select task_type, attempt, error_type, error_message from task_executions where status = 'failed' order by 1, 2`,
  );
  expect(errors).toEqual([
    { task_type: 'flaky:flaky', attempt: 0, error_type: 'RuntimeError', error_message: 'attempt 0 failed' },
    { task_type: 'flaky:flaky', attempt: 1, error_type: 'RuntimeError', error_message: 'attempt 1 failed' },
    {
      task_type: 'gives-up:gives-up',
      attempt: 0,
      error_type: 'hatchet_sdk.exceptions.NonRetryableException',
      error_message: 'the account is closed',
    },
    { task_type: 'throws:throws', attempt: 0, error_type: 'ValueError', error_message: 'no such invoice' },
  ]);

  const host = site.replace('http://', '');
  const calls = rows<{ tool_name: string }>(
    file,
    `select t.task_type, c.kind, c.tool_name, c.owner_match, c.status_code, c.success, count(*) as n
     from tool_calls c left join task_executions t on t.id = c.task_execution_id group by 1, 2, 3, 4, 5, 6 order by 1, 3`,
  ).map((row) => ({ ...row, tool_name: row.tool_name.replace(host, 'SITE') }));
  const http = { kind: 'http', owner_match: 'ancestor', n: 1 };
  expect(calls).toEqual([
    { ...http, task_type: 'calls-http-async:calls-http-async', tool_name: 'GET SITE/missing', status_code: 404, success: 0 },
    { ...http, task_type: 'calls-http-async:calls-http-async', tool_name: 'POST SITE/orders', status_code: 201, success: 1 },
    // Once by itself, three times as a child.
    { ...http, task_type: 'calls-http:calls-http', tool_name: 'GET SITE/invoices/*', status_code: 204, success: 1, n: 4 },
    { ...http, task_type: 'calls-then-sleeps:calls-then-sleeps', tool_name: 'GET SITE/started', status_code: 204, success: 1 },
  ]);
  expect(rows(file, 'select agent_id, service_name, task_count, tool_calls from agent_sessions')).toEqual([
    { agent_id: 'py-worker', service_name: 'invoices', task_count: 24, tool_calls: 7 },
  ]);
  expect(readdirSync(folder).filter((name) => /^[^.].*\.db$/.test(name))).toEqual(['py-worker.db']);
});

test('a Python task that runs is a row once a call inside it has ended, where Hatchet writes its name on the call', async () => {
  const { engine, worker, file } = await scene({ WITH_HATCHETS_COLLECTOR: '1' });
  const id = await trigger(engine, worker, 'calls-then-sleeps');
  await until('a row', () => recordedSoFar(file).length === 1, 60_000);
  expect(rows(file, 'select task_id, status, start_source, completed_at from task_executions')).toEqual([
    { task_id: id, status: 'running', start_source: 'child', completed_at: null },
  ]);
  engine.cancel(id);
  await until('its end', () => recordedAttempts(file)[0]?.status === 'cancelled');
  expect(rows(file, 'select task_id, start_source, completed_at is not null as ended from task_executions')).toEqual([
    { task_id: id, start_source: 'span', ended: 1 },
  ]);
});
