import { readFileSync } from 'node:fs';
import { type AttributeValue, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, type IdGenerator, type Span, type SpanProcessor } from '@opentelemetry/sdk-trace-base';

/** One value of OTLP/JSON, as far as the captures have them. */
interface WireValue {
  stringValue?: string;
  intValue?: string | number;
  doubleValue?: number;
  boolValue?: boolean;
  arrayValue?: { values: WireValue[] };
}
interface WireAttribute {
  key: string;
  value: WireValue;
}
interface WireSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: WireAttribute[];
  events: { name: string; timeUnixNano: string; attributes: WireAttribute[] }[];
  status: { code?: number; message?: string };
  flags: number;
}
interface WireRequest {
  resourceSpans: {
    resource: { attributes: WireAttribute[] };
    scopeSpans: { scope: { name: string; version?: string }; spans: WireSpan[] }[];
  }[];
}

const valueOf = (value: WireValue): AttributeValue =>
  value.stringValue ??
  value.boolValue ??
  value.doubleValue ??
  (value.arrayValue?.values.map(valueOf) as string[] | undefined) ??
  Number(value.intValue);
const attributesOf = (list: readonly WireAttribute[]): Record<string, AttributeValue> =>
  Object.fromEntries(list.map(({ key, value }) => [key, valueOf(value)]));
const timeOf = (nanos: string): [number, number] => [Number(nanos.slice(0, -9)), Number(nanos.slice(-9))];

/** A span of a capture that a real provider runs once more. */
export interface Rerun {
  start(): void;
  end(): void;
}

export interface RecordedAgain {
  readonly provider: BasicTracerProvider;
  readonly spans: readonly Rerun[];
}

/**
 * The spans of a capture (one request, one resource) through a real provider: the same ids, times, parents, events.
 * @param more further attributes of the resource
 */
export function recordAgain(file: URL, spanProcessors: SpanProcessor[], more: Record<string, string> = {}): RecordedAgain {
  const [only] = (JSON.parse(readFileSync(file, 'utf8')) as WireRequest).resourceSpans;
  if (only === undefined) throw new Error(`${file.href} has no spans`);
  const ids = { trace: '', span: '' };
  const idGenerator: IdGenerator = { generateTraceId: () => ids.trace, generateSpanId: () => ids.span };
  const resource = resourceFromAttributes({ ...attributesOf(only.resource.attributes), ...more });
  const provider = new BasicTracerProvider({ spanProcessors, idGenerator, resource });
  const spans = only.scopeSpans.flatMap(({ scope, spans: wires }) => {
    const tracer = provider.getTracer(scope.name, scope.version);
    return wires.map((wire): Rerun => {
      let span: Span | undefined;
      return {
        start() {
          ids.trace = wire.traceId;
          ids.span = wire.spanId;
          const parent = wire.parentSpanId
            ? {
                traceId: wire.traceId,
                spanId: wire.parentSpanId,
                traceFlags: TraceFlags.SAMPLED,
                isRemote: (wire.flags & 0x200) !== 0,
              }
            : null;
          span = tracer.startSpan(
            wire.name,
            { kind: wire.kind - 1, startTime: timeOf(wire.startTimeUnixNano), attributes: attributesOf(wire.attributes) },
            parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent),
          ) as Span;
        },
        end() {
          if (span === undefined) throw new Error('end before start');
          for (const event of wire.events) span.addEvent(event.name, attributesOf(event.attributes), timeOf(event.timeUnixNano));
          const { code = 0, message } = wire.status;
          if (code !== 0) span.setStatus({ code, ...(message === undefined ? {} : { message }) });
          span.end(timeOf(wire.endTimeUnixNano));
        },
      };
    });
  });
  return { provider, spans };
}
