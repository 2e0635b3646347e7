import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface ArrivedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As it came over the wire. */
  readonly body: Buffer;
  readonly atMs: number;
}

/** What a target does with the n-th request (from 0) when its body is there. */
export type Answering = (response: ServerResponse, request: ArrivedRequest, n: number) => void;

export interface TargetServer {
  readonly port: number;
  readonly url: (path: string) => URL;
  /** Every request that came whole, in the order of arrival. */
  readonly arrived: readonly ArrivedRequest[];
  answer: Answering;
  /** What happens as soon as a request's head is there; true: nothing more is read of it. */
  onHead: (request: IncomingMessage, socket: Socket) => boolean;
  down(): Promise<void>;
}

export const took: Answering = (response) => void response.writeHead(200).end();
export const says =
  (code: number, body = '', headers: Record<string, string> = {}): Answering =>
  (response) =>
    void response.writeHead(code, headers).end(body);

/** A vendor's OTLP address on loopback; down at the end of the test. */
export async function targetServer(port = 0): Promise<TargetServer> {
  const arrived: ArrivedRequest[] = [];
  const server = createServer((request, response) => {
    if (target.onHead(request, request.socket)) return;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const found: ArrivedRequest = {
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks),
        atMs: performance.now(),
      };
      arrived.push(found);
      target.answer(response, found, arrived.length - 1);
    });
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  const target: TargetServer = {
    port: bound,
    url: (path) => new URL(`http://127.0.0.1:${bound}${path}`),
    arrived,
    answer: took,
    onHead: () => false,
    down: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  onTestFinished(() => target.down());
  return target;
}

/** A port on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = await targetServer();
  await server.down();
  return server.port;
}
