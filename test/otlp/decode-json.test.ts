import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeJson } from '../../src/otlp/decode-json.ts';
import { OtlpDecodeError } from '../../src/otlp/decoded.ts';

const options = { keepsAttribute: () => true, keepsEvent: () => true };
const SPAN = {
  traceId: '5b8efff798038103d269b633813fc60c',
  spanId: 'eee19b7ec3c1b174',
  name: 'n',
  startTimeUnixNano: '1544712660300000123',
  endTimeUnixNano: '1544712661300000456',
};
const request = (...spans: unknown[]) => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
const decode = (...spans: unknown[]) => decodeJson(request(...spans), options);
const one = (over: object) => decode({ ...SPAN, ...over }).spans[0];

describe('a span in OTLP/JSON', () => {
  it('may say its ids in hex of either case or in base64', () => {
    const ids = { traceId: SPAN.traceId, spanId: SPAN.spanId };
    const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');
    expect(one({ traceId: SPAN.traceId.toUpperCase(), spanId: SPAN.spanId.toUpperCase() })).toMatchObject(ids);
    expect(one({ traceId: base64(SPAN.traceId), spanId: base64(SPAN.spanId) })).toMatchObject(ids);
  });

  it('may say its times as numbers without losing a nanosecond', () => {
    const text = request(SPAN).replace(/"(\d{19})"/g, ' $1');
    expect(text).toContain(': 1544712660300000123');
    expect(decodeJson(text, options)).toEqual(decode(SPAN));
  });

  it('keeps a text that looks like a time as it is', () => {
    const name = '"startTimeUnixNano": 1544712660300000123,';
    const text = request({ ...SPAN, name }).replace(/"endTimeUnixNano":"(\d+)"/, '"endTimeUnixNano":$1');
    expect(decodeJson(text, options).spans[0]).toMatchObject({ name, endMs: 1_544_712_661_300.000_5 });
  });

  it('may say kind and status by number or by name', () => {
    for (const kind of [3, '3', 'SPAN_KIND_CLIENT']) expect(one({ kind })?.kind).toBe(3);
    for (const code of [2, 'STATUS_CODE_ERROR']) expect(one({ status: { code } })?.status).toBe(2);
    for (const kind of [99, 'SPAN_KIND_NEW', null, {}]) expect(one({ kind })?.kind).toBe(0);
  });

  it('says whether its parent is remote only where the emitter does', () => {
    const parentSpanId = 'b7ad6b7169203331';
    expect([257, 769, 1, undefined].map((flags) => one({ parentSpanId, flags })?.parentRemote)).toEqual([
      false,
      true,
      null,
      null,
    ]);
    expect(one({ parentSpanId: '', flags: 257 })).toMatchObject({ parentSpanId: null, parentRemote: null });
    expect(one({ parentSpanId: '0000000000000000', flags: 769 })).toMatchObject({ parentSpanId: null, parentRemote: null });
  });

  it('keeps scalars and arrays of them in every spelling, and drops the rest', () => {
    const values = {
      a: { intValue: 5 },
      b: { intValue: '5' },
      c: { doubleValue: 0.5 },
      d: { doubleValue: '1e3' },
      e: { doubleValue: 'NaN' },
      f: { boolValue: false },
      g: { arrayValue: { values: [{ stringValue: 'x' }, { kvlistValue: {} }, { intValue: '1' }] } },
      h: { kvlistValue: { values: [{ key: 'x', value: { stringValue: 'y' } }] } },
      i: { bytesValue: 'AAAA' },
      j: {},
      k: null,
      l: { intValue: 'five' },
      m: { arrayValue: {} },
    };
    const attributes = Object.entries(values).map(([key, value]) => ({ key, value }));
    expect(one({ attributes })?.attributes).toEqual({ a: 5, b: 5, c: 0.5, d: 1000, f: false, g: ['x', 1], m: [] });
  });

  it('that is malformed is counted by what is wrong and the rest is kept', () => {
    const bad = [
      { ...SPAN, traceId: 'abc' },
      { ...SPAN, traceId: '0'.repeat(32) },
      { ...SPAN, spanId: undefined },
      { ...SPAN, spanId: 7 },
      { ...SPAN, parentSpanId: 'zz' },
      { ...SPAN, startTimeUnixNano: '0' },
      { ...SPAN, endTimeUnixNano: null },
      { ...SPAN, endTimeUnixNano: 'soon' },
      'span',
    ];
    const decoded = decode(...bad, SPAN);
    expect(decoded.spans).toHaveLength(1);
    expect(decoded.rejected).toEqual({ trace_id: 2, span_id: 2, parent_span_id: 1, start_time: 1, end_time: 2, not_a_span: 1 });
  });
});

