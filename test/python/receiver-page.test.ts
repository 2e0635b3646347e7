import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { column } from '../support/agent-rows.ts';
import { codeBlocks } from '../support/code-blocks.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { ServeProcess } from '../support/serve-process.ts';
import { PythonProgram } from './python-program.ts';

const page = codeBlocks(readFileSync(fileURLToPath(new URL('../../docs/receiver.md', import.meta.url)), 'utf8'));

test('the second exporter of docs/receiver.md, in Python, brings the rows as it stands there', async () => {
  const folder = scratchFolder();
  const serve = await ServeProcess.start({ folder: join(folder, 'agents') });
  onTestFinished(() => serve.kill());
  const block = page.find(({ language }) => language === 'python')?.text ?? '';
  expect(block).toContain('http://127.0.0.1:4318/v1/traces');
  const lines = [
    'from opentelemetry.sdk.trace import TracerProvider',
    'from opentelemetry.trace import set_tracer_provider',
    'set_tracer_provider(TracerProvider())',
    block.replace('http://127.0.0.1:4318', serve.url),
    'attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}',
    'trace.get_tracer("app").start_span("execute_tool search", attributes=attributes).end()',
  ];
  writeFileSync(join(folder, 'app.py'), lines.join('\n'));
  const app = new PythonProgram(join(folder, 'app.py'), folder, { env: { OTEL_RESOURCE_ATTRIBUTES: 'agent.id=worker-7' } });
  expect(await app.ended(), app.output).toBe(0);
  expect(column(join(folder, 'agents/worker-7.db'), 'SELECT tool_name FROM tool_calls')).toEqual(['search']);
});
