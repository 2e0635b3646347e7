import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { column } from '../support/agent-rows.ts';
import { codeBlocks } from '../support/code-blocks.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { ServeProcess } from '../support/serve-process.ts';
import { strangersProject } from '../support/strangers-project.ts';

const page = codeBlocks(readFileSync(fileURLToPath(new URL('../../docs/receiver.md', import.meta.url)), 'utf8'));

test('the second exporter of docs/receiver.md, in JavaScript, brings the rows as it stands there', async () => {
  const folder = join(scratchFolder(), 'agents');
  const serve = await ServeProcess.start({ folder });
  onTestFinished(() => serve.kill());
  const block = page.find(({ language }) => language === 'js')?.text ?? '';
  expect(block).toContain('http://127.0.0.1:4318/v1/traces');
  const project = strangersProject();
  onTestFinished(() => project.remove());
  project.write('to-receiver.js', block.replace('http://127.0.0.1:4318', serve.url));
  const app = project.write(
    'app.js',
    `import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
     import { resourceFromAttributes } from '@opentelemetry/resources';
     import { toReceiver } from './to-receiver.js';
     const resource = resourceFromAttributes({ 'agent.id': 'worker-7' });
     const provider = new BasicTracerProvider({ resource, spanProcessors: [toReceiver] });
     const attributes = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' };
     provider.getTracer('app').startSpan('execute_tool search', { attributes }).end();
     await provider.shutdown();`,
  );
  execFileSync(process.execPath, [app], { timeout: 30_000 });
  expect(column(join(folder, 'worker-7.db'), 'SELECT tool_name FROM tool_calls')).toEqual(['search']);
});
