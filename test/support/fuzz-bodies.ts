import { deflateSync, gzipSync } from 'node:zlib';
import type { Random } from '../../bench/data/random.ts';
import { otlpRequest, otlpSpan } from './otlp-request.ts';
import { JSON_TYPE, PROTOBUF } from './post.ts';
import {
  bytesField,
  doubleField,
  fixed64Field,
  group,
  keyValue,
  lyingField,
  textValue,
  varint,
  varintField,
} from './protobuf-writer.ts';
import { taskSpan, toolSpan } from './span-makers.ts';

/** One hostile or broken request. */
export interface FuzzRequest {
  readonly kind: string;
  readonly path: string;
  readonly body: Uint8Array;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Ids of the valid spans among the garbage: rows where the answer is 200. */
  readonly valid: readonly { readonly traceId: string; readonly spanId: string }[];
}

/** Whose rows are checked span by span: what comes under it is whole or garbage, never half. */
export const FUZZ_AGENT = 'fuzz-mixed';
/** Of requests that are spoiled byte by byte: what comes of them may be a span again, only another one. */
export const SPOILED_AGENT = 'fuzz-spoiled';
/** Traces of garbage begin so. */
export const GARBAGE = 'dead';

const hex = (random: Random, digits: number): string => random.hex(digits);
const nanosNow = (): bigint => BigInt(Date.now()) * 1_000_000n;

const base = (kind: string, path: string, body: Uint8Array, type: string): FuzzRequest => ({
  kind,
  path,
  body,
  type,
  headers: {},
  valid: [],
});
const json = (kind: string, value: unknown, path = '/v1/traces'): FuzzRequest =>
  base(kind, path, Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), JSON_TYPE);
const protobuf = (kind: string, body: Uint8Array, path = '/v1/traces'): FuzzRequest => base(kind, path, body, PROTOBUF);

interface Ids {
  readonly traceId: string;
  readonly spanId: string;
}
const freshIds = (random: Random): Ids => ({ traceId: `c0de${hex(random, 28)}`, spanId: hex(random, 16) });
const garbageIds = (random: Random): Ids => ({ traceId: `${GARBAGE}${hex(random, 28)}`, spanId: hex(random, 16) });

/** A whole span as JSON and what it is in protobuf. */
function jsonSpan(random: Random, ids: Ids): Record<string, unknown> {
  const startMs = Date.now() - random.between(0, 1000);
  const plan = { span: random.between(1, 1e6), startMs };
  return { ...otlpSpan(random.next() < 0.3 ? taskSpan(hex(random, 8), plan) : toolSpan(plan)), ...ids };
}

interface WireSpan {
  readonly traceId?: Uint8Array;
  readonly spanId?: Uint8Array;
  readonly start?: bigint;
  readonly end?: bigint;
  readonly more?: readonly Uint8Array[];
}

const wireSpan = (ids: Ids, { traceId, spanId, start, end, more = [] }: WireSpan = {}): Buffer =>
  bytesField(2, [
    bytesField(1, traceId ?? Buffer.from(ids.traceId, 'hex')),
    bytesField(2, spanId ?? Buffer.from(ids.spanId, 'hex')),
    bytesField(5, 'execute_tool search'),
    varintField(6, 1),
    fixed64Field(7, start ?? nanosNow()),
    fixed64Field(8, end ?? nanosNow() + 5_000_000n),
    keyValue(9, 'gen_ai.operation.name', textValue('execute_tool')),
    keyValue(9, 'gen_ai.tool.name', textValue('search')),
    ...more,
  ]);

const wireRequest = (agent: string, spans: readonly Uint8Array[], more: readonly Uint8Array[] = []): Buffer =>
  Buffer.concat([
    bytesField(1, [
      bytesField(1, [keyValue(1, 'agent.id', textValue(agent))]),
      bytesField(2, [bytesField(1, [bytesField(1, 'fuzz')]), ...spans]),
    ]),
    ...more,
  ]);

/** Three whole spans, and garbage between them that no row may come of. */
function mixedProtobuf(kind: string, random: Random, garbage: () => Uint8Array): FuzzRequest {
  const valid = [freshIds(random), freshIds(random), freshIds(random)];
  const spans = valid.flatMap((ids) => [garbage(), wireSpan(ids)]);
  return { ...protobuf(kind, wireRequest(FUZZ_AGENT, [...spans, garbage()])), valid };
}

