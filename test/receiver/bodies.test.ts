import { randomBytes } from 'node:crypto';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Receiver, ReceiverOptions } from '../../src/receiver/receiver.ts';
import { ask, JSON_TYPE, openReceiver, RecordingStoring, STORED, Wire } from './open-receiver.ts';

const PATH = '/v1/traces';
const MIB = 1024 * 1024;

async function open(limits: ReceiverOptions['limits'] = {}): Promise<{ receiver: Receiver; storing: RecordingStoring }> {
  const storing = new RecordingStoring();
  return { receiver: await openReceiver({ storing, limits }), storing };
}

const packed = (encoding: string, body: Uint8Array) => ({ headers: { ...JSON_TYPE, 'content-encoding': encoding }, body });

/** One that does not compress, and one that does; larger than any buffer on the way. */
const PLAIN = [Buffer.from('{}'), randomBytes(777_777), Buffer.alloc(3 * MIB, 'span ')];

describe('a body', () => {
  it.each([
    ['identity', (body: Buffer) => body],
    ['gzip', (body: Buffer) => gzipSync(body)],
    ['x-gzip', (body: Buffer) => gzipSync(body)],
    ['GZIP', (body: Buffer) => Buffer.concat([gzipSync(body.subarray(0, 1)), gzipSync(body.subarray(1))])],
    ['deflate', (body: Buffer) => deflateSync(body)],
    ['Deflate', (body: Buffer) => deflateRawSync(body)],
  ])('arrives whole in a buffer of its own, packed as %s', async (encoding, pack) => {
    const { receiver, storing } = await open();
    for (const body of PLAIN) expect(await ask(receiver, PATH, packed(encoding, pack(body)))).toMatchObject({ status: 200 });
    expect(
      storing.requests.map(({ body }) => Buffer.compare(body, PLAIN[storing.requests.findIndex((r) => r.body === body)]!)),
    ).toEqual([0, 0, 0]);
    for (const { body } of storing.requests) expect(body.byteLength).toBe(body.buffer.byteLength);
    expect(receiver.report().bodyBytes).toBe(0);
  });

  it('in chunks, down to a byte each, arrives whole', async () => {
    const { receiver, storing } = await open();
    const wire = new Wire(receiver);
    wire.send(`POST ${PATH} HTTP/1.1`, 'Host: localhost', 'Content-Type: application/json', 'Transfer-Encoding: chunked', '', '');
    const text = 'x'.repeat(100_000);
    wire.socket.write('1\r\nx\r\n'.repeat(text.length));
    wire.socket.write('0\r\n\r\n');
    await wire.until('HTTP/1.1 200 OK');
    expect(Buffer.from(storing.requests[0]!.body).toString()).toBe(text);
  });

  it.each(['br', 'zstd', 'compress', 'gzip, gzip', 'gzip;q=1', 'nonsense'])(
    'packed as %s is refused with 415 and what is taken',
    async (encoding) => {
      const { receiver, storing } = await open();
      const answer = await ask(receiver, PATH, packed(encoding, Buffer.from('{}')));
      expect(answer).toMatchObject({ status: 415, headers: { 'accept-encoding': 'gzip, deflate, identity' } });
      expect(storing.requests).toEqual([]);
    },
  );

  const GZIPPED = gzipSync(randomBytes(100_000));
  const corrupt = Buffer.from(GZIPPED);
  corrupt.fill(0xff, 20_000, 20_400);
  it.each<[string, string, Uint8Array]>([
    ['gzip', 'cut off', GZIPPED.subarray(0, 50_000)],
    ['gzip', 'cut off in its checksum', GZIPPED.subarray(0, GZIPPED.length - 3)],
    ['gzip', 'cut off in its header', GZIPPED.subarray(0, 5)],
    ['gzip', 'corrupt', corrupt],
    ['gzip', 'not packed at all', Buffer.from('{"resourceSpans":[]}')],
    ['gzip', 'empty', Buffer.alloc(0)],
    ['deflate', 'cut off', deflateSync(randomBytes(1000)).subarray(0, 500)],
    ['deflate', 'nonsense', randomBytes(1000).fill(0xff, 0, 10)],
  ])('that says %s and is %s is malformed: 400, and nothing is stored', async (encoding, _, body) => {
    const { receiver, storing } = await open();
    const answer = await ask(receiver, PATH, packed(encoding, body));
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      400,
      { code: 3, message: expect.stringContaining('cannot unpack') },
    ]);
    expect(storing.requests).toEqual([]);
    expect(receiver.report()).toMatchObject({ bodyBytes: 0, refused: { malformed: 1 } });
  });
});

