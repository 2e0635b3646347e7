import type { AttributeScalar, Attributes, AttributeValue, SpanRecord } from '../../src/model/span-record.ts';

const scalarOf = (value: AttributeScalar): object =>
  typeof value === 'string'
    ? { stringValue: value }
    : typeof value === 'boolean'
      ? { boolValue: value }
      : Number.isInteger(value)
        ? { intValue: String(value) }
        : { doubleValue: value };
const valueOf = (value: AttributeValue): object =>
  typeof value === 'object' ? { arrayValue: { values: value.map(scalarOf) } } : scalarOf(value);

export const otlpAttributes = (attributes: Attributes): { key: string; value: object }[] =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }));

const nanos = (ms: number): string => `${BigInt(Math.round(ms * 1000)) * 1000n}`;

/** A span of test/support/span-makers.ts as OTLP/JSON tells it. */
export function otlpSpan(span: SpanRecord): Record<string, unknown> {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === null ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: nanos(span.startMs),
    endTimeUnixNano: nanos(span.endMs ?? span.startMs),
    attributes: otlpAttributes(span.attributes),
    status: { code: span.status },
  };
}

/** One request of one sender, as a value: a test may spoil it before it makes a text of it. */
export function otlpRequest(spans: readonly unknown[], resource: Attributes = {}): object {
  return {
    resourceSpans: [{ resource: { attributes: otlpAttributes(resource) }, scopeSpans: [{ scope: { name: 'test' }, spans }] }],
  };
}

/** A trace request of these spans, each with its resource and scope, as an exporter would send it. */
export const otlpJson = (spans: readonly SpanRecord[]): string =>
  JSON.stringify({
    resourceSpans: spans.map((span) => ({
      resource: { attributes: otlpAttributes(span.resource.attributes) },
      scopeSpans: [{ scope: { name: span.scope.name }, spans: [otlpSpan(span)] }],
    })),
  });

export const requestOf = (spans: readonly SpanRecord[], resource: Attributes = {}): string =>
  JSON.stringify(otlpRequest(spans.map(otlpSpan), resource));
