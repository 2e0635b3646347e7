import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { describe, expect, it } from 'vitest';
import { decodeBatch, encodeBatch } from '../../src/model/batch-codec.ts';
import type { Origin } from '../../src/model/span-record.ts';
import { encodeSpans } from '../../src/otel/project-span.ts';
import { decodeJson } from '../../src/otlp/decode-json.ts';
import { ProtobufDecoder } from '../../src/otlp/decode-protobuf.ts';
import { sdkSpans } from './sdk-spans.ts';

const ORIGIN: Origin = { door: 'otlp', agentId: null, receivedMs: 0 };
const options = { keepsAttribute: () => true, keepsEvent: (name: string) => name === 'exception' };
const spans = sdkSpans();
const byProtobuf = new ProtobufDecoder(options).decode(ProtobufTraceSerializer.serializeRequest(spans) as Uint8Array, 'traces');
const byJson = decodeJson(Buffer.from(JsonTraceSerializer.serializeRequest(spans) as Uint8Array).toString('utf8'), options);

describe('spans of the SDK', () => {
  it('are the same records by protobuf, by JSON and by the processor', () => {
    const byProcessor = decodeBatch(encodeSpans(spans, ORIGIN, options)).spans;
    const plain = (list: typeof byJson.spans) => decodeBatch(encodeBatch({ origin: ORIGIN, spans: list, logs: [] })).spans;
    expect(plain(byProtobuf.spans)).toEqual(byProcessor);
    expect(plain(byJson.spans)).toEqual(byProcessor);
    expect([byJson.rejected, byProtobuf.rejected]).toEqual([{}, {}]);
  });

  it('keep times to the nanosecond and say whether the parent is remote', () => {
    const named = (name: string) => byProtobuf.spans.find((span) => span.name.startsWith(name));
    expect(named('child')).toMatchObject({
      kind: 3,
      startMs: 1_700_000_001_123.456_789,
      durationMs: 900.000_001,
      parentRemote: false,
      status: 2,
      statusMessage: 'it broke',
    });
    expect(named('server')).toMatchObject({
      kind: 2,
      parentSpanId: 'b7ad6b7169203331',
      parentRemote: true,
      durationMs: 0.000_001,
    });
    expect(named('root')).toMatchObject({ kind: 5, parentSpanId: null, parentRemote: null, status: 1 });
  });

  it('keep scalars and arrays, capped, and the events that are asked for', () => {
    const child = byProtobuf.spans.find((span) => span.name.startsWith('child'));
    expect(child?.attributes).toMatchObject({
      whole: 42,
      negative: -7,
      large: 9_007_199_254_740_991,
      fraction: 0.1,
      yes: true,
      no: false,
      numbers: [1, 2.5, -3],
      none: [],
    });
    expect(child?.attributes['long']).toHaveLength(4096);
    expect(child?.events.map((event) => [event.name, event.attributes['exception.message']])).toEqual([
      ['exception', 'it broke'],
    ]);
  });

  it('lose attributes that nothing reads, and share resource and scope', () => {
    const few = new ProtobufDecoder({ ...options, keepsAttribute: (key) => key === 'whole' });
    const decoded = few.decode(ProtobufTraceSerializer.serializeRequest(spans) as Uint8Array, 'traces');
    expect(decoded.spans.map((span) => span.attributes).filter((a) => Object.keys(a).length > 0)).toEqual([{ whole: 42 }]);
    expect(new Set(decoded.spans.map((span) => span.resource)).size).toBe(1);
    expect(decoded.spans[0]?.scope).toEqual({ name: 'shapes', version: '1.2.3' });
  });
});
