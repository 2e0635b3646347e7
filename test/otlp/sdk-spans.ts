import { context, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

/** Spans of the real SDK in every shape that the encodings treat apart. */
export function sdkSpans(): ReadableSpan[] {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = provider.getTracer('shapes', '1.2.3');
  const remote = trace.setSpanContext(context.active(), {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  });
  const root = tracer.startSpan('root', { kind: SpanKind.CONSUMER, startTime: [1_700_000_000, 999_999_001] });
  const child = tracer.startSpan(
    'child with a name — and ünïcode 🚀',
    {
      kind: SpanKind.CLIENT,
      startTime: [1_700_000_001, 123_456_789],
      attributes: {
        text: 'ünïcode 🚀',
        long: 'x'.repeat(5000),
        whole: 42,
        negative: -7,
        large: 9_007_199_254_740_991,
        fraction: 0.1,
        yes: true,
        no: false,
        empty: '',
        texts: ['a', 'b'],
        numbers: [1, 2.5, -3],
        none: [],
      },
    },
    trace.setSpan(context.active(), root),
  );
  child.recordException(new TypeError('it broke'), [1_700_000_001, 500_000_000]);
  child.addEvent('other', { text: 'not kept' });
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'it broke' });
  child.end([1_700_000_002, 23_456_790]);
  tracer.startSpan('server', { kind: SpanKind.SERVER, startTime: [1_700_000_003, 0] }, remote).end([1_700_000_003, 1]);
  root.setStatus({ code: SpanStatusCode.OK });
  root.end([1_700_000_004, 7]);
  return exporter.getFinishedSpans();
}
