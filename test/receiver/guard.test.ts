import { describe, expect, it } from 'vitest';
import { ReceiverStartError } from '../../src/receiver/receiver.ts';
import { ask, JSON_TYPE, openReceiver, RecordingStoring, Wire } from './open-receiver.ts';

const TRACES = '/v1/traces';
const PAGES = ['/livez', '/healthz', '/metrics'];
const TOKEN = 'a-secret-of-the-team';
const post = (headers: Record<string, string> = {}) => ({ headers: { ...JSON_TYPE, ...headers }, body: '{}' });

describe('where it listens on loopback', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1:4318',
    'localhost',
    'LOCALHOST:4318',
    'localhost.',
    '127.8.9.10:1',
    '[::1]:4318',
    '[0:0:0:0:0:0:0:1]',
  ])('a request to Host %s is taken', async (host) => {
    expect(await ask(await openReceiver(), TRACES, post({ host }))).toMatchObject({ status: 200 });
  });

  it.each([
    'rebound.example',
    'rebound.example:4318',
    'localhost.rebound.example',
    '127.0.0.1.rebound.example',
    'rebound@localhost',
    '192.168.0.7',
    '2130706433',
    '[::2]',
  ])('a request to Host %j, a name rebound to us, is refused on every route and nothing is stored', async (host) => {
    const storing = new RecordingStoring();
    const receiver = await openReceiver({ storing });
    for (const path of [TRACES, '/v1/hooks/claude-code', '/nowhere']) {
      expect(await ask(receiver, path, post({ host }))).toMatchObject({ status: 403 });
    }
    for (const path of PAGES)
      expect(await ask(receiver, path, { method: 'GET', headers: { host } })).toMatchObject({ status: 403 });
    expect(storing.requests).toEqual([]);
    expect(receiver.report().refused).toEqual({ host: 6 });
  });

  it('a target that names another host is judged by the Host header', async () => {
    const wire = new Wire(await openReceiver());
    wire.send('GET http://localhost/livez HTTP/1.1', 'Host: rebound.example', '', '');
    expect(await wire.until('listens for its own machine')).toContain('HTTP/1.1 403');
  });

  it('a request of HTTP/1.0 without Host is refused', async () => {
    const wire = new Wire(await openReceiver());
    wire.send('GET /livez HTTP/1.0', '', '');
    expect(await wire.ended()).toContain('HTTP/1.1 403');
  });

  it('names that are allowed are taken, with any port, in any case', async () => {
    const receiver = await openReceiver({ allowHosts: ['host.docker.internal:4318', 'Gateway'] });
    for (const host of ['host.docker.internal', 'HOST.docker.internal:9', 'gateway']) {
      expect(await ask(receiver, TRACES, post({ host }))).toMatchObject({ status: 200 });
    }
    expect(await ask(receiver, TRACES, post({ host: 'docker.internal' }))).toMatchObject({ status: 403 });
  });

  it('what is no host name cannot be allowed', async () => {
    await expect(openReceiver({ allowHosts: ['http://gateway/'] })).rejects.toThrow(/cannot allow the host "http:\/\/gateway\/"/);
  });

  it('the answer quotes a hostile Host without what a terminal obeys', async () => {
    const wire = new Wire(await openReceiver());
    wire.socket.write(Buffer.from('GET /livez HTTP/1.1\r\nHost: a\u009b31m"b\r\n\r\n', 'latin1'));
    const answer = await wire.until('own machine');
    expect(answer).toContain('a?31m?b');
    expect(answer).not.toContain('\u009b');
  });
});

describe('a browser', () => {
  it('cannot post across sites: a request with an Origin is refused, before its body is read', async () => {
    const storing = new RecordingStoring();
    const receiver = await openReceiver({ storing });
    for (const origin of ['https://evil.example', 'null', 'http://localhost:4318']) {
      const answer = await ask(receiver, TRACES, {
        headers: { 'content-type': 'text/plain', origin },
        body: '{"resourceSpans":[]}',
      });
      expect(answer).toMatchObject({ status: 403 });
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
    const preflight = { method: 'OPTIONS', headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' } };
    expect(await ask(receiver, TRACES, preflight)).toMatchObject({ status: 403 });
    expect(await ask(receiver, '/metrics', { method: 'GET', headers: { origin: 'https://evil.example' } })).toMatchObject({
      status: 403,
    });
    expect(storing.requests).toEqual([]);
  });
});

describe('the token', () => {
  it('is wanted for an address that others reach, else it does not start', async () => {
    for (const host of ['0.0.0.0', '::']) {
      const refused = openReceiver({ host });
      await expect(refused).rejects.toBeInstanceOf(ReceiverStartError);
      await expect(refused).rejects.toMatchObject({ problem: 'token-missing' });
    }
  });

  it.each(['', 'two words', 'snowman☃', 'line\nbreak'])('%j is no token', async (token) => {
    await expect(openReceiver({ token })).rejects.toMatchObject({ problem: 'token-unusable' });
  });

  it.each([
    ['Authorization', { authorization: `Bearer ${TOKEN}` }],
    ['Authorization in lower case', { authorization: `bearer ${TOKEN}` }],
    ['Authorization that was left percent-encoded', { authorization: `Bearer%20${TOKEN}` }],
    ['a header of ours', { 'x-ai-tracker-token': TOKEN }],
    ['a header of ours beside another Authorization', { authorization: 'Basic dXNlcjpwYXNz', 'x-ai-tracker-token': TOKEN }],
  ])('is taken from %s, on loopback and elsewhere', async (_, headers) => {
    for (const host of ['127.0.0.1', '0.0.0.0']) {
      const receiver = await openReceiver({ host, token: TOKEN });
      expect(await ask(receiver, TRACES, post(headers))).toMatchObject({ status: 200 });
    }
  });

  it.each([
    ['none', {}],
    ['another', { authorization: 'Bearer another' }],
    ['a part of it', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ['one that begins with it', { authorization: `Bearer ${TOKEN}x` }],
    ['another scheme', { authorization: `Basic ${TOKEN}` }],
    ['an empty one', { authorization: 'Bearer ', 'x-ai-tracker-token': '' }],
  ])('a request with %s is answered 401 and nothing is stored', async (_, headers: Record<string, string>) => {
    const storing = new RecordingStoring();
    for (const host of ['127.0.0.1', '0.0.0.0']) {
      const receiver = await openReceiver({ host, token: TOKEN, storing });
      for (const path of [TRACES, '/v1/logs', '/v1/metrics', '/v1/hooks/git']) {
        const answer = await ask(receiver, path, post(headers));
        expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="ai-tracker"' } });
        expect(answer.text).not.toContain(TOKEN);
      }
      expect(receiver.report().refused).toEqual({ token: 4 });
    }
    expect(storing.requests).toEqual([]);
  });

  it('is not wanted for livez, healthz and metrics; any Host will do where others reach us (probes ask by address)', async () => {
    const receiver = await openReceiver({ host: '0.0.0.0', token: TOKEN });
    for (const path of PAGES) {
      expect(await ask(receiver, path, { method: 'GET', headers: { host: '10.1.2.3:4318' } })).toMatchObject({ status: 200 });
    }
  });
});
