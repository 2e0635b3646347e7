import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ask, JSON_TYPE, openReceiver, PROTOBUF_TYPE, RecordingStoring, STORED, Wire } from './open-receiver.ts';

const head = (...headers: string[]): string =>
  ['POST /v1/traces HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', ...headers, '', ''].join('\r\n');
const FAST = { headersMs: 200, requestMs: 400, idleMs: 300 };

/** Storing that answers when it is told to. */
function heldStoring(): { storing: RecordingStoring; release: () => void; arrived: () => Promise<void> } {
  const waiting: (() => void)[] = [];
  const outcome = (): Promise<typeof STORED> => new Promise((resolve) => waiting.push(() => resolve(STORED)));
  return {
    storing: Object.assign(new RecordingStoring(), { outcome }),
    release: () => {
      for (const answer of waiting.splice(0)) answer();
    },
    arrived: async () => {
      while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe('a connection', () => {
  it('serves one request after the other', async () => {
    const storing = new RecordingStoring();
    const wire = new Wire(await openReceiver({ storing }));
    for (let i = 1; i <= 3; i++) {
      wire.received = '';
      wire.send(head('Content-Length: 2') + '{}');
      await wire.until(/HTTP\/1\.1 200 OK[^]*\{\}$/);
    }
    expect(storing.requests).toHaveLength(3);
    wire.socket.destroy();
  });

  it('answers requests that come without waiting in their order, whichever is stored first', async () => {
    const done: (() => void)[] = [];
    const outcome = (): Promise<typeof STORED> => new Promise((resolve) => done.push(() => resolve(STORED)));
    const storing = Object.assign(new RecordingStoring(), { outcome });
    const wire = new Wire(await openReceiver({ storing }));
    wire.send(head('Content-Length: 2') + '{}', '');
    wire.send('GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n');
    wire.send(head('Content-Length: 2') + '{}', '');
    while (done.length < 2) await new Promise((resolve) => setImmediate(resolve));
    done[1]!();
    done[0]!();
    const statuses = (await wire.until(/( 200 [^]*){2}\{\}$/)).match(/HTTP\/1\.1 \d+/g);
    expect(statuses).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
    wire.socket.destroy();
  });

  it('whose sender asks on and on without reading an answer is ended, and costs no page for each', async () => {
    let pages = 0;
    const slow = async () => {
      pages += 1;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return { status: 200 as const, contentType: 'text/plain', body: 'page' };
    };
    const wire = new Wire(
      await openReceiver({ pages: { livez: slow, healthz: slow, metrics: slow }, limits: { pipelined: 10 } }),
    );
    wire.send('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(10_000));
    // It may be reset: what it sent was not read.
    await new Promise((resolve) => wire.socket.once('close', resolve));
    expect(pages).toBe(10);
  });

  it('goes on after a request that was refused with its small body unread', async () => {
    const wire = new Wire(await openReceiver());
    wire.send('POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}');
    await wire.until('404');
    wire.send(head('Content-Length: 2') + '{}');
    await wire.until('200 OK');
    wire.socket.destroy();
  });

  it.each([
    ['says nothing', ''],
    ['stops within its headers', 'POST /v1/traces HTTP/1.1\r\nHost: loc'],
    ['stops within its body', `${head('Content-Length: 1000')}{`],
    ['stops within a chunk', `${head('Transfer-Encoding: chunked')}5\r\n{`],
  ])('that %s is ended', async (_, said) => {
    const receiver = await openReceiver({ limits: FAST });
    const wire = new Wire(receiver);
    wire.send(said);
    expect(await wire.ended()).toMatch(/^$|^HTTP\/1\.1 408/);
    await expect.poll(() => receiver.report()).toMatchObject({ connections: 0, bodyBytes: 0 });
  });

  it('that sends its headers one letter at a time is ended (slow loris), and others are served meanwhile', async () => {
    const receiver = await openReceiver({ limits: FAST });
    const wire = new Wire(receiver);
    wire.send('POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    const dripping = setInterval(() => wire.socket.write('a'), 10);
    expect(await ask(receiver, '/v1/traces', { headers: JSON_TYPE, body: '{}' })).toMatchObject({ status: 200 });
    expect(await wire.ended()).toMatch(/^HTTP\/1\.1 408/);
    clearInterval(dripping);
  });

  it('that sends its body one letter at a time is ended', async () => {
    const receiver = await openReceiver({ limits: FAST });
    const wire = new Wire(receiver);
    wire.send(head('Content-Length: 100000'));
    const dripping = setInterval(() => wire.socket.write('a'), 10);
    await wire.ended();
    clearInterval(dripping);
    await expect.poll(() => receiver.report()).toMatchObject({ aborted: 1, bodyBytes: 0 });
  });

  it('that is idle after its request is ended', async () => {
    const wire = new Wire(await openReceiver({ limits: FAST }));
    wire.send(head('Content-Length: 2') + '{}');
    await wire.until('200 OK');
    await wire.ended();
  });

  it('whose sender goes away within its body costs nothing and stores nothing', async () => {
    const storing = new RecordingStoring();
    const receiver = await openReceiver({ storing });
    for (let i = 0; i < 5; i++) {
      const wire = new Wire(receiver);
      wire.send(`${head('Content-Length: 300000')}${'x'.repeat(100_000)}`);
      await expect.poll(() => receiver.report().bodyBytes).toBeGreaterThanOrEqual(100_000);
      wire.socket.resetAndDestroy();
      await expect.poll(() => receiver.report().bodyBytes).toBe(0);
    }
    expect(receiver.report()).toMatchObject({ aborted: 5 });
    expect(storing.requests).toEqual([]);
  });

  it('whose sender goes away while its request is stored harms nobody', async () => {
    const { storing, release, arrived } = heldStoring();
    const receiver = await openReceiver({ storing });
    const wire = new Wire(receiver);
    wire.send(head('Content-Length: 2') + '{}');
    await arrived();
    wire.socket.resetAndDestroy();
    await expect.poll(() => receiver.report().connections).toBe(0);
    release();
    await expect.poll(() => receiver.report().bodyBytes).toBe(0);
    const other = ask(receiver, '/v1/traces', { headers: JSON_TYPE, body: '{}' });
    await arrived();
    release();
    expect(await other).toMatchObject({ status: 200 });
  });

  it('beyond the limit is closed as it comes, and counted', async () => {
    const receiver = await openReceiver({ limits: { connections: 2 } });
    const held = [new Wire(receiver), new Wire(receiver)];
    await expect.poll(() => receiver.report().connections).toBe(2);
    expect(await new Wire(receiver).ended()).toBe('');
    expect(receiver.report()).toMatchObject({ connections: 2, turnedAway: 1 });
    for (const { socket } of held) socket.destroy();
    await expect.poll(() => receiver.report().connections).toBe(0);
    expect(await ask(receiver, '/livez', { method: 'GET' })).toMatchObject({ status: 200 });
  });

  it.each([
    ['gRPC', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', { grpc: 1, tls: 0, other: 0 }],
    ['TLS', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01]), { grpc: 0, tls: 1, other: 0 }],
    ['nonsense', '\u0000\u0001\u0002 hello\r\n\r\n', { grpc: 0, tls: 0, other: 1 }],
  ])('that speaks %s is ended and counted as such', async (_, said, notHttp) => {
    const receiver = await openReceiver();
    const wire = new Wire(receiver);
    wire.socket.write(said);
    await wire.ended();
    expect(receiver.report().notHttp).toEqual(notHttp);
  });

  it.each([
    ['two lengths', head('Content-Length: 2', 'Content-Length: 3')],
    ['length and chunks', head('Content-Length: 2', 'Transfer-Encoding: chunked')],
    ['a negative length', head('Content-Length: -1')],
    ['an endless header', head(`X-Long: ${'x'.repeat(40_000)}`)],
    ['a chunk that is longer than it says', `${head('Transfer-Encoding: chunked')}1\r\nxxxx\r\n0\r\n\r\n`],
  ])('with %s is refused or ended, and nothing is stored', async (_, said) => {
    const storing = new RecordingStoring();
    const wire = new Wire(await openReceiver({ storing }));
    wire.send(said);
    expect(await wire.ended()).toMatch(/^$|^HTTP\/1\.1 4/);
    expect(storing.requests).toEqual([]);
  });

  it('with nonsense behind a request that waits gives that one no false answer', async () => {
    const { storing, arrived, release } = heldStoring();
    const wire = new Wire(await openReceiver({ storing }));
    wire.send(head('Content-Length: 2') + '{}');
    await arrived();
    wire.send('\u0000\u0001\r\n\r\n');
    expect(await wire.ended()).toBe('');
    release();
  });
});

describe('a sender that asks before it sends its body (Expect: 100-continue)', () => {
  it('is told to go on, once what its headers say is in order', async () => {
    const wire = new Wire(await openReceiver());
    wire.send(head('Content-Length: 2', 'Expect: 100-continue'));
    await wire.until('HTTP/1.1 100 Continue');
    wire.send('{}');
    await wire.until('HTTP/1.1 200 OK');
    wire.socket.destroy();
  });

  it.each([
    ['without the token', 401, ['Content-Length: 2']],
    ['of a page', 403, ['Content-Length: 2', 'X-Ai-Tracker-Token: t', 'Origin: https://evil.example']],
    ['packed otherwise', 415, ['Content-Length: 2', 'X-Ai-Tracker-Token: t', 'Content-Encoding: br']],
    ['too large', 413, ['Content-Length: 99999999', 'X-Ai-Tracker-Token: t']],
  ])('is refused at once: %s', async (_, status, headers) => {
    const wire = new Wire(await openReceiver({ token: 't' }));
    wire.send(head(...headers, 'Expect: 100-continue'));
    const answer = await wire.ended();
    expect(answer).toContain(`HTTP/1.1 ${status}`);
    expect(answer).not.toContain('100 Continue');
  });
});

describe('closing', () => {
  it('answers what is in flight, takes nothing new, and ends idle connections', async () => {
    const { storing, release, arrived } = heldStoring();
    const receiver = await openReceiver({ storing });
    const idle = new Wire(receiver);
    idle.send('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await idle.until('alive');
    const busy = new Wire(receiver);
    busy.send(head('Content-Length: 2') + '{}');
    await arrived();
    const closing = receiver.close();
    await idle.ended();
    await expect(ask(receiver, '/livez', { method: 'GET' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    release();
    expect(await busy.ended()).toMatch(/^HTTP\/1\.1 200 OK[^]*connection: close[^]*\{\}$/i);
    await closing;
    await receiver.close();
  });

  it('tells a request that comes on an open connection to come again', async () => {
    const { storing, release, arrived } = heldStoring();
    const receiver = await openReceiver({ storing });
    const wire = new Wire(receiver);
    wire.send(head('Content-Length: 2') + '{}');
    await arrived();
    const closing = receiver.close();
    wire.send(head('Content-Length: 2') + '{}');
    await expect.poll(() => receiver.report().refused).toEqual({ stopping: 1 });
    release();
    expect(await wire.ended()).toContain('HTTP/1.1 200 OK');
    await closing;
  });

  it('waits for what hangs only so long', async () => {
    const { storing, arrived, release } = heldStoring();
    const receiver = await openReceiver({ storing, limits: { closeMs: 100 } });
    const wire = new Wire(receiver);
    wire.send(head('Content-Length: 2') + '{}');
    await arrived();
    await receiver.close();
    expect(await wire.ended()).toBe('');
    release();
  });
});

describe('starting', () => {
  const start = (host: string, port: number) => openReceiver({ host, port });

  it('tells that a port is taken', async () => {
    const { port } = (await openReceiver()).address;
    await expect(start('127.0.0.1', port)).rejects.toMatchObject({
      name: 'ReceiverStartError',
      problem: 'in-use',
      message: `cannot listen on 127.0.0.1, port ${port}: something else listens there; stop it, or take another port`,
    });
  });

  it('tells that there is no such address or name', async () => {
    await expect(openReceiver({ host: '203.0.113.7', token: 't' })).rejects.toMatchObject({ problem: 'no-such-address' });
    await expect(start('no-such-name.invalid', 0)).rejects.toMatchObject({ problem: 'no-such-address' });
  });

  it('on a name listens on the address that was judged, and says it', async () => {
    const receiver = await start('localhost', 0);
    expect(receiver.address.url).toMatch(/^http:\/\/(127\.0\.0\.1|\[::1\]):\d+$/);
    expect(await ask(receiver, '/livez', { method: 'GET' })).toMatchObject({ status: 200 });
  });

  it('is possible again on the port at once after closing, which does not wait for who never asked', async () => {
    const first = await openReceiver();
    const wire = new Wire(first);
    await once(wire.socket, 'connect');
    const began = performance.now();
    await first.close();
    expect(performance.now() - began).toBeLessThan(5000);
    const second = await start('127.0.0.1', first.address.port);
    expect(await ask(second, '/v1/traces', { headers: PROTOBUF_TYPE })).toMatchObject({ status: 200 });
  });
});