function mixedJson(kind: string, random: Random, garbage: () => unknown): FuzzRequest {
  const valid = [freshIds(random), freshIds(random)];
  const spans = valid.flatMap((ids) => [garbage(), jsonSpan(random, ids)]);
  return { ...json(kind, otlpRequest([...spans, garbage()], { 'agent.id': FUZZ_AGENT })), valid };
}

const YEAR_9999 = 253_402_300_799_000_000_000n;
const MAX_64 = 2n ** 64n - 1n;
const STRANGE_NUMBERS = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, -1, 1e308, -1e308, 5e-324, 2 ** 63];
const STRANGE_JSON: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  -0.5,
  '',
  'NaN',
  'Infinity',
  '-1',
  '1e999',
  '9'.repeat(40),
  [],
  {},
  [[]],
  [null],
  { '': {} },
  '\ud800',
  '\u0000',
  '__proto__',
  { stringValue: null },
  { intValue: '99999999999999999999' },
  { kvlistValue: { values: [] } },
];
const TIMES = ['0', '1', '-1', '1.5', '1e18', String(YEAR_9999), String(MAX_64), '9'.repeat(30), 'now', '', ' 1', '0x10'];

/** Replaces one place anywhere in the value. */
function spoil(value: unknown, random: Random): unknown {
  const places: { parent: Record<string, unknown>; key: string }[] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      places.push({ parent: node as Record<string, unknown>, key });
      walk((node as Record<string, unknown>)[key]);
    }
  };
  const copy = structuredClone(value);
  walk(copy);
  for (let i = random.between(1, 3); i > 0; i--) {
    const { parent, key } = random.of(places);
    parent[key] = structuredClone(random.of(STRANGE_JSON));
  }
  return copy;
}

function flipped(bytes: Uint8Array, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = random.between(1, 8); i > 0; i--) {
    const at = random.between(0, copy.length - 1);
    const way = random.next();
    copy[at] = way < 0.5 ? (copy[at] as number) ^ (1 << random.between(0, 7)) : way < 0.75 ? 0xff : random.between(0, 255);
  }
  return copy;
}

const cut = (bytes: Uint8Array, random: Random): Uint8Array => bytes.subarray(0, random.between(0, bytes.length - 1));
const randomBytes = (random: Random, length: number): Buffer => Buffer.from(Array.from({ length }, () => random.between(0, 255)));

function wholeJson(random: Random, agent: string): object {
  return otlpRequest(
    Array.from({ length: random.between(1, 6) }, () => jsonSpan(random, garbageIds(random))),
    { 'agent.id': agent },
  );
}

const wholeProtobuf = (random: Random, agent: string): Buffer =>
  wireRequest(
    agent,
    Array.from({ length: random.between(1, 6) }, () => wireSpan(garbageIds(random))),
  );

const logsJson = (random: Random): object => ({
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'agent.id', value: { stringValue: SPOILED_AGENT } }] },
      scopeLogs: [
        {
          logRecords: [
            {
              timeUnixNano: String(nanosNow()),
              traceId: hex(random, 32),
              attributes: [
                { key: 'event.name', value: { stringValue: 'tool_result' } },
                { key: 'tool_name', value: { stringValue: 'Bash' } },
                { key: 'duration_ms', value: { stringValue: '12' } },
                { key: 'session.id', value: { stringValue: hex(random, 8) } },
              ],
              body: { stringValue: 'claude_code.tool_result' },
            },
          ],
        },
      ],
    },
  ],
});

/** An `AnyValue` of lists, or of maps, within each other. */
function nestedValue(depth: number, asMap: boolean): Buffer {
  // Lengths are those of what lies within, so it is built from the inside; headers are gathered and joined once.
  const headers: Buffer[] = [];
  let length = 0;
  for (let i = 0; i < depth; i++) {
    const parts = asMap ? [bytesLength(2, length), bytesField(1, 'k')] : [];
    const inner = asMap ? (parts as [Buffer, Buffer]) : [];
    const body = asMap ? Buffer.concat([inner[1] as Buffer, inner[0] as Buffer]) : bytesLength(1, length);
    const list = asMap ? Buffer.concat([bytesLength(1, length + body.length), body]) : body;
    const header = Buffer.concat([bytesLength(asMap ? 6 : 5, length + list.length), list]);
    headers.push(header);
    length += header.length;
  }
  return Buffer.concat(headers.reverse());
}
const bytesLength = (field: number, length: number): Buffer => Buffer.concat([varint(field * 8 + 2), varint(length)]);

