import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { startHatchetEngine } from '../../src/demo/hatchet-engine.ts';
import { recordedAttempts, rows, truthOf } from '../hatchet/truth.ts';
import { until } from '../support/agent-rows.ts';
import { codeBlocks } from '../support/code-blocks.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { ServeProcess } from '../support/serve-process.ts';
import { startVendorSink } from '../support/vendor-sink.ts';
import { pythonOf } from './environment.ts';
import { loopbackSite } from './loopback-site.ts';
import { PythonProgram } from './python-program.ts';

const page = codeBlocks(
  readFileSync(fileURLToPath(new URL('../../docs/integrations/hatchet-python.md', import.meta.url)), 'utf8'),
);

/** The page's program that begins with this comment. */
function program(title: string): string {
  const found = page.find((block) => block.text.startsWith(`# ${title}\n`));
  if (found === undefined) throw new Error(`the page has no program ${title}`);
  return found.text;
}

/** What the page's blocks export, with the receiver where it listens in this test. */
function pageEnvironment(serveUrl: string, ...names: string[]): Record<string, string> {
  const exported = page.flatMap((block) => [...block.text.matchAll(/^export (\w+)=(.*)$/gm)]);
  const all = Object.fromEntries(exported.map(([, name = '', value = '']) => [name, value]));
  const picked = names.map((name) => [name, all[name]?.replace('http://127.0.0.1:4318', serveUrl) ?? `missing: ${name}`]);
  return Object.fromEntries(picked) as Record<string, string>;
}

const MAIN = [
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_SERVICE_NAME',
  'OTEL_EXPORTER_OTLP_TIMEOUT',
] as const;

interface Variant {
  readonly files: Readonly<Record<string, string>>;
  readonly exported: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly launcher?: string;
}

/** Runs one task on the page's worker, ends the worker at once, and compares the rows of the file that the page names. */
async function runPage({ files, exported, env = {}, launcher }: Variant): Promise<void> {
  const engine = await startHatchetEngine();
  onTestFinished(() => engine.stop());
  const folder = scratchFolder();
  const serve = await ServeProcess.start({ folder: join(folder, 'agents') });
  onTestFinished(() => serve.kill());
  const site = await loopbackSite();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const worker = new PythonProgram(join(folder, 'worker.py'), folder, {
    env: { ...engine.env, INVOICES_URL: site, ...pageEnvironment(serve.url, ...exported), ...env },
    ...(launcher === undefined ? {} : { launcher }),
  });
  let run: string | null = null;
  const registered = (): boolean => {
    if (!worker.isRunning) throw new Error(`the worker has left: ${worker.output}`);
    try {
      run = engine.trigger('send-invoice');
    } catch {
      // Not yet.
    }
    return run !== null;
  };
  await until('the worker has registered its workflow', registered, 60_000);
  await engine.finished(run ?? '');
  // Long before the batch processor's 5 s are over.
  expect(await worker.terminate(), worker.output).toBe(0);

  const file = join(folder, 'agents/billing-worker.db');
  expect(engine.attempts.length).toBe(1);
  expect(recordedAttempts(file)).toEqual(truthOf(engine.attempts));
  expect(rows(file, 'select service_name from agent_sessions')).toEqual([{ service_name: 'billing' }]);
  expect(rows(file, 'select tool_name, owner_match, status_code from tool_calls')).toEqual([
    { tool_name: `POST ${site.replace('http://', '')}/invoices/*/send`, owner_match: 'ancestor', status_code: 201 },
  ]);
}

test('the worker of the page has its rows when SIGTERM has ended it, and its vendor has the same spans', async () => {
  const vendor = await startVendorSink();
  onTestFinished(() => vendor.close());
  await runPage({
    files: {
      'telemetry.py': program('telemetry.py'),
      'vendor.py': program('vendor.py'),
      'worker.py': program('worker.py').replace('import telemetry\n', 'import telemetry\nimport vendor\n'),
    },
    exported: MAIN,
    env: { VENDOR_TRACES_URL: `${vendor.endpoint}/v1/traces`, VENDOR_KEY: 'key-of-the-vendor' },
  });
  expect(vendor.requests).toEqual(['POST /v1/traces application/x-protobuf identity']);
  expect(vendor.spans.map((span) => span.name).sort()).toEqual(['POST', 'hatchet.start_step_run']);
});

test('the worker of the page has its rows under opentelemetry-instrument too', async () => {
  await runPage({
    files: { 'telemetry.py': program('telemetry.py, under opentelemetry-instrument'), 'worker.py': program('worker.py') },
    exported: [...MAIN, 'OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_METRICS_EXPORTER', 'OTEL_LOGS_EXPORTER'],
    launcher: join(dirname(pythonOf()), 'opentelemetry-instrument'),
  });
});
