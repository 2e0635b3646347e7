import { AiTrackerSpanProcessor } from '../../otel/span-processor.ts';
import { awaitRows } from './await-rows.ts';
import type { Door } from './door.ts';
import { SCOPE, SPAN_NAME, TASK_ROW, testSpan } from './test-span.ts';

/** A span as an OpenTelemetry SDK hands it over, through the writer thread. The SDK itself need not be installed. */
export const processorDoor: Door = {
  name: 'processor',
  async try({ agentId, file, settings, deadline }) {
    const { traceId, spanId, runId, startMs, endMs } = testSpan();
    const time = (ms: number): [number, number] => [Math.floor(ms / 1000), (ms % 1000) * 1_000_000];
    const span = {
      ...{ name: SPAN_NAME, kind: 4, status: { code: 1 }, events: [], ended: true },
      ...{ startTime: time(startMs), endTime: time(endMs), spanContext: () => ({ traceId, spanId, traceFlags: 1 }) },
      attributes: { step_run_id: runId, action_name: 'selftest' },
      resource: { attributes: { 'service.name': 'ai-tracker selftest' } },
      instrumentationScope: { name: SCOPE },
    };
    const processor = new AiTrackerSpanProcessor({ ...settings, agentId, dbPath: file });
    try {
      processor.onEnd(span);
      await processor.forceFlush({ timeoutMillis: deadline.stepMs() });
    } finally {
      await processor.shutdown();
    }
    if (await awaitRows(file, TASK_ROW, runId, deadline.stepMs()))
      return { status: 'ok', message: 'a span by the writer thread is a row' };
    return { status: 'failed', message: `a span was taken, and ${file} has no row of it`, command: 'ai-tracker doctor' };
  },
};
