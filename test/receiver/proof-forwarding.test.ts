import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test, vi } from 'vitest';
import { makeBodies } from '../../bench/data/otlp-bodies.ts';
import { until } from '../support/agent-rows.ts';
import { claudeFile } from '../support/claude-capture.ts';
import { HttpSender, JSON_TYPE, PROTOBUF } from '../support/post.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { ServeProcess } from '../support/serve-process.ts';

/** How long the target stays away; a minute by hand. */
const DOWN_MS = 1000 * Number(process.env['PROOF_DOWN_SECONDS'] ?? 1);
/** Between two tries of a target that is away lies a minute at most. */
const BACK_MS = 90_000;
vi.setConfig({ testTimeout: 30_000 + DOWN_MS + BACK_MS });

interface Received {
  readonly path: string;
  readonly type: string | undefined;
  readonly encoding: string | undefined;
  /** Length and SHA-256. */
  readonly body: string;
}

const digest = (body: Uint8Array): string => `${body.length} ${createHash('sha256').update(body).digest('hex')}`;

/** A second receiver that keeps what it is sent, byte for byte. */
async function listen(into: Received[], port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const { 'content-type': type, 'content-encoding': encoding } = request.headers;
      // Not before the answer is out: taken down in between, the target would rightly be sent the body again.
      response.end(() => into.push({ path: request.url ?? '', type, encoding, body: digest(body) }));
    });
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

const lines = (signal: 'traces' | 'logs'): string[] => readFileSync(claudeFile('edge', signal), 'utf8').trimEnd().split('\n');

/** Requests of all signals and encodings; the metrics are those of no one: the receiver does not look into them. */
function sent(seed: number): { path: string; body: Uint8Array; type: string; encoding?: string }[] {
  const protobuf = makeBodies(`worker-${seed}`, 2, seed, 40);
  const [first, second] = protobuf as [Uint8Array, Uint8Array];
  return [
    { path: '/v1/traces', body: first, type: PROTOBUF },
    { path: '/v1/traces', body: gzipSync(second, { level: 1 + (seed % 9) }), type: PROTOBUF, encoding: 'gzip' },
    ...lines('traces').map((line) => ({ path: '/v1/traces', body: Buffer.from(line), type: JSON_TYPE })),
    ...lines('logs').map((line) => ({ path: '/v1/logs', body: Buffer.from(line), type: `${JSON_TYPE}; charset=utf-8` })),
    { path: '/v1/metrics', body: gzipSync('{"resourceMetrics":[]}'), type: JSON_TYPE, encoding: 'gzip' },
  ];
}

const asReceived = (requests: ReturnType<typeof sent>): Received[] =>
  requests.map(({ path, body, type, encoding }) => ({ path, type, encoding, body: digest(body) }));

const sorted = (received: readonly Received[]): Received[] =>
  received.toSorted((a, b) => (a.path + a.body < b.path + b.body ? -1 : 1));

test('every body arrives at the forward target byte for byte and once, also what came while the target was down', async () => {
  const received: Received[] = [];
  const { server, port } = await listen(received);
  const serve = await ServeProcess.start({ folder: scratchFolder(), args: ['--forward', `http://127.0.0.1:${port}`] });
  onTestFinished(() => serve.kill());
  const sender = new HttpSender(serve.url);
  const post = async (requests: ReturnType<typeof sent>): Promise<void> => {
    for (const { path, body, type, encoding } of requests) {
      const { status } = await sender.post(path, body, type, encoding === undefined ? {} : { 'content-encoding': encoding });
      expect(status).toBe(200);
    }
  };

  const before = sent(1);
  await post(before);
  await until('the first bodies arrive', () => received.length >= before.length);

  await new Promise((resolve) => server.close(resolve));
  const during = sent(2);
  const endOfPause = Date.now() + DOWN_MS;
  await post(during);
  await until('the target was away long enough', () => Date.now() >= endOfPause, DOWN_MS + 10_000);
  expect(received).toHaveLength(before.length);

  await listen(received, port);
  const back = Date.now();
  const after = sent(3);
  await post(after);
  const all = [...before, ...during, ...after];
  await until('all bodies arrive', () => received.length >= all.length, BACK_MS);
  if (process.env['PROOF_DOWN_SECONDS'] !== undefined) {
    console.log(`${during.length} bodies waited ${DOWN_MS} ms; all were there ${Date.now() - back} ms after the target was back`);
  }
  // What comes late would be a body sent twice.
  expect(await serve.stop()).toBe(0);
  sender.close();
  expect(sorted(received)).toEqual(sorted(asReceived(all)));
});