describe('the limits of a body', () => {
  it('to the byte: what fits is taken, one more is refused with 413', async () => {
    const { receiver, storing } = await open({ bodyBytes: 200_000, unpackedBytes: 300_000 });
    expect(await ask(receiver, PATH, { headers: JSON_TYPE, body: Buffer.alloc(200_000) })).toMatchObject({ status: 200 });
    expect(await ask(receiver, PATH, { headers: JSON_TYPE, body: Buffer.alloc(200_001) })).toMatchObject({ status: 413 });
    expect(await ask(receiver, PATH, packed('gzip', gzipSync(Buffer.alloc(300_000))))).toMatchObject({ status: 200 });
    expect(await ask(receiver, PATH, packed('gzip', gzipSync(Buffer.alloc(300_001))))).toMatchObject({ status: 413 });
    expect(storing.requests.map(({ body }) => body.byteLength)).toEqual([200_000, 300_000]);
    expect(receiver.report()).toMatchObject({ bodyBytes: 0, refused: { 'too-large': 2 } });
  });

  it('a length that is declared too large is refused before a byte of it is sent', async () => {
    const { receiver } = await open();
    const wire = new Wire(receiver);
    wire.send(
      `POST ${PATH} HTTP/1.1`,
      'Host: localhost',
      'Content-Type: application/json',
      'Content-Length: 99999999999',
      '',
      '',
    );
    expect(await wire.until('more than 16777216 bytes')).toContain('HTTP/1.1 413');
    wire.socket.destroy();
  });

  it('a chunked body without end is refused at the limit; its sender reads why although it goes on sending, and is cut off', async () => {
    const { receiver } = await open({ bodyBytes: 100_000, lingerMs: 300 });
    const wire = new Wire(receiver);
    wire.send(`POST ${PATH} HTTP/1.1`, 'Host: localhost', 'Content-Type: application/json', 'Transfer-Encoding: chunked', '', '');
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    const sending = setInterval(() => wire.socket.write(chunk), 1);
    try {
      expect(await wire.ended()).toMatch(/^HTTP\/1\.1 413 .*connection: close.*more than 100000 bytes/is);
    } finally {
      clearInterval(sending);
    }
  });

  it('a gzip bomb is refused with 413 and costs no more than the limit, also when many come at once', {
    timeout: 120_000,
  }, async () => {
    const { receiver } = await open({ memoryBytes: 128 * MIB });
    const bomb = gzipSync(Buffer.alloc(1024 * MIB), { level: 9 });
    expect(bomb.byteLength).toBeLessThan(2 * MIB);
    global.gc?.();
    const before = process.memoryUsage().rss;
    let peak = before;
    const watching = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
    const answers = await Promise.all(Array.from({ length: 16 }, () => ask(receiver, PATH, packed('gzip', bomb))));
    clearInterval(watching);
    // Those that find the memory taken by the others are to come again, and are refused then.
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([413, 503]));
    expect((peak - before) / MIB).toBeLessThan(400);
    expect(receiver.report().bodyBytes).toBe(0);
    expect(await ask(receiver, PATH, packed('gzip', bomb))).toMatchObject({ status: 413 });
  });

  it('when bodies in flight fill the memory, further ones are to come again; once it is free they are taken', async () => {
    const waiting: (() => void)[] = [];
    const storing = Object.assign(new RecordingStoring(), {
      outcome: () => new Promise<typeof STORED>((resolve) => waiting.push(() => resolve(STORED))),
    });
    const receiver = await openReceiver({ storing, limits: { memoryBytes: 1_000_000 } });
    const body = { headers: JSON_TYPE, body: Buffer.alloc(600_000) };
    const first = ask(receiver, PATH, body);
    while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const refused = await ask(receiver, PATH, body);
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(JSON.parse(refused.text)).toMatchObject({ code: 14 });
    expect(receiver.report()).toMatchObject({ bodyBytes: 600_000, refused: { memory: 1 } });
    waiting.pop()!();
    expect(await first).toMatchObject({ status: 200 });
    const again = ask(receiver, PATH, body);
    while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
    waiting.pop()!();
    expect(await again).toMatchObject({ status: 200 });
  });
});
