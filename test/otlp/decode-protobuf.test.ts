import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtobufDecoder } from '../../src/otlp/decode-protobuf.ts';
import { OtlpDecodeError } from '../../src/otlp/decoded.ts';
import { sdkSpans } from './sdk-spans.ts';

const options = { keepsAttribute: () => true, keepsEvent: () => true };
const decode = (bytes: Uint8Array, signal: 'traces' | 'logs' = 'traces') => new ProtobufDecoder(options).decode(bytes, signal);
const REQUEST = ProtobufTraceSerializer.serializeRequest(sdkSpans()) as Uint8Array;

/** A minimal writer, so that messages can be built that no serializer makes. */
const varint = (n: bigint): number[] => (n < 128n ? [Number(n)] : [Number(n & 127n) | 128, ...varint(n >> 7n)]);
const message = (field: number, ...parts: number[][]): number[] => {
  const body = parts.flat();
  return [...varint(BigInt(field * 8 + 2)), ...varint(BigInt(body.length)), ...body];
};
const text = (field: number, value: string) => message(field, [...Buffer.from(value)]);
const number = (field: number, value: bigint) => [...varint(BigInt(field * 8)), ...varint(BigInt.asUintN(64, value))];
const fixed64 = (field: number, value: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return [...varint(BigInt(field * 8 + 1)), ...bytes];
};
const attribute = (field: number, key: string, ...value: number[][]) => message(field, text(1, key), message(2, ...value));
const TRACE = message(1, Array(16).fill(0xab));
const SPAN = message(2, Array(8).fill(0xcd));
const TIMES = [...fixed64(7, 1_700_000_000_000_000_001n), ...fixed64(8, 1_700_000_000_000_000_002n)];
const request = (...items: number[][]) => Uint8Array.from(message(1, message(2, ...items.map((item) => message(2, item)))));

describe('a protobuf request', () => {
  it('is decoded wherever resource and scope stand among its fields', () => {
    const span = message(2, TRACE, SPAN, TIMES);
    const group = message(2, span, message(1, text(1, 'late')));
    const bytes = Uint8Array.from(message(1, group, message(1, attribute(1, 'service.name', text(1, 'svc')))));
    expect(decode(bytes).spans).toMatchObject([{ scope: { name: 'late' }, resource: { attributes: { 'service.name': 'svc' } } }]);
  });

  it('keeps whole numbers of 64 bits within what a double holds', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 53n) + 1n, 2n ** 53n - 1n), (n) => {
        const { spans } = decode(request([...TRACE, ...SPAN, ...TIMES, ...attribute(9, 'n', number(3, n))]));
        expect(spans[0]?.attributes['n']).toBe(Number(n));
      }),
    );
  });

  it('drops maps and bytes but not what stands beside them', () => {
    const map = message(6, attribute(1, 'inner', text(1, 'x')));
    const nested = message(5, message(1, map), message(1, text(1, 'kept')));
    const bytes = request([
      ...TRACE,
      ...SPAN,
      ...TIMES,
      ...attribute(9, 'map', map),
      ...attribute(9, 'bytes', message(7, [1])),
      ...attribute(9, 'list', nested),
    ]);
    expect(decode(bytes).spans[0]?.attributes).toEqual({ list: ['kept'] });
  });

  it('counts spans that are malformed and keeps the rest', () => {
    const good = [...TRACE, ...SPAN, ...TIMES];
    const decoded = decode(
      request(
        good,
        [...SPAN, ...TIMES],
        [...message(1, [1, 2]), ...SPAN, ...TIMES],
        [...TRACE, ...message(2, Array(8).fill(0)), ...TIMES],
        [...TRACE, ...SPAN, ...message(4, [9]), ...TIMES],
        [...TRACE, ...SPAN],
      ),
    );
    expect(decoded.spans).toHaveLength(1);
    expect(decoded.rejected).toEqual({ trace_id: 2, span_id: 1, parent_span_id: 1, start_time: 1 });
  });

  it('cut off anywhere is an error that says where, or a shorter request; never a wrong span', () => {
    const whole = decode(REQUEST).spans;
    for (let length = 1; length < REQUEST.length; length++) {
      try {
        const cut = decode(REQUEST.subarray(0, length)).spans;
        expect(whole.slice(0, cut.length)).toEqual(cut);
      } catch (error) {
        expect(error).toBeInstanceOf(OtlpDecodeError);
        expect((error as OtlpDecodeError).place).toMatch(/^byte \d+$/);
      }
    }
  });

  it('of any bytes at all ends, with records or an OtlpDecodeError', () => {
    const mutated = fc.tuple(fc.nat(REQUEST.length - 1), fc.nat(255)).map(([at, byte]) => {
      const copy = Uint8Array.from(REQUEST);
      copy[at] = byte;
      return copy;
    });
    fc.assert(
      fc.property(
        fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })),
        fc.constantFrom('traces' as const, 'logs' as const),
        (bytes, signal) => {
          try {
            decode(bytes, signal);
          } catch (error) {
            expect(error).toBeInstanceOf(OtlpDecodeError);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('nested a million levels deep overflows no stack', () => {
    const deep = Buffer.alloc(1_000_000, 0x0a);
    expect(() => decode(deep)).toThrow(OtlpDecodeError);
  });
});

it('log records are kept by the name of their event, with the ids of their span', () => {
  const time = fixed64(1, 1_700_000_000_123_000_000n);
  const ids = [...message(9, Array(16).fill(0xab)), ...message(10, Array(8).fill(0xcd))];
  const decoder = new ProtobufDecoder({ keepsAttribute: (key) => key === 'kept', keepsEvent: (name) => name === 'tool' });
  const decoded = decoder.decode(
    request(
      [...time, ...ids, ...text(12, 'tool'), ...attribute(6, 'kept', text(1, 'v'))],
      [...time, ...message(5, text(1, 'A long text')), ...attribute(6, 'event.name', text(1, 'tool'))],
      [...time, ...text(12, 'other')],
      text(12, 'tool'),
    ),
    'logs',
  );
  expect(decoded.logs).toMatchObject([
    { eventName: 'tool', timeMs: 1_700_000_000_123, traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), attributes: { kept: 'v' } },
    { eventName: 'tool', traceId: null, spanId: null, attributes: {} },
  ]);
  expect([decoded.skippedLogs, decoded.rejected]).toEqual([1, { log_time: 1 }]);
});
