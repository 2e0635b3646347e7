import { join } from 'node:path';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { SamplingDecision, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base';
import { expect, onTestFinished, test } from 'vitest';
import { startHatchetEngine } from '../../src/demo/hatchet-engine.ts';
import type { Health } from '../../src/index.ts';
import { imbalance } from '../../src/model/books.ts';
import { until } from '../support/agent-rows.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { type AttemptFacts, recordedAttempts, rows, truthOf } from './truth.ts';
import { startVendorSink } from './vendor-sink.ts';
import { WorkerProcess } from './worker-process.ts';

const SHARE = 0.01;
const ratio = new TraceIdRatioBasedSampler(SHARE);
const isSampled = (traceId: string): boolean =>
  ratio.shouldSample(ROOT_CONTEXT, traceId).decision === SamplingDecision.RECORD_AND_SAMPLED;

test('beside a vendor that samples 1 %, all rows are here, its share and no more is there, and the books balance', async () => {
  const engine = await startHatchetEngine();
  onTestFinished(() => engine.stop());
  const vendor = await startVendorSink();
  onTestFinished(() => vendor.close());
  const file = join(scratchFolder(), 'agent.db');
  const env = { AI_TRACKER_DB_PATH: file, AGENT_ID: 'worker-1', VENDOR_URL: vendor.url, VENDOR_SHARE: String(SHARE) };
  const worker = await WorkerProcess.start('recording-worker.ts', engine, { env });
  onTestFinished(() => worker.kill());

  const recorded = async (): Promise<AttemptFacts[]> => {
    await worker.ask('flush');
    return recordedAttempts(file);
  };
  const sampledHere = (): { trace_id: string; span_id: string }[] =>
    rows<{ trace_id: string; span_id: string }>(file, 'select trace_id, span_id from task_executions').filter((r) =>
      isSampled(r.trace_id),
    );

  // 200 runs at a time until the lot has fallen on at least three traces; 15 rounds without are a chance of 1 in 10^9.
  for (let round = 0; round < 15 && sampledHere().length < 3; round++) {
    const ids = await worker.triggerAll(
      'ok',
      Array.from({ length: 200 }, () => ({})),
    );
    await Promise.all(ids.map((id) => engine.finished(id)));
    await expect.poll(recorded, { timeout: 20_000 }).toEqual(truthOf(engine.attempts));
  }
  const health = await worker.ask<Health>('health');
  await worker.stop();

  const chosen = sampledHere();
  const traces = new Set(chosen.map((row) => row.trace_id));
  expect(engine.attempts.length).toBeGreaterThanOrEqual(200);
  expect(chosen.length).toBeGreaterThanOrEqual(3);
  expect(chosen.length).toBeLessThan(engine.attempts.length * 0.06);
  // A chosen trace is its producer and its consumer span.
  await until('the vendor has what it was sent', () => vendor.spans.length >= 2 * traces.size);
  expect(vendor.spans.length).toBe(2 * traces.size);
  expect(new Set(vendor.spans.map((span) => span.traceId))).toEqual(traces);
  expect(vendor.spans.map((span) => span.spanId)).toEqual(expect.arrayContaining(chosen.map((row) => row.span_id)));

  expect(health).toMatchObject({ status: 'green', findings: [] });
  expect(health.books['hatchet']).toMatchObject({
    seen: 2 * engine.attempts.length,
    recorded: engine.attempts.length,
    dropped: {},
  });
  expect(Object.values(health.books).map(imbalance)).toEqual(Object.values(health.books).map(() => 0));
});
