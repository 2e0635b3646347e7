import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { column } from '../support/agent-rows.ts';
import { startVendorSink } from '../support/vendor-sink.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const REGISTER = here('../../src/register.ts');
const APP = { mjs: here('../support/registered-app.mjs'), cjs: here('../support/registered-app.cjs') };

interface Said {
  traceId: string;
  flags: number;
  seen: string | null;
  injected: string | null;
}

describe('node --import ai-tracker-otel/register', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ai-tracker-register-'));
    file = join(folder, 'rows', 'w1.db');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const environment = (env: Record<string, string>): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'],
    HOME: folder,
    NODE_NO_WARNINGS: '1',
    AGENT_ID: 'w1',
    AI_TRACKER_SHARED_DIR: join(folder, 'rows'),
    ...env,
  });

  function run(
    app: string,
    env: Record<string, string> = {},
    node: string[] = [process.execPath, '--import', REGISTER],
  ): SpawnSyncReturns<string> {
    const [command = '', ...args] = node;
    return spawnSync(command, [...args, app], {
      cwd: folder,
      encoding: 'utf8',
      env: environment(env),
    });
  }
  /** As `run`, but this process goes on serving while the application runs. */
  async function saidBeside(app: string, env: Record<string, string>): Promise<Said> {
    const child = spawn(process.execPath, ['--import', REGISTER, app], { cwd: folder, env: environment(env) });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    expect(stderr).toBe('');
    return JSON.parse(stdout) as Said;
  }
  const said = (result: SpawnSyncReturns<string>): Said => JSON.parse(result.stdout) as Said;

  test('writes to the home where the kernel refuses the folder with ENOENT, and says so', () => {
    const result = run(APP.mjs, { AI_TRACKER_SHARED_DIR: '/proc/ai-tracker/rows' });
    expect(said(result).traceId).toMatch(/./);
    expect(result.stderr).toContain('rows go to');
    const home = join(folder, '.config', 'ai-tracker', 'agents', 'w1.db');
    expect(column(home, 'SELECT status FROM task_executions')).toEqual(['completed']);
  });

  test('names every variable that cannot be read', () => {
    const result = run(APP.mjs, { AI_TRACKER_JOURNAL: 'foo', AI_TRACKER_SYNCHRONOUS: 'off', AI_TRACKER_MAX_MB: 'big' });
    for (const name of ['AI_TRACKER_JOURNAL="foo"', 'AI_TRACKER_SYNCHRONOUS="off"', 'AI_TRACKER_MAX_MB="big"'])
      expect(result.stderr).toContain(name);
    expect(column(file, 'SELECT status FROM task_executions')).toEqual(['completed']);
  });

  // Node starts no thread there.
  test('leaves an application alone whose working directory was removed, and says that nothing is recorded', () => {
    const line = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" --import "$1" "$2"';
    const result = run(APP.mjs, { AI_TRACKER_SHARED_DIR: 'rows' }, ['sh', '-c', line, process.execPath, REGISTER]);
    expect([result.status, said(result).traceId]).toEqual([0, expect.stringMatching(/./) as string]);
    expect(result.stderr).toMatch(/^ai-tracker: nothing is recorded: [^\n]+\n/);
  });

  test.each([['mjs'], ['cjs']] as const)(
    'records task and HTTP call of an application (.%s) that knows nothing of us',
    (kind) => {
      const result = run(APP[kind]);
      expect(result.stderr).toBe('');
      const { traceId, seen, injected } = said(result);
      expect(seen).toContain(traceId);
      expect(injected).toContain(traceId);
      expect(column(file, 'SELECT id || status FROM task_executions')).toEqual(['hatchet:run-1:0completed']);
      expect(column(file, "SELECT kind || ' ' || status_code || ' ' || task_execution_id FROM tool_calls")).toEqual([
        'http 200 hatchet:run-1:0',
      ]);
      expect(column(file, 'SELECT ended_at IS NOT NULL FROM agent_sessions')).toEqual([1]);
    },
  );

  test('records all while the sampler of the environment gives the vendor none, and propagates its decision', async () => {
    const vendor = await startVendorSink();
    onTestFinished(() => vendor.close());
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: vendor.endpoint };
    const dropped = await saidBeside(APP.mjs, {
      ...env,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0',
    });
    expect(dropped).toMatchObject({ flags: 0, seen: expect.stringMatching(/-00$/) as string });
    expect(vendor.requests).toEqual([]);
    expect(column(file, 'SELECT status FROM task_executions')).toEqual(['completed']);

    const { flags, traceId } = await saidBeside(APP.mjs, env);
    expect(flags).toBe(1);
    expect(vendor.requests).toEqual(['POST /v1/traces application/x-protobuf identity']);
    const ofTrace = vendor.spans.filter((span) => span.traceId === traceId);
    expect(ofTrace.map((span) => span.name).sort()).toEqual(['GET', 'GET', 'hatchet.start_step_run']);
    expect(vendor.spans.length).toBe(ofTrace.length);
    expect(column(file, "SELECT tool_name FROM tool_calls WHERE tool_name LIKE '%/v1/traces'")).toEqual([]);
  });

  test('says once which package is missing when an endpoint is set, and records all the same', () => {
    const result = run(APP.mjs, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
    expect(result.stderr.trim().split('\n')).toEqual([
      expect.stringContaining('npm install @opentelemetry/exporter-trace-otlp-grpc') as string,
    ]);
    expect(column(file, 'SELECT count(*) FROM task_executions')).toEqual([1]);
  });

  test('yields to a provider that the application registers itself, records through it, and says so', () => {
    // Inside the project, where the SDK is found; the file takes its packages from there.
    const app = here(`../support/.own-provider-${process.pid}.mjs`);
    writeFileSync(
      app,
      `import { trace } from '@opentelemetry/api';
       import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
       const exporter = new InMemorySpanExporter();
       const accepted = trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
       trace.getTracer('t').startSpan('hatchet.start_step_run', { attributes: { step_run_id: 'run-9', retry_count: 0 } }).end();
       console.log(JSON.stringify({ accepted, vendor: exporter.getFinishedSpans().length }));`,
    );
    try {
      const result = run(app);
      expect(JSON.parse(result.stdout)).toEqual({ accepted: true, vendor: 1 });
      expect(result.stderr.trim().split('\n')).toEqual([expect.stringContaining('registered its own tracer provider') as string]);
      expect(column(file, 'SELECT id FROM task_executions')).toEqual(['hatchet:run-9:0']);
    } finally {
      rmSync(app, { force: true });
    }
  });

  test.each([['OTEL_SDK_DISABLED'], ['AI_TRACKER_DISABLED']])('does nothing where %s is set', (variable) => {
    const result = run(APP.mjs, { [variable]: 'true' });
    expect(result.stderr).toBe('');
    expect(said(result)).toMatchObject({ seen: null, injected: null });
    expect(existsSync(join(folder, 'rows'))).toBe(false);
  });

  test('leaves no trace of a process that makes no spans', () => {
    const app = join(folder, 'quiet.mjs');
    writeFileSync(app, 'console.log("done");');
    const result = run(app);
    expect(result.stdout).toBe('done\n');
    expect(result.stderr).toBe('');
    expect(readdirSync(folder)).toEqual(['quiet.mjs']);
  });

  test('leaves an application on a Node that is too old unharmed, with one warning', () => {
    // Run as old Nodes would: JavaScript, and a preload that only claims the version where no old Node is at hand.
    const register = join(folder, 'register.mjs');
    writeFileSync(register, stripTypeScriptTypes(readFileSync(REGISTER, 'utf8')));
    const app = join(folder, 'app.mjs');
    writeFileSync(app, 'console.log(process.versions.node);');
    const old = ['/usr/bin/node', '/usr/local/bin/node'].find((node) =>
      /^v20\./.test(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout ?? ''),
    );
    const pretend = 'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})';
    const result = run(
      app,
      {},
      old === undefined ? [process.execPath, '--import', pretend, '--import', register] : [old, '--import', register],
    );
    expect(result.status).toBe(0);
    expect(result.stdout).toMatch(/^20\./);
    expect(result.stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^ai-tracker: nothing is recorded: this is Node 20\..* needs Node 22/) as string,
    ]);
  });
});