describe('a request in OTLP/JSON', () => {
  it.each([
    ['[', '', /not JSON/],
    ['[]', '', /no JSON object/],
    ['null', '', /no JSON object/],
    ['{"resourceSpans":{}}', 'resourceSpans', /no list/],
    ['{"resourceSpans":[7]}', 'resourceSpans[0]', /no JSON object/],
    ['{"resourceSpans":[{},{"scopeSpans":[{"spans":"x"}]}]}', 'resourceSpans[1].scopeSpans[0].spans', /no list/],
    ['{"resourceLogs":[{"scopeLogs":1}]}', 'resourceLogs[0].scopeLogs', /no list/],
  ])('that is %s is refused and says where', (text, place, reason) => {
    const refused = (): unknown => decodeJson(text, options);
    expect(refused).toThrow(OtlpDecodeError);
    expect(refused).toThrow(expect.objectContaining({ place, message: expect.stringMatching(reason) }));
  });

  it('may be empty', () => {
    for (const text of ['{}', '{"resourceSpans":[]}', '{"resourceSpans":[{"resource":null}]}', '{"partialSuccess":{}}']) {
      expect(decodeJson(text, options)).toMatchObject({ spans: [], logs: [], rejected: {}, skippedLogs: 0 });
    }
  });

  it('of a real Hatchet worker is read whole', () => {
    const file = new URL('../fixtures/otlp/hatchet/worker.otlp.json', import.meta.url);
    const decoded = decodeJson(readFileSync(file, 'utf8'));
    expect([decoded.spans.length, decoded.rejected]).toEqual([107, {}]);
    expect(Object.keys(decoded.spans[0]?.attributes ?? {})).not.toContain('hatchet.payload');
  });
});

describe('log records in OTLP/JSON', () => {
  const log = (over: object) => JSON.stringify({ resourceLogs: [{ scopeLogs: [{ scope: { name: 's' }, logRecords: [over] }] }] });
  const events = { keepsAttribute: (key: string) => key === 'kept', keepsEvent: (name: string) => name === 'tool' };

  it('are kept by the name of their event: field, attribute or body', () => {
    const timeUnixNano = '1544712660300000000';
    for (const named of [
      { eventName: 'tool' },
      { attributes: [{ key: 'event.name', value: { stringValue: 'tool' } }], body: { stringValue: 'Tool call: x' } },
      { body: { stringValue: 'tool' } },
    ]) {
      expect(decodeJson(log({ timeUnixNano, ...named }), events).logs).toMatchObject([
        { eventName: 'tool', timeMs: 1_544_712_660_300, attributes: {} },
      ]);
    }
    expect(decodeJson(log({ timeUnixNano, body: { stringValue: 'other' } }), events)).toMatchObject({ logs: [], skippedLogs: 1 });
  });

  it('fall back to the time at which they were observed', () => {
    const observed = { eventName: 'tool', observedTimeUnixNano: '1544712660300000000' };
    expect(decodeJson(log({ ...observed, timeUnixNano: '0' }), events).logs[0]?.timeMs).toBe(1_544_712_660_300);
    expect(decodeJson(log({ eventName: 'tool' }), events).rejected).toEqual({ log_time: 1 });
  });
});
