import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { describe, expect, test } from 'vitest';
import { keepsAttribute, keepsEvent } from '../../src/dialect/kept-attributes.ts';
import { decodeBatch } from '../../src/model/batch-codec.ts';
import { boundedText, MAX_TEXT } from '../../src/model/bounded-text.ts';
import type { Origin, SpanRecord } from '../../src/model/span-record.ts';
import { encodeSpans } from '../../src/otel/project-span.ts';
import type { ReadableSpanLike } from '../../src/otel/readable-span.ts';

const origin: Origin = { door: 'file', agentId: null, receivedMs: 0 };
const project = (spans: readonly ReadableSpanLike[]): readonly SpanRecord[] =>
  decodeBatch(encodeSpans(spans, origin, { keepsAttribute, keepsEvent })).spans;
const one = (span: ReadableSpanLike): SpanRecord => project([span])[0] as SpanRecord;

const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'worker', 'deployment.secret': 'x' }),
});
const tracer = provider.getTracer('scope', '1.2.3');

describe('the projection of an SDK span', () => {
  test('carries ids, kind, status, times, scope and the kept part of the resource', () => {
    const span = tracer.startSpan('work', { kind: SpanKind.CONSUMER, startTime: [1_700_000_000, 123_456_789] });
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'broken' });
    span.end([1_700_000_002, 23_456_790]);
    const record = one(span as unknown as ReadableSpan);
    expect(record).toMatchObject({
      ...{ traceId: span.spanContext().traceId, spanId: span.spanContext().spanId, parentSpanId: null, parentRemote: null },
      ...{ name: 'work', kind: 5, status: 2, statusMessage: 'broken', events: [] },
      ...{ scope: { name: 'scope', version: '1.2.3' }, resource: { attributes: { 'service.name': 'worker' } } },
    });
    expect(record.startMs).toBe(1_700_000_000 * 1000 + 123_456_789 / 1e6);
    expect(record.endMs).toBe(1_700_000_002 * 1000 + 23_456_790 / 1e6);
    // From the nanoseconds: the difference of the two rounded times would be 1900.0000 give or take 0.0002.
    expect(record.durationMs).toBeCloseTo(1900.000001, 9);
  });

  test('carries the first 1024 of a list and of the kept events, as every door does', () => {
    const ids = Array.from({ length: 2000 }, (_, i) => `reason-${i}`);
    const span = tracer.startSpan('endless', {
      attributes: { 'gen_ai.response.finish_reasons': ids },
    }) as unknown as ReadableSpan;
    const events = Array.from({ length: 2000 }, () => ({ name: 'exception', time: [1, 0] as [number, number], attributes: {} }));
    const record = one({ ...span, spanContext: () => span.spanContext(), events });
    expect(record.attributes['gen_ai.response.finish_reasons']).toEqual(ids.slice(0, 1024));
    expect(record.events).toHaveLength(1024);
  });

  test('says of an open span that it has no end', () => {
    expect(one(tracer.startSpan('open') as unknown as ReadableSpan)).toMatchObject({ endMs: null, durationMs: null });
  });

  test('tells a remote parent from a local one, and an SDK that does not say from both', () => {
    const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
    const child = (isRemote: boolean) =>
      tracer.startSpan('child', {}, trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote }));
    expect(one(child(true) as unknown as ReadableSpan)).toMatchObject({ parentSpanId: parent.spanId, parentRemote: true });
    expect(one(child(false) as unknown as ReadableSpan)).toMatchObject({ parentSpanId: parent.spanId, parentRemote: false });
    const sdk1 = {
      ...(tracer.startSpan('old') as unknown as ReadableSpan),
      spanContext: () => parent,
      parentSpanContext: undefined,
      parentSpanId: 'c'.repeat(16),
      ended: false,
    };
    expect(one(sdk1 as unknown as ReadableSpanLike)).toMatchObject({ parentSpanId: 'c'.repeat(16), parentRemote: null });
  });

  test('lets only attributes and events pass that some dialect reads, capped', () => {
    const span = tracer.startSpan('s', {
      attributes: {
        action_name: 'x'.repeat(MAX_TEXT + 1),
        payload: 'user data',
        'gen_ai.prompt': 'secret',
        retry_count: Number.NaN,
      },
    });
    span.addEvent('gen_ai.content.prompt', { body: 'secret' });
    span.recordException(new TypeError('no'));
    span.end();
    const record = one(span as unknown as ReadableSpan);
    expect(record.attributes).toEqual({ action_name: boundedText('x'.repeat(MAX_TEXT + 1)) });
    expect(record.events.map((event) => event.name)).toEqual(['exception']);
    expect(record.events[0]?.attributes).toMatchObject({ 'exception.type': 'TypeError', 'exception.message': 'no' });
    expect(JSON.stringify(record)).not.toContain('secret');
  });
});
