import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Span } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect, onTestFinished, test } from 'vitest';
import { AiTrackerSpanProcessor } from '../../src/index.ts';
import { until } from '../support/agent-rows.ts';
import { ServeProcess } from '../support/serve-process.ts';
import { expectEditsOfEachTurn } from './expected-edits.ts';
import { CANARY, RecordedRun } from './recorded-run.ts';
import { everyKindOfEdit, FILES } from './work.ts';

const AGENT = 'worker-1';
const TASK = 'hatchet:step-1:0';
const PROMPT = `Please work ${CANARY}`;

interface Worker {
  readonly task: Span;
  readonly traceparent: string;
  end(): Promise<void>;
}

/** A worker whose step runs: the span that Hatchet's instrumentation makes. */
function startWorker(processor: SpanProcessor): Worker {
  const resource = resourceFromAttributes({ 'service.name': 'workers', 'agent.id': AGENT });
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
  const attributes = { step_run_id: 'step-1', retry_count: 0, action_name: 'code:write' };
  const task = provider.getTracer('@hatchet-dev/typescript-sdk', '1.33.2').startSpan('hatchet.start_step_run', { attributes });
  const { traceId, spanId } = task.spanContext();
  return {
    task,
    traceparent: `00-${traceId}-${spanId}-01`,
    end: () => {
      task.end();
      return provider.shutdown();
    },
  };
}

/** Of each call that hooks tell of: success and error type. */
const OUTCOMES: Readonly<Record<string, readonly [success: number | null, error: string | null]>> = {
  toolu_write: [1, null],
  toolu_overwrite: [1, null],
  toolu_edit: [1, null],
  toolu_edit_all: [1, null],
  toolu_bash: [1, null],
  toolu_bash_failed: [0, null],
  // toolu_rejected never ran.
  toolu_sub_edit: [1, null],
  toolu_sub_write: [1, null],
  toolu_parallel_1: [1, null],
  toolu_parallel_2: [1, null],
  toolu_parallel_3: [1, null],
  toolu_denied: [null, 'denied'],
  toolu_notebook: [1, null],
  toolu_mcp: [1, null],
};

const outcomes = (run: RecordedRun): Record<string, unknown> =>
  Object.fromEntries(
    run
      .rows<{ id: string; success: number | null; error: string | null }>(
        `select call_id as id, success, error_type as error from tool_calls where call_id is not null`,
      )
      .map(({ id, success, error }) => [id, [success, error]]),
  );

const subAgents = (run: RecordedRun): unknown[] =>
  run.rows(
    `select call_id, length(sub_agent) as named from tool_calls where sub_agent is not null and kind != 'llm' order by call_id`,
  );

const SUB_AGENT = [
  { call_id: 'toolu_sub_edit', named: 17 },
  { call_id: 'toolu_sub_write', named: 17 },
];

/** Files below that have what was said, asked or written in them. */
function tellingFiles(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  return files.filter((file) => statSync(file).isFile() && readFileSync(file).includes(CANARY));
}

/** Nothing waits in the spool, and nobody drains it. */
const isDrained = (run: RecordedRun): boolean =>
  !readdirSync(join(run.folder, '.spool')).some((name) => name.endsWith('.hook') || name === '.draining');

test('hooks alone: each change of the work tree is a row of its call, owned by the task that TRACEPARENT names', async () => {
  const run = new RecordedRun(AGENT, FILES);
  expect((await run.aiTracker(['install'])).code).toBe(0);
  const worker = startWorker(new AiTrackerSpanProcessor({ agentId: AGENT, sharedDir: run.folder }) as SpanProcessor);

  const said = await run.claude(PROMPT, everyKindOfEdit(run), { TRACEPARENT: worker.traceparent, AGENT_ID: AGENT });
  expect(said).toEqual({ code: 0, stdout: 'Done.\n', stderr: '' });
  expect(run.strays).toEqual([]);
  await until('the drain that the last hooks start has taken all', () => isDrained(run));
  await worker.end();

  expectEditsOfEachTurn(run);
  expect(new Set(run.edits().map(({ owner, match }) => `${match} ${owner}`))).toEqual(new Set([`ancestor ${TASK}`]));
  expect(run.edits().filter(({ path, repoPath }) => path !== repoPath)).toEqual([]);
  expect(outcomes(run)).toEqual(OUTCOMES);
  expect(subAgents(run)).toEqual(SUB_AGENT);
  expect(run.rows('select id from task_executions')).toEqual([{ id: TASK }]);
  expect(tellingFiles(run.folder)).toEqual([]);
});

test('beside telemetry: the edits belong to the turn, and the turn to the task that TRACEPARENT names', async () => {
  const run = new RecordedRun(AGENT, FILES);
  const serve = await ServeProcess.start({ folder: run.folder });
  onTestFinished(() => serve.kill());
  expect((await run.aiTracker(['install', '--telemetry'], { AI_TRACKER_ENDPOINT: serve.url })).code).toBe(0);
  const worker = startWorker(new BatchSpanProcessor(new OTLPTraceExporter({ url: `${serve.url}/v1/traces` })));

  const said = await run.claude(PROMPT, everyKindOfEdit(run), {
    ...{ TRACEPARENT: worker.traceparent, AGENT_ID: AGENT },
    // On by itself in the modes auto and bypassPermissions: it tells what commands change, if they succeed.
    CLAUDE_CODE_BASH_EDIT_DIFF: '1',
  });
  expect(said).toEqual({ code: 0, stdout: 'Done.\n', stderr: '' });
  expect(run.strays).toEqual([]);
  await worker.end();
  await run.until('the task has ended', `select 1 from task_executions where id = '${TASK}' and status = 'completed'`);
  await until('the receiver has taken what hooks have spooled', () => isDrained(run));

  expectEditsOfEachTurn(run);
  const turns = run.rows<{ id: string }>(
    `select id, status, conversation_id is not null as conversed from task_executions where parent_task_execution_id = '${TASK}'`,
  );
  expect(turns).toEqual([{ id: expect.any(String), status: 'completed', conversed: 1 }]);
  expect(new Set(run.edits().map(({ owner, match }) => `${match} ${owner}`))).toEqual(new Set([`ancestor ${turns[0]?.id}`]));
  // Of calls that no hook is for, the spans tell; of a failure, they know the class.
  const told = { toolu_read: [1, null], toolu_agent: [1, null], toolu_bash_failed: [0, 'ShellError'] };
  expect(outcomes(run)).toEqual({ ...OUTCOMES, ...told });
  expect(subAgents(run)).toEqual(SUB_AGENT);
  expect(run.rows('select count(*) as tasks from task_executions')).toEqual([{ tasks: 2 }]);
  // The spans and the hook of a call are one row.
  expect(run.rows('select call_id from tool_calls where call_id is not null group by call_id having count(*) > 1')).toEqual([]);
  expect(tellingFiles(run.folder)).toEqual([]);
});
