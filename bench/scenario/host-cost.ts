import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { BasicTracerProvider, BatchSpanProcessor, type ReadableSpan, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Recorder } from '../../src/ingest/recorder.ts';
import { attributeFilter, keepsEvent } from '../../src/dialect/kept-attributes.ts';
import { AiTrackerSpanProcessor } from '../../src/index.ts';
import { decodeBatch } from '../../src/model/batch-codec.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import { encodeSpans } from '../../src/otel/project-span.ts';
import { currentSession } from '../../src/writer/process-session.ts';
import { argumentsOf, report } from '../measure.ts';

/**
 * What a span costs the host's event loop, as CPU of the host's thread alone: creation by the SDK, the processor, and all
 * that the processor does later on that thread. `bare`: a provider whose processor does nothing. `batch-protobuf`: the
 * SDK's BatchSpanProcessor with OTLP/protobuf serialisation, sent nowhere. `processor`: ours. `on-loop`: the same recorder
 * on the host's own thread, batch by batch, as if there were no writer thread.
 */

const WARM_UP = 50_000;
const SPANS = 200_000;
/** Spans in one turn of the host; 64 turns a second or so make 10,000 spans a second at `paced`. */
const TURN = 64;

const [competitor, pace = 'full'] = argumentsOf();
const folder = mkdtempSync(join(tmpdir(), 'ai-tracker-bench-'));
const options = { agentId: 'bench', sharedDir: folder };
const nothing = { onStart() {}, forceFlush: async () => {}, shutdown: async () => {} };

function processorOf(name: string): SpanProcessor {
  switch (name) {
    case 'bare':
      return { ...nothing, onEnd() {} };
    case 'batch-protobuf': {
      const exporter: SpanExporter = {
        export(spans, done) {
          ProtobufTraceSerializer.serializeRequest(spans);
          done({ code: 0 });
        },
        shutdown: async () => {},
      };
      return new BatchSpanProcessor(exporter, { maxQueueSize: 65_536, scheduledDelayMillis: 200 });
    }
    case 'processor':
      return new AiTrackerSpanProcessor(options);
    case 'on-loop': {
      const { settings } = resolveSettings(options, {});
      const recorder = new Recorder({ settings, env: process.env, busyTimeoutMs: 0 });
      const projection = { keepsAttribute: attributeFilter([]), keepsEvent };
      const origin = { door: 'process', session: currentSession(), agentId: 'bench' } as const;
      let queue: ReadableSpan[] = [];
      const flush = (): void => {
        const spans = queue;
        queue = [];
        if (spans.length > 0) recorder.apply(decodeBatch(encodeSpans(spans, origin, projection)));
      };
      return {
        ...nothing,
        onEnd(span) {
          if (queue.push(span) === 512) setImmediate(flush);
        },
        forceFlush: async () => flush(),
      };
    }
    default:
      throw new Error(`no such competitor: ${name}`);
  }
}

const inner = processorOf(competitor);
const onEndNs: number[] = [];
let timed = false;
const timing: SpanProcessor = {
  onStart: (span, context) => inner.onStart(span, context),
  onEnd(span) {
    if (!timed) {
      inner.onEnd(span);
      return;
    }
    const start = process.hrtime.bigint();
    inner.onEnd(span);
    onEndNs.push(Number(process.hrtime.bigint() - start));
  },
  forceFlush: () => inner.forceFlush(),
  shutdown: () => inner.shutdown(),
};

/** Every tenth span a task, its children HTTP calls: eight attributes each, as the instrumentations set them. */
async function make(tracer: Tracer, count: number): Promise<void> {
  for (let i = 0; i < count; i += TURN) {
    for (let j = i; j < i + TURN; j++) {
      const span =
        j % 10 === 0
          ? tracer.startSpan('hatchet.start_step_run', {
              kind: SpanKind.CONSUMER,
              attributes: { step_run_id: `run-${j}`, retry_count: 0, action_name: 'report:write', workflow_run_id: `w-${j}`, tenant_id: 't', worker_id: 'w', payload: '{"input":{}}', step_name: 'write' },
            })
          : tracer.startSpan('GET', {
              kind: SpanKind.CLIENT,
              attributes: { 'http.request.method': 'GET', 'url.full': `http://example.test/items/${j}`, 'server.address': 'example.test', 'server.port': 80, 'http.response.status_code': 200, 'network.protocol.version': '1.1', 'network.peer.address': '10.0.0.1', 'user_agent.original': 'bench' },
            });
      span.setStatus({ code: SpanStatusCode.OK });
      span.end();
    }
    if (pace === 'paced') await new Promise((resolve) => setTimeout(resolve, (TURN / 10_000) * 1000));
    else await new Promise((resolve) => setImmediate(resolve));
  }
}

const provider = new BasicTracerProvider({ spanProcessors: [pace === 'onend' ? timing : inner] });
const tracer = provider.getTracer('bench', '1.0.0');
await make(tracer, WARM_UP);
await provider.forceFlush();

const spans = pace === 'full' ? SPANS : SPANS / 4;
const delay = monitorEventLoopDelay({ resolution: 1 });
// Its own timer costs the loop about 30 µs a tick: only where the delay is the question.
if (pace === 'paced') delay.enable();
timed = true;
const cpu = process.threadCpuUsage();
await make(tracer, spans);
const made = process.threadCpuUsage(cpu);
await provider.forceFlush();
const spent = process.threadCpuUsage(cpu);
delay.disable();
onEndNs.sort((a, b) => a - b);
report({
  spans,
  hostCpuUsPerSpan: (spent.user + spent.system) / spans,
  hostCpuUsPerSpanBeforeFlush: (made.user + made.system) / spans,
  ...(pace === 'paced' && { loopDelayP999Ms: delay.percentile(99.9) / 1e6, loopDelayMaxMs: delay.max / 1e6 }),
  ...(onEndNs.length > 0 && {
    onEndP50Us: (onEndNs[Math.floor(onEndNs.length * 0.5)] ?? 0) / 1000,
    onEndP99Us: (onEndNs[Math.floor(onEndNs.length * 0.99)] ?? 0) / 1000,
    onEndP9999Us: (onEndNs[Math.floor(onEndNs.length * 0.9999)] ?? 0) / 1000,
  }),
});
await provider.shutdown();
rmSync(folder, { recursive: true, force: true });
