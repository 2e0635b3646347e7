import { gzipSync } from 'node:zlib';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { describe, expect, it } from 'vitest';
import { ask, JSON_TYPE, openReceiver, PROTOBUF_TYPE, RecordingForwarding, RecordingStoring, STORED } from './open-receiver.ts';

const BODY = '{"resourceSpans":[]}';
const post = { headers: JSON_TYPE, body: BODY };
const stored = (told: object) => Object.assign(new RecordingStoring(), { outcome: { ...STORED, ...told } });
const storingThat = (outcome: RecordingStoring['outcome']) => Object.assign(new RecordingStoring(), { outcome });

describe('what became of a request', () => {
  it('stored: 200, and full success has no partial_success', async () => {
    const receiver = await openReceiver();
    expect(await ask(receiver, '/v1/traces', post)).toMatchObject({ status: 200, text: '{}' });
    expect(await ask(receiver, '/v1/traces', { headers: PROTOBUF_TYPE })).toMatchObject({ status: 200, text: '' });
  });

  it('stored but for some: 200 with how many were rejected and why, in the encoding of the request', async () => {
    const storing = stored({ rejected: 2, message: '2 spans: trace_id' });
    const receiver = await openReceiver({ storing });
    const inJson = await ask(receiver, '/v1/traces', post);
    expect(JSON.parse(inJson.text)).toEqual({ partialSuccess: { rejectedSpans: '2', errorMessage: '2 spans: trace_id' } });
    const inProtobuf = await ask(receiver, '/v1/traces', { headers: PROTOBUF_TYPE });
    expect(ProtobufTraceSerializer.deserializeResponse(inProtobuf.body)).toEqual({
      partialSuccess: { rejectedSpans: 2, errorMessage: '2 spans: trace_id' },
    });
  });

  it('malformed: 400 with the reason, which no exporter tries again', async () => {
    const storing = storingThat({ status: 'malformed', message: 'not an OTLP request: byte 7' });
    const answer = await ask(await openReceiver({ storing }), '/v1/traces', post);
    expect([answer.status, JSON.parse(answer.text)]).toEqual([400, { code: 3, message: 'not an OTLP request: byte 7' }]);
    expect(answer.headers['retry-after']).toBeUndefined();
  });

  it.each([
    [0, '1'],
    [0.2, '1'],
    [5, '5'],
    [7.1, '8'],
  ])(
    'not written for now, again after %d s: 503 with Retry-After %s, in the encoding of the request',
    async (afterSeconds, header) => {
      const storing = storingThat({ status: 'retry', reason: 'locked', message: 'another process holds it', afterSeconds });
      const receiver = await openReceiver({ storing });
      const inJson = await ask(receiver, '/v1/logs', post);
      expect(inJson).toMatchObject({ status: 503, headers: { 'retry-after': header, 'content-type': 'application/json' } });
      expect(JSON.parse(inJson.text)).toEqual({ code: 14, message: 'another process holds it' });
      const inProtobuf = await ask(receiver, '/v1/logs', { headers: PROTOBUF_TYPE });
      expect(inProtobuf).toMatchObject({
        status: 503,
        headers: { 'retry-after': header, 'content-type': 'application/x-protobuf' },
      });
    },
  );
});