const nestedJson = (depth: number, open: string, shut: string, inner = '0'): string =>
  open.repeat(depth) + inner + shut.repeat(depth);

/** JSON as a whole with one value in a place where values stand. */
const jsonWithValue = (value: string, random: Random): string => {
  const { traceId, spanId } = garbageIds(random);
  const now = String(nanosNow());
  return `{"resourceSpans":[{"resource":{"attributes":[{"key":"agent.id","value":{"stringValue":"${SPOILED_AGENT}"}}]},"scopeSpans":[{"spans":[{"traceId":"${traceId}","spanId":"${spanId}","name":"chat","startTimeUnixNano":"${now}","endTimeUnixNano":"${now}","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.usage.input_tokens","value":${value}}]}]}]}]}`;
};

type Maker = (random: Random) => FuzzRequest;

const MAKERS: Readonly<Record<string, Maker>> = {
  'cut protobuf': (random) => protobuf('cut protobuf', cut(wholeProtobuf(random, SPOILED_AGENT), random)),
  'cut JSON': (random) => {
    const text = Buffer.from(JSON.stringify(wholeJson(random, FUZZ_AGENT)));
    return base('cut JSON', '/v1/traces', cut(text, random), JSON_TYPE);
  },
  'flipped protobuf': (random) => protobuf('flipped protobuf', flipped(wholeProtobuf(random, SPOILED_AGENT), random)),
  'flipped JSON': (random) =>
    base('flipped JSON', '/v1/traces', flipped(Buffer.from(JSON.stringify(wholeJson(random, SPOILED_AGENT))), random), JSON_TYPE),
  'flipped logs': (random) =>
    base('flipped logs', '/v1/logs', flipped(Buffer.from(JSON.stringify(logsJson(random))), random), JSON_TYPE),
  'wrong types': (random) => json('wrong types', spoil(wholeJson(random, SPOILED_AGENT), random)),
  'wrong types in logs': (random) => json('wrong types in logs', spoil(logsJson(random), random), '/v1/logs'),
  'strange values': (random) => json('strange values', random.of(STRANGE_JSON)),
  'random bytes': (random) =>
    base(
      'random bytes',
      random.of(['/v1/traces', '/v1/logs']),
      randomBytes(random, random.between(0, 2000)),
      random.of([PROTOBUF, JSON_TYPE]),
    ),
  'wrong signal': (random) => protobuf('wrong signal', wholeProtobuf(random, SPOILED_AGENT), '/v1/logs'),
  'wrong type': (random) => ({
    ...protobuf('wrong type', wholeProtobuf(random, FUZZ_AGENT)),
    type: random.of([
      JSON_TYPE,
      'text/plain',
      '',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/grpc',
      'a'.repeat(2000),
    ]),
  }),
  'wrong encoding': (random) => ({
    ...protobuf('wrong encoding', wholeProtobuf(random, FUZZ_AGENT)),
    headers: { 'content-encoding': random.of(['gzip', 'deflate', 'br', 'zstd', 'gzip, gzip', 'x'.repeat(500), 'identity;q=0']) },
  }),
  'spoiled gzip': (random) => {
    const packed =
      random.next() < 0.5 ? gzipSync(wholeProtobuf(random, SPOILED_AGENT)) : deflateSync(wholeProtobuf(random, SPOILED_AGENT));
    const body = random.next() < 0.5 ? cut(packed, random) : flipped(packed, random);
    return { ...protobuf('spoiled gzip', body), headers: { 'content-encoding': random.of(['gzip', 'deflate']) } };
  },
  'gzip bomb': (random) => ({
    ...protobuf('gzip bomb', random.next() < 0.5 ? BOMB : gzipSync(BOMB)),
    headers: { 'content-encoding': 'gzip' },
  }),
  'deep JSON': (random) => {
    const depth = random.of([100, 5000, 100_000, 1_000_000]);
    const [open, shut] = random.of([
      ['[', ']'],
      ['{"a":', '}'],
      ['{"resourceSpans":[', ']}'],
    ] as const);
    return json('deep JSON', nestedJson(depth, open, random.next() < 0.3 ? '' : shut));
  },
  'deep value in JSON': (random) => {
    const depth = random.of([10, 5000, 50_000]);
    const value =
      random.next() < 0.5
        ? nestedJson(depth, '{"arrayValue":{"values":[', ']}}', '{"intValue":"1"}')
        : nestedJson(depth, '{"kvlistValue":{"values":[{"key":"k","value":', '}]}}', '{"intValue":"1"}');
    return json('deep value in JSON', jsonWithValue(value, random));
  },
  'deep value in protobuf': (random) => {
    const value = nestedValue(random.of([10, 1000, 50_000]), random.next() < 0.5);
    const span = wireSpan(garbageIds(random), { more: [keyValue(9, 'gen_ai.usage.input_tokens', value)] });
    return protobuf('deep value in protobuf', wireRequest(SPOILED_AGENT, [span], [keyValue(9, 'x', value)]));
  },
  'huge counts': (random) => {
    const ids = garbageIds(random);
    const many = random.of([10_000, 200_000]);
    const of = (part: Uint8Array): Buffer => Buffer.concat(Array.from({ length: many }, () => part));
    return protobuf(
      'huge counts',
      random.of([
        () => wireRequest(SPOILED_AGENT, [wireSpan(ids, { more: [of(keyValue(9, 'gen_ai.tool.name', textValue('x')))] })]),
        () => wireRequest(SPOILED_AGENT, [wireSpan(ids, { more: [of(bytesField(11, bytesField(2, 'exception')))] })]),
        () => wireRequest(SPOILED_AGENT, [of(bytesField(2, ''))]),
        () => of(bytesField(1, '')),
        () => wireRequest(SPOILED_AGENT, [], [of(varintField(900_000, 1))]),
        () => bytesField(1, [of(bytesField(2, ''))]),
      ])(),
    );
  },
  'huge counts in JSON': (random) => {
    const many = random.of([10_000, 200_000]);
    const of = (text: string): string => `[${Array.from({ length: many }, () => text).join(',')}]`;
    return json(
      'huge counts in JSON',
      random.of([
        () => `{"resourceSpans":${of('{}')}}`,
        () => `{"resourceSpans":[{"scopeSpans":[{"spans":${of('{}')}}]}]}`,
        () => jsonWithValue(`{"arrayValue":{"values":${of('{"intValue":1}')}}}`, random),
        () => `{"resourceSpans":[{"resource":{"attributes":${of('{"key":"agent.id","value":{"stringValue":"x"}}')}}}]}`,
      ])(),
    );
  },
  'lying lengths': (random) => {
    const claimed = random.of([2n ** 31n, 2n ** 32n - 1n, 2n ** 63n, MAX_64, 5n, 0n]);
    const inner = wholeProtobuf(random, SPOILED_AGENT);
    return protobuf('lying lengths', random.of([lyingField(1, claimed, inner), bytesField(1, lyingField(2, claimed, inner))]));
  },
  'groups and unknown fields': (random) => {
    const unknown = [
      group(random.between(1, 50), varintField(1, 1)),
      varintField(random.between(17, 1000), MAX_64),
      bytesField(536_870_911, randomBytes(random, 20)),
      varint(0),
      Buffer.alloc(11, 0xff),
      Buffer.from([0x0e]),
      Buffer.from([0x0f]),
    ];
    return protobuf(
      'groups and unknown fields',
      wireRequest(SPOILED_AGENT, [wireSpan(garbageIds(random), { more: [random.of(unknown)] })], [random.of(unknown)]),
    );
  },
  'wrong wire types': (random) => {
    const field = random.between(1, 16);
    const wrong = random.of([
      varintField(field, 7),
      fixed64Field(field, 7n),
      bytesField(field, 'x'),
      doubleField(field, Number.NaN),
    ]);
    return protobuf('wrong wire types', wireRequest(SPOILED_AGENT, [wireSpan(garbageIds(random), { more: [wrong] })]));
  },
  'invalid UTF-8': (random) => {
    const bad = Buffer.from(random.of([[0xff, 0xfe], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0x80]]));
    const span = wireSpan(garbageIds(random), {
      more: [keyValue(9, bad, textValue(bad)), keyValue(9, 'gen_ai.tool.name', textValue(bad)), bytesField(5, bad)],
    });
    if (random.next() < 0.5) return protobuf('invalid UTF-8', wireRequest(SPOILED_AGENT, [span]));
    const text = Buffer.from(JSON.stringify(wholeJson(random, SPOILED_AGENT)).replace('search', 'se@@rch'));
    const at = Math.max(0, text.indexOf('@@'));
    return base('invalid UTF-8', '/v1/traces', Buffer.concat([text.subarray(0, at), bad, text.subarray(at + 2)]), JSON_TYPE);
  },
  'ids of a wrong length': (random) =>
    mixedProtobuf('ids of a wrong length', random, () => {
      const ids = garbageIds(random);
      const wrong = random.of([0, 1, 7, 9, 15, 17, 32, 4096]);
      return random.next() < 0.5
        ? wireSpan(ids, { spanId: randomBytes(random, wrong) })
        : wireSpan(ids, { traceId: Buffer.concat([Buffer.from(GARBAGE, 'hex'), randomBytes(random, wrong)]) });
    }),
  'wrong ids in JSON': (random) =>
    mixedJson('wrong ids in JSON', random, () => {
      const ids = garbageIds(random);
      const wrong = random.of([
        null,
        7,
        '',
        '0'.repeat(16),
        '0'.repeat(32),
        'g'.repeat(16),
        ids.spanId.slice(1),
        `${ids.traceId}0`,
        [],
        {},
        true,
        '../x',
      ]);
      return {
        ...jsonSpan(random, ids),
        ...(random.next() < 0.5
          ? { spanId: wrong }
          : { traceId: typeof wrong === 'string' && wrong.length === 16 ? 'x' : wrong }),
      };
    }),
  'no times': (random) =>
    mixedProtobuf('no times', random, () => wireSpan(garbageIds(random), random.next() < 0.5 ? { start: 0n } : { end: 0n })),
  'not a span': (random) => mixedJson('not a span', random, () => random.of([null, 7, '', [], 'span', true])),
  'strange times': (random) => {
    const ids = garbageIds(random);
    if (random.next() < 0.5) {
      const times = [1n, 999_999n, MAX_64, 2n ** 63n, nanosNow(), nanosNow() + 10n ** 17n];
      return protobuf(
        'strange times',
        wireRequest(SPOILED_AGENT, [wireSpan(ids, { start: random.of(times), end: random.of(times) })]),
      );
    }
    const of = (): unknown => random.of<unknown>([...TIMES, 0, -1, 1.5, Number(YEAR_9999), null, {}, []]);
    const span = { ...jsonSpan(random, ids), startTimeUnixNano: of(), endTimeUnixNano: of() };
    return json('strange times', otlpRequest([span], { 'agent.id': SPOILED_AGENT }));
  },
  'strange numbers': (random) => {
    const span = wireSpan(garbageIds(random), {
      more: [
        'gen_ai.usage.input_tokens',
        'gen_ai.usage.output_tokens',
        'gen_ai.usage.cost',
        'http.response.status_code',
        'retry_count',
      ].map((key) =>
        keyValue(
          9,
          key,
          random.next() < 0.7 ? doubleField(4, random.of(STRANGE_NUMBERS)) : varintField(3, random.of([-1n, MAX_64, 2n ** 63n])),
        ),
      ),
    });
    return protobuf('strange numbers', wireRequest(SPOILED_AGENT, [span]));
  },
  'double keys': (random) => {
    const { traceId, spanId } = garbageIds(random);
    const text = JSON.stringify(otlpRequest([jsonSpan(random, { traceId, spanId })], { 'agent.id': SPOILED_AGENT }));
    return json(
      'double keys',
      text.replace('"name":', `"__proto__":{"name":1},"spanId":7,"attributes":{},"name":"first","name":`),
    );
  },
};

const BOMB = gzipSync(Buffer.alloc(200 * 1024 * 1024));

export const FUZZ_KINDS = Object.keys(MAKERS);

export function fuzzRequest(random: Random, kind: string): FuzzRequest {
  const maker = MAKERS[kind];
  if (maker === undefined) throw new Error(`no such kind of garbage: ${kind}`);
  return maker(random);
}
