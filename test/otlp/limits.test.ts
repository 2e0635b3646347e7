import { describe, expect, it } from 'vitest';
import { decodeJson } from '../../src/otlp/decode-json.ts';
import { ProtobufDecoder } from '../../src/otlp/decode-protobuf.ts';
import { type DecodeOptions, OtlpDecodeError } from '../../src/otlp/decoded.ts';
import { assertJsonBounds } from '../../src/otlp/json-bounds.ts';

const MIB = 1024 * 1024;
const options: DecodeOptions = { keepsAttribute: () => true, keepsEvent: () => true, maxItems: 1000 };
const protobuf = (bytes: Uint8Array, signal: 'traces' | 'logs' = 'traces') => new ProtobufDecoder(options).decode(bytes, signal);

/** Field 1 or 2 of `bytes` zeros' length, and the body; lengths above 127 take more bytes. */
const field = (tag: number, body: Uint8Array): Buffer => {
  const length: number[] = [];
  let rest = body.byteLength;
  for (; rest > 127; rest = Math.floor(rest / 128)) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([tag, ...length, rest]), body]);
};

const SPAN = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  startTimeUnixNano: '1544712660000000000',
  endTimeUnixNano: '1544712661000000000',
};
const json = (...spans: unknown[]): string => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
const list = (length: number) => ({ arrayValue: { values: Array.from({ length }, (_, i) => ({ intValue: i })) } });

describe('a JSON text', () => {
  it.each<[string, string]>([
    ['lists', '['.repeat(32 * MIB)],
    ['objects', '{"a":'.repeat(8 * MIB)],
    ['lists in attributes', json({ ...SPAN, attributes: ['~'] }).replace('"~"', '['.repeat(MIB))],
  ])('of nothing but nested %s is refused before it is parsed', (_, text) => {
    const began = performance.now();
    expect(() => decodeJson(text, options)).toThrow(/nested deeper than 100 levels \(at character \d+\)/);
    expect(performance.now() - began).toBeLessThan(1000);
  });

  it.each(['[]', '{}', '0', '""', '"a":1'])('of endless %s is refused before it is parsed', (value) => {
    const text = `[${`${value},`.repeat(5_000_000)}`;
    expect(() => decodeJson(text, options)).toThrow(/more than 4000000 values/);
  });

  it('may hold as many brackets and commas within its texts as it likes', () => {
    const texts = [
      '['.repeat(2 * MIB),
      '{'.repeat(1000),
      '\\"[['.repeat(1000),
      `${'\\'.repeat(100)}`,
      '"',
      '\\"{',
      ','.repeat(5 * MIB),
    ];
    const text = json(...texts.map((name) => ({ ...SPAN, name })));
    expect(() => assertJsonBounds(text)).not.toThrow();
    expect(decodeJson(text, options).spans.map(({ name }) => name)).toEqual(texts.map((name) => name.slice(0, 4096)));
  });

  it('is looked through to its end, past texts that end in backslashes', () => {
    for (const text of ['"\\\\"', '"\\\\\\""', '"a\\"b"', '""']) {
      expect(() => assertJsonBounds(`[${text},${'['.repeat(100)}`)).toThrow(OtlpDecodeError);
      expect(() => assertJsonBounds(`[${text},${'['.repeat(99)}`)).not.toThrow();
    }
  });

  it('that ends within a text is left to the parser', () => {
    expect(() => assertJsonBounds('["abc')).not.toThrow();
    expect(() => decodeJson(`["${'x'.repeat(2 * MIB)}`, options)).toThrow(/not JSON/);
  });
});

describe('a request', () => {
  it('of more items than it may hold is refused in either encoding, also where each is malformed', () => {
    const spans = (count: number): string => json(...Array.from({ length: count }, () => SPAN));
    expect(decodeJson(spans(998), options).spans).toHaveLength(998);
    expect(() => decodeJson(spans(999), options)).toThrow(/more spans, log records/);
    expect(() => decodeJson(json(...Array.from({ length: 1000 }, () => 7)), options)).toThrow(OtlpDecodeError);
    const empty = (count: number): Buffer => Buffer.from(Array.from({ length: count }, () => [0x12, 0]).flat());
    expect(protobuf(field(0x0a, field(0x12, empty(998)))).rejected).toEqual({ trace_id: 998 });
    expect(() => protobuf(field(0x0a, field(0x12, empty(999))))).toThrow(/more spans, log records/);
    expect(() => protobuf(field(0x0a, field(0x12, empty(999))), 'logs')).toThrow(OtlpDecodeError);
  });

  it('of nothing but empty groups is refused, and quickly', () => {
    const resources = Buffer.alloc(16 * MIB, Buffer.from([0x0a, 0]));
    const scopes = field(0x0a, Buffer.alloc(16 * MIB, Buffer.from([0x12, 0])));
    const spans = field(0x0a, field(0x12, Buffer.alloc(16 * MIB, Buffer.from([0x12, 0]))));
    const began = performance.now();
    for (const bytes of [resources, scopes, spans]) expect(() => protobuf(bytes)).toThrow(/more spans, log records/);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it('whose lengths lie is refused without memory for what they promise', () => {
    const lying = Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x12]);
    expect(() => protobuf(lying)).toThrow(/longer \(4294967295 bytes\) than the message around it/);
  });

  it('has as many kept events as it may, over all its spans', () => {
    const events = Array.from({ length: 500 }, () => ({ name: 'exception' }));
    expect(decodeJson(json({ ...SPAN, events }), options).spans[0]?.events).toHaveLength(500);
    expect(() => decodeJson(json({ ...SPAN, events }, { ...SPAN, events }), options)).toThrow(OtlpDecodeError);
  });
});

describe('a list in an attribute', () => {
  it('gets past the door with its first 1024 items, in either encoding', () => {
    const { spans } = decodeJson(json({ ...SPAN, attributes: [{ key: 'a', value: list(5000) }] }), options);
    expect(spans[0]?.attributes['a']).toEqual(Array.from({ length: 1024 }, (_, i) => i));
    const ids = Buffer.concat([field(0x0a, Buffer.alloc(16, 1)), field(0x12, Buffer.alloc(8, 1))]);
    const times = Buffer.concat([Buffer.from([0x39]), Buffer.alloc(8, 1), Buffer.from([0x41]), Buffer.alloc(8, 1)]);
    const items = Buffer.alloc(4 * 5000, Buffer.from([0x0a, 2, 0x18, 7]));
    const attribute = field(0x4a, Buffer.concat([field(0x0a, Buffer.from('a')), field(0x12, field(0x2a, items))]));
    const decoded = protobuf(field(0x0a, field(0x12, field(0x12, Buffer.concat([ids, times, attribute])))));
    expect(decoded.spans[0]?.attributes['a']).toEqual(Array.from({ length: 1024 }, () => 7));
  });
});
