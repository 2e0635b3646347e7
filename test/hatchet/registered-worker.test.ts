import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startHatchetEngine } from '../../src/demo/hatchet-engine.ts';
import { type SpanRecord, STATUS_CODE } from '../../src/model/span-record.ts';
import { until } from '../support/agent-rows.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { startVendorSink } from '../support/vendor-sink.ts';
import { recordedAttempts, rows, truthOf } from './truth.ts';
import { WorkerProcess } from './worker-process.ts';

const register = new URL('../../src/register.ts', import.meta.url).href;

test('a worker that knows nothing of telemetry is recorded under --import register, and leaves nothing behind at its end', async () => {
  const engine = await startHatchetEngine();
  onTestFinished(() => engine.stop());
  const folder = scratchFolder();
  const env = { AI_TRACKER_SHARED_DIR: folder, AGENT_ID: 'registered', OTEL_SERVICE_NAME: 'billing' };
  const worker = await WorkerProcess.start('registered-worker.ts', engine, { env, args: ['--import', register] });
  onTestFinished(() => worker.kill());

  const names = ['ok', 'throws', 'flaky', 'cancels-itself', 'parent', 'Dag'];
  const ids = await Promise.all(names.map((name) => worker.trigger(name)));
  await Promise.all(ids.map((id) => engine.finished(id)));
  // Its process exits without a flush of its own.
  await worker.stop();

  const file = join(folder, 'registered.db');
  expect(engine.attempts.length).toBe(11);
  expect(recordedAttempts(file)).toEqual(truthOf(engine.attempts));
  expect(rows(file, 'select agent_id, service_name, ended_at is not null as ended from agent_sessions')).toEqual([
    { agent_id: 'registered', service_name: 'billing', ended: 1 },
  ]);
  expect(worker.stderr).toBe('');
  // The SDK's own REST call of `ctx.cancel()`, seen by the HTTP instrumentation inside the task that made it.
  expect(
    rows(
      file,
      `select t.task_type, c.kind, c.owner_match, c.status_code from tool_calls c
       join task_executions t on t.id = c.task_execution_id where c.tool_name like 'POST %/tasks/cancel'`,
    ),
  ).toEqual([{ task_type: 'cancels-itself:cancels-itself', kind: 'http', owner_match: 'ancestor', status_code: 200 }]);
});

test('under register, the vendor gets by its own exporter the spans that the rows came from, and none of its export is recorded', async () => {
  const engine = await startHatchetEngine();
  onTestFinished(() => engine.stop());
  const vendor = await startVendorSink();
  onTestFinished(() => vendor.close());
  const folder = scratchFolder();
  const env = {
    AI_TRACKER_SHARED_DIR: folder,
    AGENT_ID: 'registered',
    OTEL_SERVICE_NAME: 'billing',
    OTEL_EXPORTER_OTLP_ENDPOINT: vendor.endpoint,
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_BSP_SCHEDULE_DELAY: '50',
  };
  const worker = await WorkerProcess.start('registered-worker.ts', engine, { env, args: ['--import', register] });
  onTestFinished(() => worker.kill());

  const names = ['ok', 'throws', 'flaky', 'throws-string', 'cancels-itself', 'parent', 'bulk-parent', 'Dag'];
  const ids = await Promise.all(names.map((name) => worker.trigger(name)));
  await Promise.all(ids.map((id) => engine.finished(id)));
  const attemptSpans = (): SpanRecord[] => vendor.spans.filter((span) => span.name.startsWith('hatchet.start_step_run'));
  await until('the vendor has a span of each attempt', () => attemptSpans().length >= engine.attempts.length);
  await worker.stop();

  const file = join(folder, 'registered.db');
  expect(engine.attempts.length).toBe(16);
  expect(recordedAttempts(file)).toEqual(truthOf(engine.attempts));
  const attempt = ({ attributes: a }: SpanRecord): string => `${String(a['step_run_id'])} ${String(a['retry_count'])}`;
  expect(attemptSpans().map(attempt).sort()).toEqual(engine.attempts.map((a) => `${a.stepRunId} ${a.retryCount}`).sort());
  // One span fewer is an error than attempts failed: what threw a string says OK (docs/dialects.md).
  const failed = engine.attempts.filter((a) => a.outcome === 'failed');
  expect(failed.length).toBe(4);
  expect(attemptSpans().filter((span) => span.status === STATUS_CODE.error).length).toBe(3);
  const ownSpans = rows<{ span_id: string }>(file, 'select span_id from task_executions').map((row) => row.span_id);
  expect(attemptSpans().map((span) => span.spanId)).toEqual(expect.arrayContaining(ownSpans));
  expect(new Set(vendor.requests)).toEqual(new Set(['POST /v1/traces application/x-protobuf gzip']));
  expect(rows(file, `select tool_name from tool_calls where tool_name like '%/v1/traces'`)).toEqual([]);
  expect(worker.stderr).toBe('');
});
