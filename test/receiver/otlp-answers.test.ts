import { ProtobufLogsSerializer, ProtobufMetricsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { describe, expect, it } from 'vitest';
import { WireReader } from '../../src/otlp/wire-reader.ts';
import { errorStatus, exportResponse } from '../../src/receiver/otlp-answers.ts';

const COUNTS = [0, 1, 127, 128, 300, 2_147_483_647, 5_000_000_000];
const MESSAGE = 'three spans — ünïcode 🚀 — have no trace_id';

describe('an answer in protobuf', () => {
  it.each(COUNTS)('tells OpenTelemetry’s own reader of %d rejected items', (rejected) => {
    const partial = { rejected, message: MESSAGE };
    const read = (signal: 'traces' | 'logs' | 'metrics'): Uint8Array =>
      exportResponse('protobuf', signal, partial).body as Uint8Array;
    // proto3 leaves a zero out.
    const count = (name: string) => (rejected === 0 ? {} : { [name]: rejected });
    const spans = ProtobufTraceSerializer.deserializeResponse(read('traces'));
    const logs = ProtobufLogsSerializer.deserializeResponse(read('logs'));
    const points = ProtobufMetricsSerializer.deserializeResponse(read('metrics'));
    expect(spans).toEqual({ partialSuccess: { ...count('rejectedSpans'), errorMessage: MESSAGE } });
    expect(logs).toEqual({ partialSuccess: { ...count('rejectedLogRecords'), errorMessage: MESSAGE } });
    expect(points).toEqual({ partialSuccess: { ...count('rejectedDataPoints'), errorMessage: MESSAGE } });
  });

  it('of full success is empty, as proto3 writes an empty message', () => {
    expect(exportResponse('protobuf', 'traces', null)).toEqual({
      contentType: 'application/x-protobuf',
      body: new Uint8Array(0),
    });
  });

  it('of an error is a google.rpc.Status: code in field 1, message in field 2', () => {
    const { contentType, body } = errorStatus('protobuf', 503, 'try again');
    expect(contentType).toBe('application/x-protobuf');
    expect(Buffer.from(body as Uint8Array)).toEqual(Buffer.from([0x08, 14, 0x12, 9, ...Buffer.from('try again')]));
    const reader = new WireReader(errorStatus('protobuf', 400, MESSAGE.repeat(10)).body as Uint8Array);
    expect([reader.next(), reader.field, reader.varint()]).toEqual([true, 1, 3]);
    expect([reader.next(), reader.field, reader.text(), reader.next()]).toEqual([true, 2, MESSAGE.repeat(10), false]);
  });
});

describe('an answer in JSON', () => {
  it('names the rejected items as its signal does, in a text as protobuf’s JSON writes an int64', () => {
    const answered = (signal: 'traces' | 'logs' | 'metrics'): unknown =>
      JSON.parse(exportResponse('json', signal, { rejected: 3, message: MESSAGE }).body as string);
    expect(answered('traces')).toEqual({ partialSuccess: { rejectedSpans: '3', errorMessage: MESSAGE } });
    expect(answered('logs')).toEqual({ partialSuccess: { rejectedLogRecords: '3', errorMessage: MESSAGE } });
    expect(answered('metrics')).toEqual({ partialSuccess: { rejectedDataPoints: '3', errorMessage: MESSAGE } });
  });

  it('of full success is an empty object', () => {
    expect(exportResponse('json', 'logs', null)).toEqual({ contentType: 'application/json', body: '{}' });
  });

  it('of an error has code and message', () => {
    expect(JSON.parse(errorStatus('json', 401, 'no "token"').body as string)).toEqual({ code: 16, message: 'no "token"' });
  });
});
