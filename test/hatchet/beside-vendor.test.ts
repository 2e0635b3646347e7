import { join } from 'node:path';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { SamplingDecision, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base';
import { expect, onTestFinished, test } from 'vitest';
import { startHatchetEngine } from '../../src/demo/hatchet-engine.ts';
import type { Health } from '../../src/index.ts';
import { imbalance } from '../../src/model/books.ts';
import { SPAN_KIND, type SpanRecord, STATUS_CODE } from '../../src/model/span-record.ts';
import { until } from '../support/agent-rows.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { startVendorSink } from '../support/vendor-sink.ts';
import { type AttemptFacts, recordedAttempts, rows, truthOf } from './truth.ts';
import { WorkerProcess } from './worker-process.ts';

const SHARE = 0.01;
/** Runs of a round: what succeeds, fails, fails twice before it succeeds, and starts a child. */
const ROUND = { ok: 140, throws: 20, flaky: 20, parent: 20 };

interface Row {
  readonly trace_id: string;
  readonly span_id: string;
  readonly task_id: string;
  readonly status: string;
}

const ratio = new TraceIdRatioBasedSampler(SHARE);
const isSampled = (traceId: string): boolean =>
  ratio.shouldSample(ROOT_CONTEXT, traceId).decision === SamplingDecision.RECORD_AND_SAMPLED;

/** Which attempts, and whether they failed, as the vendor's spans or our rows say it. */
const attemptsOf = (told: readonly (SpanRecord | Row)[]): string[] =>
  told
    .map((one) =>
      'trace_id' in one
        ? `${one.span_id} ${one.status === 'failed' ? 'failed' : 'ok'}`
        : `${one.spanId} ${one.status === STATUS_CODE.error ? 'failed' : 'ok'}`,
    )
    .sort();

test('beside a vendor that samples 1 %, all rows are here, its share and no more is there, and the books balance', async () => {
  const engine = await startHatchetEngine();
  onTestFinished(() => engine.stop());
  const vendor = await startVendorSink();
  onTestFinished(() => vendor.close());
  const file = join(scratchFolder(), 'agent.db');
  const env = {
    AI_TRACKER_DB_PATH: file,
    AGENT_ID: 'worker-1',
    VENDOR_SHARE: String(SHARE),
    OTEL_EXPORTER_OTLP_ENDPOINT: vendor.endpoint,
  };
  const worker = await WorkerProcess.start('recording-worker.ts', engine, { env });
  onTestFinished(() => worker.kill());

  const recorded = async (): Promise<AttemptFacts[]> => {
    await worker.ask('flush');
    return recordedAttempts(file);
  };
  const sampledHere = (): Row[] =>
    rows<Row>(file, 'select trace_id, span_id, task_id, status from task_executions').filter((r) => isSampled(r.trace_id));

  // 200 runs at a time until the lot has fallen on at least three traces; 15 rounds without are a chance of 1 in 10^9.
  for (let round = 0; round < 15 && new Set(sampledHere().map((row) => row.trace_id)).size < 3; round++) {
    const started = Object.entries(ROUND).map(([name, count]) =>
      worker.triggerAll(
        name,
        Array.from({ length: count }, () => ({})),
      ),
    );
    await Promise.all((await Promise.all(started)).flat().map((id) => engine.finished(id)));
    await expect.poll(recorded, { timeout: 20_000 }).toEqual(truthOf(engine.attempts));
  }
  const health = await worker.ask<Health>('health');
  await worker.stop();

  const chosen = sampledHere();
  const traces = new Set(chosen.map((row) => row.trace_id));
  expect(engine.attempts.length).toBeGreaterThanOrEqual(200);
  expect(traces.size).toBeGreaterThanOrEqual(3);
  expect(chosen.length).toBeLessThan(engine.attempts.length * 0.15);
  // A chosen trace is the producer of each run and the consumer of each attempt.
  const runs = new Set(chosen.map((row) => row.task_id)).size;
  await until('the vendor has what it was sent', () => vendor.spans.length >= chosen.length + runs);
  expect(new Set(vendor.spans.map((span) => span.traceId))).toEqual(traces);
  const ofKind = (kind: number): SpanRecord[] => vendor.spans.filter((span) => span.kind === kind);
  expect(ofKind(SPAN_KIND.producer).length).toBe(runs);
  expect(attemptsOf(ofKind(SPAN_KIND.consumer))).toEqual(attemptsOf(chosen));
  expect(vendor.spans.length).toBe(chosen.length + runs);

  expect(health).toMatchObject({ status: 'green', findings: [] });
  const { seen, recorded: rowsMade, dropped } = health.books['hatchet']!;
  const everyRun = new Set(engine.attempts.map((attempt) => attempt.stepRunId)).size;
  expect({ seen, rowsMade, dropped }).toEqual({
    seen: engine.attempts.length + everyRun,
    rowsMade: engine.attempts.length,
    dropped: {},
  });
  expect(Object.values(health.books).map(imbalance)).toEqual(Object.values(health.books).map(() => 0));
});
