import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { column, until } from '../support/agent-rows.ts';
import { requestOf } from '../support/otlp-request.ts';
import { HttpSender, JSON_TYPE } from '../support/post.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { ServeProcess } from '../support/serve-process.ts';
import { spanId, taskSpan, toolSpan } from '../support/span-makers.ts';
import { whereSpansWent } from '../support/where-spans-went.ts';

const startMs = Date.now();
const claude = { 'service.name': 'claude-code' };

const hasIndex = (folder: string): boolean =>
  readdirSync(folder).some(
    (name) => name.endsWith('.db') && name.startsWith('.') && column(join(folder, name), 'SELECT 1 FROM agent_claims').length > 0,
  );

test('spans of a harness find their worker: below its task before and after a kill, and by its trace within seconds', async () => {
  const folder = scratchFolder();
  let serve = await ServeProcess.start({ folder });
  onTestFinished(() => serve.kill());
  const post = async (span: Parameters<typeof requestOf>[0][number], resource: Parameters<typeof requestOf>[1]) => {
    const sender = new HttpSender(serve.url);
    expect((await sender.post('/v1/traces', requestOf([span], resource), JSON_TYPE)).status).toBe(200);
    sender.close();
  };
  await post(toolSpan({ span: 3, parent: 2, startMs }), claude);
  await post(taskSpan('run', { span: 1, startMs }), { 'agent.id': 'w' });
  await post(toolSpan({ span: 2, parent: 1, startMs }), claude);
  expect(whereSpansWent(folder)).toEqual({ [spanId(1)]: 'w', [spanId(2)]: 'w', [spanId(3)]: 'w' });
  await until('the index is on disk', () => hasIndex(folder));
  await serve.kill();
  serve = await ServeProcess.start({ folder });
  await post(toolSpan({ span: 4, parent: 1, startMs }), claude);
  expect(whereSpansWent(folder)).toMatchObject({ [spanId(4)]: 'w' });
  // Its parent never comes.
  await post(toolSpan({ span: 5, parent: 99, startMs }), claude);
  await until('the trace decides', () => whereSpansWent(folder)[spanId(5)] === 'w');
  expect(await serve.stop()).toBe(0);
}, 60_000);
