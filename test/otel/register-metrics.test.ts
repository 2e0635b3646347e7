import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BatchObservableCallback, BatchObservableResult, Meter } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import { AiTrackerSpanProcessor, registerMetrics } from '../../src/index.ts';

test('the books go out through a meter: recorded by dialect, dropped by reason', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ai-tracker-metrics-'));
  let collect: BatchObservableCallback | undefined;
  const meter = {
    createObservableCounter: (name: string) => ({ name }),
    createObservableGauge: (name: string) => ({ name }),
    addBatchObservableCallback: (callback: BatchObservableCallback) => (collect = callback),
  };
  registerMetrics(meter as unknown as Meter);
  const provider = new BasicTracerProvider({
    spanProcessors: [new AiTrackerSpanProcessor({ agentId: 'w1', sharedDir: folder })],
  });
  const tracer = provider.getTracer('t');
  const end = (id: number): void =>
    tracer.startSpan('hatchet.start_step_run', { attributes: { step_run_id: `run-${id}`, retry_count: 0 } }).end();
  for (let i = 0; i < 4; i++) end(i);
  await provider.forceFlush();
  await provider.shutdown();
  end(9);
  const seen: Record<string, number> = {};
  const observe = (metric: { name: string }, value: number, attributes: Record<string, string>): void => {
    seen[[metric.name, ...Object.values(attributes)].join(' ')] = value;
  };
  await collect?.({ observe } as unknown as BatchObservableResult);
  expect(seen).toMatchObject({
    'ai_tracker.spans hatchet recorded': 4,
    'ai_tracker.spans unclassified dropped after_shutdown': 1,
    'ai_tracker.spans.waiting hatchet': 0,
  });
  rmSync(folder, { recursive: true, force: true });
});
