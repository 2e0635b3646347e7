import type { Attributes, AttributeValue, SpanRecord } from '../../src/model/span-record.ts';

const anyValue = (value: AttributeValue): object => {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { arrayValue: { values: value.map(anyValue) } };
};

const keyValues = (attributes: Attributes): object[] =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));

const nanos = (ms: number): string => `${BigInt(Math.round(ms * 1000)) * 1000n}`;

/** A trace request of these spans, each with its resource, as an exporter would send it. */
export const otlpJson = (spans: readonly SpanRecord[]): string =>
  JSON.stringify({
    resourceSpans: spans.map((span) => ({
      resource: { attributes: keyValues(span.resource.attributes) },
      scopeSpans: [
        {
          scope: { name: span.scope.name },
          spans: [
            {
              traceId: span.traceId,
              spanId: span.spanId,
              parentSpanId: span.parentSpanId ?? '',
              name: span.name,
              kind: span.kind,
              startTimeUnixNano: nanos(span.startMs),
              endTimeUnixNano: nanos(span.endMs ?? span.startMs),
              attributes: keyValues(span.attributes),
              status: { code: span.status },
            },
          ],
        },
      ],
    })),
  });
