import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Forwarding } from '../../src/forward/forwarding.ts';
import { parseRecordName } from '../../src/forward/record-name.ts';
import { freePort, says, targetServer, took } from '../support/forward-target.ts';
import { forwardingIn, traces } from '../support/forwarding-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

/** Every file below the folder, with its path in it. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const recordsIn = (folder: string): string[] => filesIn(folder).filter((file) => file.endsWith('.otlp'));
const untilForwarded = (forwarding: Forwarding, count: number): Promise<unknown> =>
  vi.waitFor(() => expect(forwarding.report().forwarded).toBe(count), { timeout: 20_000, interval: 5 });
const bodies = (target: { arrived: readonly { body: Buffer }[] }): string[] => target.arrived.map(({ body }) => body.toString());

test('a target that wants to speak another protocol (101) is said, and neither holds up what waits nor the end', async () => {
  const target = await targetServer();
  target.onHead = (_, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
  const forwarding = await forwardingIn(scratchFolder(), { traces: { url: target.url('/v1/traces'), headers: {} } });
  await forwarding.offer(traces('body'));
  await vi.waitFor(() => expect(forwarding.report().trouble).toContain('HTTP 101; check AI_TRACKER_FORWARD_ENDPOINT'));
  expect(forwarding.report().waiting.requests).toBe(1);
  await forwarding.close();
});

test('a clock that is set back does not keep what waits from a target that is back', async () => {
  let skewMs = 0;
  const { now } = Date;
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + skewMs);
  onTestFinished(() => clock.mockRestore());
  const target = await targetServer();
  target.answer = says(503);
  const forwarding = await forwardingIn(scratchFolder(), { traces: { url: target.url('/v1/traces'), headers: {} } });
  await forwarding.offer(traces('body'));
  await vi.waitFor(() => expect(forwarding.report().trouble).toContain('503'));
  skewMs = -86_400_000;
  target.answer = took;
  await untilForwarded(forwarding, 1);
});

describe('what arrives at the target', () => {
  test('is the body byte for byte, with its content type and encoding and the target’s headers', async () => {
    const target = await targetServer();
    const headers = { 'x-key': 'k', authorization: 'Bearer b' };
    const targets = { traces: { url: target.url('/otel/v1/traces?team=7'), headers } };
    const forwarding = await forwardingIn(scratchFolder(), targets, { beatMs: 3_600_000 });
    const gzipped = gzipSync(Buffer.from(Array.from({ length: 5000 }, (_, n) => n % 251)));
    await forwarding.offer(traces(gzipped, { contentEncoding: 'gzip' }));
    await untilForwarded(forwarding, 1);
    const [found] = target.arrived;
    expect(found?.body.equals(gzipped)).toBe(true);
    expect(found?.path).toBe('/otel/v1/traces?team=7');
    expect(found?.headers).toEqual({
      ...headers,
      host: `127.0.0.1:${target.port}`,
      connection: 'keep-alive',
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      'content-length': String(gzipped.length),
      'user-agent': expect.stringMatching(/^ai-tracker-otel\/\d/) as string,
      'x-ai-tracker-forwarded': forwarding.instance,
    });
  });

  test('has no content encoding where none came, and keeps parameters of its type, newlines in the body and an empty body', async () => {
    const target = await targetServer();
    const forwarding = await forwardingIn(scratchFolder(), { traces: { url: target.url('/v1/traces'), headers: {} } });
    await forwarding.offer(traces('{\n"a":\n1}\n', { contentType: 'application/json; charset=utf-8' }));
    await untilForwarded(forwarding, 1);
    await forwarding.offer(traces(''));
    await untilForwarded(forwarding, 2);
    expect(bodies(target)).toEqual(['{\n"a":\n1}\n', '']);
    expect(target.arrived[0]?.headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8' });
    expect(target.arrived[0]?.headers).not.toHaveProperty('content-encoding');
  });

  test('goes to its signal’s address; a signal without one is not taken', async () => {
    const target = await targetServer();
    const forwarding = await forwardingIn(scratchFolder(), {
      traces: { url: target.url('/t'), headers: {} },
      logs: { url: target.url('/l'), headers: {} },
    });
    for (const signal of ['traces', 'logs', 'metrics'] as const) await forwarding.offer(traces(signal, { signal }));
    await untilForwarded(forwarding, 2);
    expect(target.arrived.map(({ path, body }) => `${path} ${body}`).sort()).toEqual(['/l logs', '/t traces']);
    expect((['traces', 'logs', 'metrics'] as const).map((signal) => forwarding.takes(signal))).toEqual([true, true, false]);
    expect(forwarding.report()).toMatchObject({ dropped: {}, waiting: { requests: 0 } });
  });

  test('names the receivers that it passed', async () => {
    const target = await targetServer();
    const forwarding = await forwardingIn(scratchFolder(), { traces: { url: target.url('/'), headers: {} } });
    await forwarding.offer(traces('a', { forwardedBy: '1-aaaaaaaa' }));
    await untilForwarded(forwarding, 1);
    expect(target.arrived[0]?.headers['x-ai-tracker-forwarded']).toBe(`1-aaaaaaaa, ${forwarding.instance}`);
  });
});

describe('a target that fails', () => {
  test('gets everything in order when it is back, and nothing is left on disk', async () => {
    const folder = scratchFolder();
    const port = await freePort();
    const url = new URL(`http://127.0.0.1:${port}/v1/traces`);
    const forwarding = await forwardingIn(folder, { traces: { url, headers: {} } });
    const sent = Array.from({ length: 20 }, (_, n) => `body ${n}`);
    const before = Date.now();
    for (const body of sent) await forwarding.offer(traces(body));
    await vi.waitFor(() => expect(forwarding.report().trouble).toContain('ECONNREFUSED'), { interval: 5 });
    const { trouble, waiting, forwarded } = forwarding.report();
    expect(trouble).toContain(`cannot forward traces to http://127.0.0.1:${port}/v1/traces`);
    expect(waiting).toMatchObject({ requests: 20, bytes: 20 * 4096 });
    expect(waiting.oldestMs).toBeGreaterThanOrEqual(before);
    expect(forwarded).toBe(0);

    const target = await targetServer(port);
    await untilForwarded(forwarding, 20);
    expect(bodies(target)[0]).toBe('body 0');
    expect(new Set(bodies(target))).toEqual(new Set(sent));
    expect(target.arrived).toHaveLength(20);
    expect(forwarding.report()).toMatchObject({
      waiting: { requests: 0, bytes: 0, oldestMs: null },
      dropped: {},
      trouble: null,
      lastLoss: null,
    });
    expect(recordsIn(folder)).toEqual([]);
  });

  test('gets the whole body again after it died in the middle of it', async () => {
    const target = await targetServer();
    let died = 0;
    target.onHead = (request) => {
      if (died > 0) return false;
      died += 1;
      request.once('data', () => request.socket.destroy());
      return true;
    };
    const forwarding = await forwardingIn(scratchFolder(), { traces: { url: target.url('/'), headers: {} } });
    const large = Buffer.alloc(3_000_000, 'abc');
    await forwarding.offer(traces(large));
    await untilForwarded(forwarding, 1);
    expect(died).toBe(1);
    expect(target.arrived.map(({ body }) => body.equals(large))).toEqual([true]);
  });

  test('is left alone for as long as Retry-After says', async () => {
    const target = await targetServer();
    target.answer = (response, _request, n) =>
      n === 0 ? response.writeHead(503, { 'retry-after': '1' }).end() : response.writeHead(200).end();
    const forwarding = await forwardingIn(scratchFolder(), { traces: { url: target.url('/'), headers: {} } });
    await forwarding.offer(traces('a'));
    await vi.waitFor(() => expect(target.arrived).toHaveLength(1), { interval: 2 });
    await forwarding.offer(traces('b'));
    await untilForwarded(forwarding, 2);
    expect(bodies(target)).toEqual(['a', 'a', 'b']);
    expect((target.arrived[1]?.atMs ?? 0) - (target.arrived[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(990);
  });

  test('that gives no answer is given up after a while, and tried again', async () => {
    const target = await targetServer();
    target.answer = (response, request, n) => (n === 0 ? undefined : took(response, request, n));
    const forwarding = await forwardingIn(scratchFolder(), { traces: { url: target.url('/'), headers: {} } }, { timeoutMs: 50 });
    await forwarding.offer(traces('a'));
    await vi.waitFor(() => expect(forwarding.report().trouble).toContain('no answer within 0.05 s'), { interval: 1 });
    await untilForwarded(forwarding, 1);
    expect(bodies(target)).toEqual(['a', 'a']);
  });

  test('that closes an idle connection under a request costs no wait', async () => {
    const target = await targetServer();
    const used = new Set<unknown>();
    target.onHead = (_request, socket) => {
      const again = used.has(socket);
      used.add(socket);
      if (again) socket.destroy();
      return again;
    };
    const backOff = { firstMs: 3_600_000, maxMs: 3_600_000 };
    const forwarding = await forwardingIn(scratchFolder(), { traces: { url: target.url('/'), headers: {} } }, { backOff });
    for (const [n, body] of ['a', 'b', 'c'].entries()) {
      await forwarding.offer(traces(body));
      await untilForwarded(forwarding, n + 1);
    }
    expect(bodies(target)).toEqual(['a', 'b', 'c']);
    expect(used.size).toBeGreaterThan(1);
  });

  test('of one signal does not hold up another', async () => {
    const target = await targetServer();
    const dead = new URL(`http://127.0.0.1:${await freePort()}/`);
    const forwarding = await forwardingIn(scratchFolder(), {
      traces: { url: target.url('/'), headers: {} },
      logs: { url: dead, headers: {} },
    });
    await forwarding.offer(traces('log', { signal: 'logs' }));
    await vi.waitFor(() => expect(forwarding.report().trouble).not.toBeNull(), { interval: 5 });
    await forwarding.offer(traces('trace'));
    await untilForwarded(forwarding, 1);
    expect(forwarding.report()).toMatchObject({
      waiting: { requests: 1 },
      trouble: expect.stringContaining('cannot forward logs') as string,
    });
  });
});

describe('a target that refuses', () => {
  test('one body loses that body only, counted and said', async () => {
    const folder = scratchFolder();
    const target = await targetServer();
    target.answer = (response, request, n) =>
      request.body.toString() === 'bad' ? says(400, 'not \u001b[31ma span')(response, request, n) : took(response, request, n);
    const forwarding = await forwardingIn(folder, { traces: { url: target.url('/'), headers: {} } });
    for (const body of ['a', 'bad', 'b']) await forwarding.offer(traces(body));
    await untilForwarded(forwarding, 2);
    await vi.waitFor(() => expect(forwarding.report().waiting.requests).toBe(0), { interval: 5 });
    expect(bodies(target).sort()).toEqual(['a', 'b', 'bad']);
    expect(forwarding.report()).toMatchObject({ dropped: { refused: 1 }, trouble: null });
    expect(forwarding.report().lastLoss).toContain('HTTP 400 “not [31ma span”');
    expect(recordsIn(folder)).toEqual([]);
  });

  test.each([401, 403, 404, 302])('every body with %i loses none: it waits for somebody to mend the settings', async (code) => {
    const folder = scratchFolder();
    const target = await targetServer();
    const elsewhere = await targetServer();
    target.answer = says(code, 'the key very-secret-key is unknown', { location: elsewhere.url('/').href });
    const headers = { authorization: 'Bearer very-secret-key' };
    const forwarding = await forwardingIn(folder, { traces: { url: target.url('/v1/traces'), headers } });
    await forwarding.offer(traces('a'));
    await vi.waitFor(() => expect(forwarding.report().trouble).not.toBeNull(), { interval: 5 });
    const { trouble, waiting, dropped } = forwarding.report();
    expect(trouble).toContain(`HTTP ${code} “the key *** is unknown”; `);
    expect(trouble).toContain('AI_TRACKER_FORWARD_');
    expect(waiting.requests).toBe(1);
    expect(dropped).toEqual({});
    expect(elsewhere.arrived).toEqual([]);
    await forwarding.close();

    target.answer = took;
    const mended = await forwardingIn(folder, { traces: { url: target.url('/v1/traces'), headers: {} } });
    await untilForwarded(mended, 1);
  });

  test('with 500 whatever it is sent loses nothing', async () => {
    const target = await targetServer();
    target.answer = says(500);
    const forwarding = await forwardingIn(scratchFolder(), { traces: { url: target.url('/'), headers: {} } });
    for (const body of ['a', 'b']) await forwarding.offer(traces(body));
    await vi.waitFor(() => expect(target.arrived.length).toBeGreaterThan(10), { timeout: 20_000, interval: 5 });
    expect(forwarding.report()).toMatchObject({ waiting: { requests: 2 }, dropped: {} });
    target.answer = took;
    await untilForwarded(forwarding, 2);
  });

  test('with 500 one body at every attempt while it takes others loses that one', async () => {
    const target = await targetServer();
    target.answer = (response, request, n) => (request.body.toString() === 'poison' ? says(500) : took)(response, request, n);
    const forwarding = await forwardingIn(scratchFolder(), { traces: { url: target.url('/'), headers: {} } });
    await forwarding.offer(traces('poison'));
    await vi.waitFor(() => expect(target.arrived.length).toBeGreaterThan(0), { interval: 5 });
    await forwarding.offer(traces('good'));
    await vi.waitFor(() => expect(forwarding.report()).toMatchObject({ forwarded: 1, dropped: { refused: 1 } }), {
      timeout: 20_000,
      interval: 5,
    });
    expect(bodies(target).filter((body) => body === 'poison').length).toBeGreaterThanOrEqual(3);
    expect(forwarding.report()).toMatchObject({ waiting: { requests: 0 }, trouble: null });
  });

  test('some spans of a body that it takes is said, and the body is not sent again', async () => {
    const target = await targetServer();
    target.answer = says(200, '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}', {
      'content-type': 'application/json',
    });
    const forwarding = await forwardingIn(scratchFolder(), { traces: { url: target.url('/'), headers: {} } });
    await forwarding.offer(traces('a'));
    await untilForwarded(forwarding, 1);
    expect(forwarding.report().lastLoss).toContain('rejected 3 spans in it: “too old”');
    expect(target.arrived).toHaveLength(1);
    await forwarding.offer(traces('b'));
    await untilForwarded(forwarding, 2);
    expect(forwarding.report()).toMatchObject({ rejected: { traces: 6 }, dropped: {}, waiting: { requests: 0 } });
  });
});

describe('bounds', () => {
  const deadTarget = async (): Promise<URL> => new URL(`http://127.0.0.1:${await freePort()}/`);

  test('a full queue drops what comes last, counted and said, and what waits arrives', async () => {
    const target = await targetServer();
    target.answer = says(503);
    const forwarding = await forwardingIn(
      scratchFolder(),
      { traces: { url: target.url('/'), headers: {} } },
      { maxMb: 40 / 1024 },
    );
    for (let n = 0; n < 12; n++) await forwarding.offer(traces(`body ${n}`));
    expect(forwarding.report()).toMatchObject({
      waiting: { requests: 10, bytes: 40 * 1024 },
      dropped: { queue_full: 2 },
      lastLoss: expect.stringContaining('AI_TRACKER_FORWARD_MAX_MB') as string,
    });
    target.answer = took;
    await untilForwarded(forwarding, 10);
    await vi.waitFor(() => expect(forwarding.report().waiting.requests).toBe(0), { interval: 5 });
    await forwarding.offer(traces('later'));
    await untilForwarded(forwarding, 11);
    const taken = new Set(bodies(target));
    expect([...taken].filter((body) => body === 'body 10' || body === 'body 11')).toEqual([]);
    expect(taken.size).toBe(11);
  });

  test('what waits for longer than it may is dropped, counted and said', async () => {
    const folder = scratchFolder();
    const url = await deadTarget();
    const forwarding = await forwardingIn(folder, { traces: { url, headers: {} } }, { maxHours: 0.1 / 3600 });
    await forwarding.offer(traces('a'));
    await vi.waitFor(() => expect(forwarding.report().dropped).toEqual({ expired: 1 }), { interval: 5 });
    expect(forwarding.report()).toMatchObject({
      waiting: { requests: 0, bytes: 0 },
      lastLoss: expect.stringContaining('AI_TRACKER_FORWARD_HOURS') as string,
    });
    await vi.waitFor(() => expect(recordsIn(folder)).toEqual([]), { interval: 5 });
  });

  test('a folder that takes nothing loses what comes, counted and said; the offer resolves', async () => {
    const folder = join(scratchFolder(), 'file');
    writeFileSync(folder, '');
    const url = await deadTarget();
    const forwarding = await forwardingIn(folder, { traces: { url, headers: {} } });
    await forwarding.offer(traces('a'));
    expect(forwarding.report()).toMatchObject({
      waiting: { requests: 0, bytes: 0 },
      dropped: { disk: 1 },
      trouble: expect.stringContaining(`cannot keep requests to forward in ${folder}`) as string,
    });
  });

  test('a folder that somebody removes is made again, and what lay in it is counted', async () => {
    const folder = scratchFolder();
    const target = await targetServer();
    target.answer = says(503, '', { 'retry-after': '1' });
    const forwarding = await forwardingIn(folder, { traces: { url: target.url('/'), headers: {} } });
    await forwarding.offer(traces('a'));
    await vi.waitFor(() => expect(target.arrived).toHaveLength(1), { interval: 5 });
    rmSync(folder, { recursive: true, maxRetries: 10 });
    target.answer = took;
    await forwarding.offer(traces('b'));
    await untilForwarded(forwarding, 1);
    await vi.waitFor(() => expect(forwarding.report()).toMatchObject({ dropped: { removed: 1 }, trouble: null }), {
      interval: 5,
    });
    expect(bodies(target)).toEqual(['a', 'b']);
  });

  test('a target that does not answer costs no memory: bodies wait on disk', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const target = await targetServer();
    target.onHead = () => true;
    const forwarding = await forwardingIn(scratchFolder(), { traces: { url: target.url('/'), headers: {} } });
    collect();
    const before = process.memoryUsage().arrayBuffers;
    for (let n = 0; n < 200; n++) await forwarding.offer(traces(Buffer.alloc(1_048_576, n)));
    collect();
    expect(forwarding.report().waiting.requests).toBe(200);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1_048_576);
  });
});

describe('on disk', () => {
  test('records are their owner’s only, hold what came, and never the target’s headers or address', async () => {
    const folder = join(scratchFolder(), 'deep', 'queue');
    const target = await targetServer();
    target.answer = says(503);
    const headers = { authorization: 'Bearer very-secret-key' };
    const forwarding = await forwardingIn(folder, { traces: { url: target.url('/secret-path'), headers } });
    await forwarding.offer(traces('the body'));
    const files = filesIn(folder);
    expect(files.filter((file) => file.endsWith('.otlp'))).toHaveLength(1);
    for (const file of files) {
      expect(statSync(file).mode & 0o777, file).toBe(0o600);
      expect(readFileSync(file, 'latin1'), file).not.toMatch(/secret/);
    }
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, forwarding.instance)).mode & 0o777).toBe(0o700);
  });

  test('what waits at close goes on at the next start, with fsync too', async () => {
    const folder = scratchFolder();
    const target = await targetServer();
    target.answer = says(503);
    const targets = { traces: { url: target.url('/'), headers: {} } };
    const first = await forwardingIn(folder, targets, { fsync: true });
    for (const body of ['a', 'b', 'c']) await first.offer(traces(body, { contentEncoding: 'gzip' }));
    await first.close();
    await first.close();
    await first.offer(traces('after the close'));
    const seen = target.arrived.length;
    target.answer = took;
    const second = await forwardingIn(folder, targets);
    await untilForwarded(second, 4);
    expect(bodies(target).slice(seen).sort()).toEqual(['a', 'after the close', 'b', 'c']);
    expect(target.arrived.at(-1)?.headers['content-encoding'] ?? 'gzip').toBe('gzip');
    await second.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('what waits for a target that is set no more is kept, said, and does not hold up the rest', async () => {
    const folder = scratchFolder();
    const target = await targetServer();
    target.answer = says(503);
    const both = { traces: { url: target.url('/t'), headers: {} }, metrics: { url: target.url('/m'), headers: {} } };
    const first = await forwardingIn(folder, both);
    for (const signal of ['traces', 'metrics'] as const) await first.offer(traces(signal, { signal }));
    await first.close();
    target.answer = took;
    const second = await forwardingIn(folder, { traces: both.traces });
    await untilForwarded(second, 1);
    expect(second.report().trouble).toContain('1 request waits in');
    expect(second.report().trouble).toContain('for a target of metrics');
    await second.close();
    const third = await forwardingIn(folder, both);
    await untilForwarded(third, 1);
    expect(third.report().trouble).toBeNull();
  });

  test('a record is sent once where the close comes while it is on its way', async () => {
    const folder = scratchFolder();
    const target = await targetServer();
    let release = (): void => undefined;
    target.answer = (response, request, n) => {
      release = () => took(response, request, n);
    };
    const forwarding = await forwardingIn(folder, { traces: { url: target.url('/'), headers: {} } }, { graceMs: 10_000 });
    await forwarding.offer(traces('a'));
    await vi.waitFor(() => expect(target.arrived).toHaveLength(1), { interval: 2 });
    const closed = forwarding.close();
    setTimeout(release, 50);
    await closed;
    expect(forwarding.report()).toMatchObject({ forwarded: 1, waiting: { requests: 0 } });
    expect(recordsIn(folder)).toEqual([]);
  });

  test('a target that never answers does not hold the close up', async () => {
    const folder = scratchFolder();
    const target = await targetServer();
    target.onHead = () => true;
    const forwarding = await forwardingIn(folder, { traces: { url: target.url('/'), headers: {} } }, { graceMs: 50 });
    await forwarding.offer(traces('a'));
    const before = performance.now();
    await forwarding.close();
    expect(performance.now() - before).toBeLessThan(2000);
    expect(recordsIn(folder)).toHaveLength(1);
  });

  test('torn and foreign records are set aside and counted, the others arrive', async () => {
    const folder = scratchFolder();
    const target = await targetServer();
    target.answer = says(503);
    const targets = { traces: { url: target.url('/'), headers: {} } };
    const first = await forwardingIn(folder, targets);
    for (const body of ['torn', 'garbled', 'whole']) await first.offer(traces(body));
    await first.close();
    const records = recordsIn(folder).sort();
    const [torn = '', garbled = ''] = records;
    truncateSync(torn, 3);
    writeFileSync(garbled, Buffer.alloc(statSync(garbled).size, 0));
    const seen = target.arrived.length;
    target.answer = took;
    const second = await forwardingIn(folder, targets);
    await vi.waitFor(() => expect(second.report()).toMatchObject({ forwarded: 1, dropped: { unreadable: 2 } }), { interval: 5 });
    expect(bodies(target).slice(seen)).toEqual(['whole']);
    expect(readdirSync(join(folder, 'bad')).every((name) => parseRecordName(name) !== null)).toBe(true);
    expect(readdirSync(join(folder, 'bad'))).toHaveLength(2);
    expect(second.report()).toMatchObject({ waiting: { requests: 0, bytes: 0 } });
  });
});
