import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { rows } from '../hatchet/truth.ts';
import { until } from '../support/agent-rows.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { ServeProcess } from '../support/serve-process.ts';
import { loopbackSite } from './loopback-site.ts';
import { PythonProgram, program } from './python-program.ts';

const AGENT = 'agent.id=planner-1';

async function started(): Promise<{ serve: ServeProcess; folder: string; site: string }> {
  const folder = join(scratchFolder(), 'agents');
  const serve = await ServeProcess.start({ folder });
  onTestFinished(() => serve.kill());
  return { serve, folder, site: await loopbackSite() };
}

const plain = (site: string, endpoint: string, env: Readonly<Record<string, string>>): PythonProgram =>
  new PythonProgram(program('plain.py'), scratchFolder(), {
    args: [site],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_RESOURCE_ATTRIBUTES: AGENT, ...env },
  });

/** What plain.py did, as its file says it. */
function recorded(file: string, site: string): { tasks: unknown[]; calls: unknown[] } {
  const calls = rows<{ tool_name: string }>(
    file,
    `select t.task_type, c.owner_match, c.kind, c.tool_name, c.status_code, c.success
     from tool_calls c left join task_executions t on t.id = c.task_execution_id order by c.called_at`,
  );
  return {
    tasks: rows(file, 'select source, task_type, status, attempt from task_executions'),
    calls: calls.map((row) => ({ ...row, tool_name: row.tool_name.replace(site.replace('http://', ''), 'SITE') })),
  };
}

const DONE = {
  tasks: [{ source: 'genai', task_type: 'planner', status: 'completed', attempt: 0 }],
  calls: [
    {
      task_type: 'planner',
      owner_match: 'ancestor',
      kind: 'http',
      tool_name: 'GET SITE/invoices/*',
      status_code: 204,
      success: 1,
    },
    { task_type: null, owner_match: null, kind: 'http', tool_name: 'POST SITE/missing', status_code: 404, success: 0 },
  ],
};

test.each([
  ['as it is', {}],
  ['with gzip', { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' }],
  [
    'with deflate and the stable HTTP conventions',
    { OTEL_EXPORTER_OTLP_COMPRESSION: 'deflate', OTEL_SEMCONV_STABILITY_OPT_IN: 'http' },
  ],
])('what Python sends %s at its exit is stored when it has left', async (_title, env) => {
  const { serve, folder, site } = await started();
  const child = plain(site, serve.url, env);
  expect(await child.ended(), child.output).toBe(0);
  // Nothing to wait for: the exporter has had its 200.
  expect(recorded(join(folder, 'planner-1.db'), site)).toEqual(DONE);
  expect(child.output).toBe('');
});

test('without agent.id the rows are those of the service by its name', async () => {
  const { serve, folder, site } = await started();
  const child = plain(site, serve.url, { OTEL_RESOURCE_ATTRIBUTES: '', OTEL_SERVICE_NAME: 'planning' });
  expect(await child.ended(), child.output).toBe(0);
  expect(recorded(join(folder, 'planning.db'), site)).toEqual(DONE);
});

test('what Python could not send while the receiver was away is stored once it is back', async () => {
  const first = await started();
  const { port } = first.serve;
  expect(await first.serve.stop()).toBe(0);
  const child = plain(first.site, `http://127.0.0.1:${port}`, { OTEL_EXPORTER_OTLP_TIMEOUT: '60' });
  await until('it has tried in vain', () => child.output.includes('Transient error'), 60_000);
  const second = await ServeProcess.start({ folder: first.folder, port });
  onTestFinished(() => second.kill());
  expect(await child.ended(), child.output).toBe(0);
  expect(recorded(join(first.folder, 'planner-1.db'), first.site)).toEqual(DONE);
});
