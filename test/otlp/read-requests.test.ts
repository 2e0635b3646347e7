import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { describe, expect, it } from 'vitest';
import { decodeJson } from '../../src/otlp/decode-json.ts';
import { KEEP_KNOWN } from '../../src/otlp/decoded.ts';
import { readRequests } from '../../src/otlp/read-requests.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { sdkSpans } from './sdk-spans.ts';

const CAPTURE = readFileSync(new URL('../fixtures/otlp/hatchet/worker.otlp.json', import.meta.url), 'utf8');
const SPANS = decodeJson(CAPTURE).spans;

async function read(content: string | Uint8Array, options = KEEP_KNOWN) {
  const file = join(scratchFolder(), 'requests');
  writeFileSync(file, content);
  return collect(readRequests(file, Readable.from([]), options));
}
async function collect(requests: ReturnType<typeof readRequests>) {
  const all = { requests: 0, spans: [] as unknown[], logs: 0, problems: [] as string[] };
  for await (const { parts, problems } of requests) {
    all.requests++;
    all.problems.push(...problems);
    for (const { spans, logs, skippedLogs } of parts) {
      all.spans.push(...spans);
      all.logs += logs.length + skippedLogs;
    }
  }
  return all;
}

describe('a file of requests', () => {
  const pretty = JSON.stringify(JSON.parse(CAPTURE), null, 2);
  it.each<[string, string | Uint8Array, number]>([
    ['one request', CAPTURE, 1],
    ['one request over many lines', pretty, 1],
    ['a byte order mark and empty lines before it', `\ufeff\n \n${pretty}`, 1],
    ['one request a line', `${CAPTURE}\n${CAPTURE}\n`, 2],
    ['an array', `[${CAPTURE},\n${CAPTURE}]`, 2],
    ['gzipped lines', gzipSync(`${CAPTURE}\n${CAPTURE}`), 2],
    ['gzip members one after the other', Buffer.concat([gzipSync(`${CAPTURE}\n`), gzipSync(CAPTURE)]), 2],
  ])('may hold %s', async (_what, content, times) => {
    const all = await read(content);
    expect(all.problems).toEqual([]);
    expect(all.spans).toEqual(Array.from({ length: times }, () => SPANS).flat());
  });

  it('may hold protobuf, spans or log records, gzipped or not', async () => {
    const traces = ProtobufTraceSerializer.serializeRequest(sdkSpans()) as Uint8Array;
    for (const content of [traces, gzipSync(traces)]) {
      const all = await read(content);
      expect([all.spans.length, all.logs, all.problems]).toEqual([sdkSpans().length, 0, []]);
    }
    const record = {
      hrTime: [1_700_000_000, 5],
      hrTimeObserved: [1_700_000_000, 6],
      body: 'x',
      attributes: {},
      resource: sdkSpans()[0]!.resource,
      instrumentationScope: { name: 's' },
      droppedAttributesCount: 0,
    };
    const logs = ProtobufLogsSerializer.serializeRequest([record, record] as never) as Uint8Array;
    const all = await read(logs);
    expect([all.spans.length, all.logs, all.problems]).toEqual([0, 2, []]);
  });

  it('of protobuf whose length looks like a bracket is not taken for JSON', async () => {
    // An empty resource name of just the length that makes the request's first group 123 bytes, the code of `{`.
    const traceId = Buffer.alloc(16, 0xab);
    const spanId = Buffer.alloc(8, 0xcd);
    const field = (no: number, body: Uint8Array): Buffer => Buffer.concat([Buffer.from([no * 8 + 2, body.length]), body]);
    const time = (no: number): Buffer => Buffer.concat([Buffer.from([no * 8 + 1]), Buffer.from('0000000000000017', 'hex')]);
    const span = Buffer.concat([field(1, traceId), field(2, spanId), time(7), time(8)]);
    const groupOf = (name: string): Buffer => field(2, field(2, Buffer.concat([span, field(5, Buffer.from(name))])));
    const name = 'n'.repeat(123 - groupOf('').length);
    const request = field(1, groupOf(name));
    expect([request[0], request[1]]).toEqual([0x0a, 0x7b]);
    expect((await read(request)).spans).toMatchObject([{ name }]);
  });

  it('may come by a pipe, a byte at a time', async () => {
    const bytes = gzipSync(CAPTURE);
    const pipe = Readable.from([...bytes].map((byte) => Buffer.from([byte])));
    expect((await collect(readRequests('-', pipe, KEEP_KNOWN))).spans).toEqual(SPANS);
  });

  it('that is malformed in the middle loses nothing of the rest and says which line', async () => {
    const all = await read([CAPTURE, '{"resourceSpans":[{"na', 'Error: disk full', '{"resourceSpans":7}', CAPTURE].join('\n'));
    expect(all.spans).toHaveLength(2 * SPANS.length);
    expect(all.problems.map((problem) => problem.slice(0, 7))).toEqual(['line 2:', 'line 3:', 'line 4:']);
  });

  it('keeps the sound groups of a request whose frame is broken in another', async () => {
    const { resourceSpans } = JSON.parse(CAPTURE) as { resourceSpans: unknown[] };
    const all = await read(JSON.stringify({ resourceSpans: [7, ...resourceSpans, { scopeSpans: 'x' }] }));
    expect(all.spans).toEqual(SPANS);
    expect(all.problems).toHaveLength(2);
  });

  it.each([
    ['text', 'hello world\n'],
    ['JSON of another kind', '{"name":"x"}'],
    ['a picture', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
  ])('that is %s is told so', async (_what, content) => {
    const all = await read(content);
    expect(all.spans).toEqual([]);
    expect(all.problems.length).toBeGreaterThan(0);
  });

  it('that is empty holds nothing', async () => {
    for (const content of ['', '\n', '[]', '{}']) expect(await read(content)).toMatchObject({ spans: [], problems: [] });
  });

  it('whose gzip is cut off gives what came before, then the error of zlib', async () => {
    const lines = Array.from({ length: 40 }, () => CAPTURE).join('\n');
    const file = join(scratchFolder(), 'cut.gz');
    const bytes = gzipSync(lines);
    writeFileSync(file, bytes.subarray(0, bytes.length - 20));
    let requests = 0;
    const reading = async (): Promise<void> => {
      for await (const { parts } of readRequests(file, Readable.from([]), KEEP_KNOWN)) requests += parts.length;
    };
    await expect(reading()).rejects.toMatchObject({ code: expect.stringMatching(/^Z_|ERR_/) });
    expect(requests).toBeGreaterThan(30);
  });

  it('that does not exist is the error of the disk', async () => {
    const nothing = collect(readRequests(join(scratchFolder(), 'none'), Readable.from([]), KEEP_KNOWN));
    await expect(nothing).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('keeps the attributes that are asked for', async () => {
    const all = await read(CAPTURE, { ...KEEP_KNOWN, keepsAttribute: (key) => key === 'hatchet.payload' });
    expect(all.spans).toContainEqual(expect.objectContaining({ attributes: { 'hatchet.payload': '{"n":1}' } }));
  });
});
