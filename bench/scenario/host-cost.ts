import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { competitorOf } from '../data/competitors.ts';
import { makeTraces } from '../data/make-spans.ts';
import { SpanEmitter } from '../data/span-emitter.ts';
import { argumentsOf, report } from '../measure.ts';

/**
 * What a span costs the host's event loop: CPU of the main thread for the same spans through `bare` (no processor), `ours`
 * (`AiTrackerSpanProcessor`, its thread writing to a real file) and `batch` (BatchSpanProcessor, OTLP/protobuf
 * serialisation, a transport that throws the bytes away). With `timed` each onEnd is timed by itself, in a run of its own,
 * since the clock costs as much as what it measures.
 */

const TRACES = 4000;
const WARM_UP_TRACES = 800;
/** Traces between two drains: a worker emits in bursts, none of which is more than the writer's queue holds. */
const BURST_TRACES = 400;
const [name, timed] = argumentsOf();
const folder = mkdtempSync(join(tmpdir(), 'ai-tracker-bench-'));
const competitor = competitorOf(name, join(folder, 'agent.db'));
const histogram = createHistogram();
const processors = timed === 'timed' ? competitor.processors.map((p) => timing(p, histogram)) : competitor.processors;
const emitter = new SpanEmitter(processors);
const traces = makeTraces(TRACES + WARM_UP_TRACES);

await emit(0, WARM_UP_TRACES);
histogram.reset();

const before = process.threadCpuUsage();
const loop = performance.eventLoopUtilization();
await emit(WARM_UP_TRACES, traces.length);
const spent = process.threadCpuUsage(before);
const { active } = performance.eventLoopUtilization(loop);
const spans = TRACES * (traces[0]?.length ?? 0);
const arrived = await competitor.close();
if (arrived !== traces.length * (traces[0]?.length ?? 0)) throw new Error(`${name}: ${arrived} spans arrived`);
rmSync(folder, { recursive: true });
report({
  spans,
  cpuUsPerSpan: (spent.user + spent.system) / spans,
  activeUsPerSpan: (active * 1000) / spans,
  ...(timed === 'timed'
    ? {
        onEndP50Us: histogram.percentile(50) / 1000,
        onEndP99Us: histogram.percentile(99) / 1000,
        onEndP999Us: histogram.percentile(99.9) / 1000,
        onEndMaxUs: histogram.max / 1000,
      }
    : {}),
});

async function emit(from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    emitter.emit(traces[i] ?? []);
    // A host yields to its event loop, so hand-overs happen in between, as in life.
    await new Promise((resolve) => setImmediate(resolve));
    if ((i + 1) % BURST_TRACES === 0) await competitor.drain();
  }
}

function timing(processor: SpanProcessor, into: RecordableHistogram): SpanProcessor {
  return {
    onStart: (span, context) => processor.onStart(span, context),
    onEnd: (span) => {
      const start = process.hrtime.bigint();
      processor.onEnd(span);
      into.record(process.hrtime.bigint() - start);
    },
    forceFlush: () => processor.forceFlush(),
    shutdown: () => processor.shutdown(),
  };
}