describe('forwarding', () => {
  const packed = gzipSync(BODY);

  it('gets every signal as it came, packed or not', async () => {
    const forwarding = new RecordingForwarding();
    const storing = new RecordingStoring();
    const receiver = await openReceiver({ storing, forwarding });
    await ask(receiver, '/v1/traces', { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: packed });
    await ask(receiver, '/v1/logs', {
      headers: { 'content-type': 'application/json; charset=utf-8', 'x-ai-tracker-forwarded': 'that-one' },
      body: BODY,
    });
    await ask(receiver, '/v1/metrics', { headers: { ...PROTOBUF_TYPE, 'content-encoding': 'gzip' }, body: packed });
    const none = { forwardedBy: null };
    expect(forwarding.offered.map((offered) => ({ ...offered, body: Buffer.from(offered.body) }))).toEqual([
      { signal: 'traces', contentType: 'application/json', contentEncoding: 'gzip', body: packed, ...none },
      {
        signal: 'logs',
        contentType: 'application/json; charset=utf-8',
        contentEncoding: null,
        body: Buffer.from(BODY),
        forwardedBy: 'that-one',
      },
      { signal: 'metrics', contentType: 'application/x-protobuf', contentEncoding: 'gzip', body: packed, ...none },
    ]);
    expect(storing.requests.map(({ signal, body }) => [signal, Buffer.from(body).toString()])).toEqual([
      ['traces', BODY],
      ['logs', BODY],
    ]);
  });

  it('keeps a body of its own: storing may hand its body to another thread', async () => {
    const forwarding = new RecordingForwarding();
    const storing = storingThat(({ body }) => {
      structuredClone(body.buffer, { transfer: [body.buffer] });
      return Promise.resolve(STORED);
    });
    expect(await ask(await openReceiver({ storing, forwarding }), '/v1/traces', post)).toMatchObject({ status: 200 });
    expect(Buffer.from(forwarding.offered[0]!.body).toString()).toBe(BODY);
  });

  it('comes after the commit and before the answer', async () => {
    const order: string[] = [];
    const storing = storingThat(() => {
      order.push('stored');
      return Promise.resolve(STORED);
    });
    const forwarding = new RecordingForwarding();
    forwarding.offer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push('offered');
    };
    await ask(await openReceiver({ storing, forwarding }), '/v1/traces', post);
    expect(order).toEqual(['stored', 'offered']);
  });

  it.each<[string, RecordingStoring['outcome']]>([
    ['malformed', { status: 'malformed', message: 'no' }],
    ['not written for now', { status: 'retry', reason: 'disk', message: 'no', afterSeconds: 1 }],
  ])('gets nothing of a request that is %s: its sender keeps it', async (_, outcome) => {
    const forwarding = new RecordingForwarding();
    await ask(await openReceiver({ storing: storingThat(outcome), forwarding }), '/v1/traces', post);
    expect(forwarding.offered).toEqual([]);
  });

  it('of what it has forwarded itself is refused with 508, and nothing is stored twice', async () => {
    const storing = new RecordingStoring();
    const forwarding = new RecordingForwarding();
    const receiver = await openReceiver({ storing, forwarding });
    const round = { headers: { ...JSON_TYPE, 'x-ai-tracker-forwarded': 'another, this-one' }, body: BODY };
    expect(await ask(receiver, '/v1/traces', round)).toMatchObject({ status: 508 });
    expect([storing.requests, forwarding.offered]).toEqual([[], []]);
    expect(receiver.report().refused).toEqual({ circle: 1 });
  });
});

describe('what is not used here', () => {
  it('metrics: 200 that says so and how to pass them on, where nothing takes them', async () => {
    const storing = new RecordingStoring();
    const receiver = await openReceiver({ storing, forwarding: new RecordingForwarding(['traces']) });
    const answer = await ask(receiver, '/v1/metrics', { headers: JSON_TYPE, body: '{"resourceMetrics":[]}' });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toEqual({
      partialSuccess: { rejectedDataPoints: '0', errorMessage: expect.stringContaining('AI_TRACKER_FORWARD_ENDPOINT') },
    });
    expect(storing.requests.map(({ signal }) => signal)).toEqual(['metrics']);
  });

  it('metrics: plain success where they are forwarded', async () => {
    const receiver = await openReceiver({ forwarding: new RecordingForwarding() });
    expect(await ask(receiver, '/v1/metrics', post)).toMatchObject({ status: 200, text: '{}' });
  });

  it('logs: told as rejected where nothing takes them, beside those that are malformed', async () => {
    const receiver = await openReceiver({ storing: stored({ rejected: 1, unused: 3, message: '1 log record: log_time' }) });
    const { partialSuccess } = JSON.parse((await ask(receiver, '/v1/logs', post)).text);
    expect(partialSuccess.rejectedLogRecords).toBe('4');
    expect(partialSuccess.errorMessage).toMatch(/^1 log record: log_time; 3 log records are of events that are not used here/);
  });

  it('logs: only the malformed ones are told where they are forwarded', async () => {
    const forwarding = new RecordingForwarding();
    const unused = await openReceiver({ forwarding, storing: stored({ unused: 3 }) });
    expect(await ask(unused, '/v1/logs', post)).toMatchObject({ text: '{}' });
    const both = await openReceiver({ forwarding, storing: stored({ rejected: 1, unused: 3, message: 'log_time' }) });
    expect(JSON.parse((await ask(both, '/v1/logs', post)).text)).toEqual({
      partialSuccess: { rejectedLogRecords: '1', errorMessage: 'log_time' },
    });
  });
});
