import { describe, expect, it } from 'vitest';
import { ask, JSON_TYPE, openReceiver, PROTOBUF_TYPE, RecordingStoring } from './open-receiver.ts';

const post = { headers: JSON_TYPE, body: '{}' };

describe('a path', () => {
  it.each(['/v1/traces', '/v1/traces/', '//v1/traces', '/v1/traces?key=1', 'http://localhost/v1/traces'])(
    '%s is that of traces',
    async (path) => {
      const storing = new RecordingStoring();
      expect(await ask(await openReceiver({ storing }), path, post)).toMatchObject({ status: 200, text: '{}' });
      expect(storing.requests).toMatchObject([{ signal: 'traces', encoding: 'json' }]);
    },
  );

  it.each(['/', '/v1', '/v1/traces/v1/traces', '/v1/Traces', '/v1/hooks', '/v1%2Ftraces', '/../v1/traces', '*'])(
    '%s is not there, and the answer says where OTLP goes',
    async (path) => {
      const answer = await ask(await openReceiver(), path, post);
      expect(answer).toMatchObject({ status: 404 });
      expect(JSON.parse(answer.text)).toMatchObject({ code: 5, message: expect.stringContaining('/v1/traces, /v1/logs') });
    },
  );

  it('that is not there is answered in protobuf to a sender of protobuf', async () => {
    const answer = await ask(await openReceiver(), '/', { headers: PROTOBUF_TYPE, body: '\n' });
    expect([answer.status, answer.headers['content-type'], answer.body[0]]).toEqual([404, 'application/x-protobuf', 0x08]);
  });
});

describe('a method', () => {
  it.each([
    ['GET', '/v1/traces', 'POST'],
    ['PUT', '/v1/logs', 'POST'],
    ['HEAD', '/v1/metrics', 'POST'],
    ['OPTIONS', '/v1/hooks/git', 'POST'],
    ['DELETE', '/healthz', 'GET, HEAD'],
    ['POST', '/metrics', 'GET, HEAD'],
  ])('%s %s is answered 405 with Allow: %s', async (method, path, allow) => {
    expect(await ask(await openReceiver(), path, { method })).toMatchObject({ status: 405, headers: { allow } });
  });

  it.each([
    ['/livez', 'alive'],
    ['/healthz', 'healthy'],
    ['/metrics', '# metrics'],
  ])('GET and HEAD of %s are answered with its page, HEAD without the body', async (path, text) => {
    const receiver = await openReceiver();
    const page = { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8', 'content-length': String(text.length) } };
    expect(await ask(receiver, path, { method: 'GET' })).toMatchObject({ ...page, text });
    expect(await ask(receiver, path, { method: 'HEAD' })).toMatchObject({ ...page, text: '' });
  });

  it('a page that says 503 is passed on as it is; one that fails is a 500 that is told of', async () => {
    const defects: Error[] = [];
    const receiver = await openReceiver({
      onDefect: (error) => defects.push(error),
      pages: {
        livez: () => Promise.reject(new TypeError('a secret of the machine')),
        healthz: () => Promise.resolve({ status: 503, contentType: 'application/json', body: '{"ok":false}' }),
        metrics: () => ({ status: 200, contentType: 'text/plain', body: '' }),
      },
    });
    expect(await ask(receiver, '/healthz', { method: 'GET' })).toMatchObject({ status: 503, text: '{"ok":false}' });
    const failed = await ask(receiver, '/livez', { method: 'GET' });
    expect(failed.status).toBe(500);
    expect(failed.text).not.toContain('secret');
    expect(defects).toMatchObject([{ message: 'a secret of the machine' }]);
    expect(receiver.report()).toMatchObject({
      refused: { defect: 1 },
      answered: [
        { route: '/healthz', status: 503, count: 1 },
        { route: '/livez', status: 500, count: 1 },
      ],
    });
  });
});

describe('a content type', () => {
  it.each(['/v1/traces', '/v1/logs', '/v1/metrics', '/v1/hooks/claude-code'])('is wanted at %s', async (path) => {
    const storing = new RecordingStoring();
    const receiver = await openReceiver({ storing });
    const wrong = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/jsonp',
      'application/grpc',
      '',
    ];
    for (const type of wrong) {
      const answer = await ask(receiver, path, { headers: type === '' ? {} : { 'content-type': type }, body: '{}' });
      expect(answer).toMatchObject({ status: 415, headers: { 'content-type': 'application/json' } });
      expect(JSON.parse(answer.text)).toMatchObject({ message: expect.stringContaining('application/json') });
    }
    expect(storing.requests).toEqual([]);
    expect(receiver.report().refused).toEqual({ 'content-type': wrong.length });
  });

  it('may have parameters and capitals', async () => {
    const storing = new RecordingStoring();
    const receiver = await openReceiver({ storing });
    await ask(receiver, '/v1/logs', { headers: { 'content-type': 'Application/JSON; charset=utf-8' }, body: '{}' });
    const answer = await ask(receiver, '/v1/logs', { headers: { 'content-type': 'application/X-Protobuf;x=y' } });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/x-protobuf' }, text: '' });
    expect(storing.requests).toMatchObject([{ encoding: 'json' }, { encoding: 'protobuf' }]);
  });

  it('of protobuf is none for a hook', async () => {
    const answer = await ask(await openReceiver(), '/v1/hooks/git', { headers: PROTOBUF_TYPE, body: '{}' });
    expect(answer).toMatchObject({ status: 415 });
  });
});
