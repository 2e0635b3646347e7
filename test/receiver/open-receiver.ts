import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach } from 'vitest';
import type { ForwardedRequest, Forwarding, Signal } from '../../src/forward/forwarding.ts';
import type { Receiver, ReceiverOptions } from '../../src/receiver/receiver.ts';
import { startReceiver } from '../../src/receiver/start-receiver.ts';
import type { HookRequest, OtlpRequest, StoreOutcome, Storing } from '../../src/receiver/storing.ts';
import type { SpoolOutcome } from '../../src/spool/write-record.ts';

/** Stands for the thread that writes: records what it is given, answers what a test wants. */
export class RecordingStoring implements Storing {
  readonly requests: OtlpRequest[] = [];
  readonly hooks: HookRequest[] = [];
  outcome: StoreOutcome | ((request: OtlpRequest) => Promise<StoreOutcome>) = STORED;
  spoolOutcome: SpoolOutcome = { status: 'spooled', path: 'x', bytes: 1 };
  readonly waiting = { requests: 0, bytes: 0 };
  readonly report = null;

  store(request: OtlpRequest): Promise<StoreOutcome> {
    this.requests.push(request);
    return typeof this.outcome === 'function' ? this.outcome(request) : Promise.resolve(this.outcome);
  }

  spoolHook(request: HookRequest): Promise<SpoolOutcome> {
    this.hooks.push(request);
    return Promise.resolve(this.spoolOutcome);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export const STORED: StoreOutcome = { status: 'stored', accepted: 1, rejected: 0, unused: 0, message: null };

export class RecordingForwarding implements Forwarding {
  readonly instance = 'this-one';
  readonly offered: ForwardedRequest[] = [];
  readonly #signals: readonly Signal[];

  constructor(signals: readonly Signal[] = ['traces', 'logs', 'metrics']) {
    this.#signals = signals;
  }

  takes(signal: Signal): boolean {
    return this.#signals.includes(signal);
  }

  offer(request: ForwardedRequest): Promise<void> {
    this.offered.push(request);
    return Promise.resolve();
  }

  report(): ReturnType<Forwarding['report']> {
    const waiting = { requests: 0, bytes: 0, oldestMs: null };
    return { forwarded: 0, waiting, dropped: {}, rejected: {}, trouble: null, lastLoss: null };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const open: Receiver[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((receiver) => receiver.close()));
});

const page = (body: string) => () => ({ status: 200 as const, contentType: 'text/plain; charset=utf-8', body });

/** A receiver on a free port of loopback, closed after the test. */
export async function openReceiver(options: Partial<ReceiverOptions> = {}): Promise<Receiver> {
  const receiver = await startReceiver({
    storing: new RecordingStoring(),
    forwarding: null,
    host: '127.0.0.1',
    port: 0,
    token: null,
    allowHosts: [],
    pages: { livez: page('alive'), healthz: page('healthy'), metrics: page('# metrics') },
    ...options,
  });
  open.push(receiver);
  return receiver;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array | string;
}

/** One request on a connection of its own. */
export async function ask(
  { address }: Receiver,
  path: string,
  { method = 'POST', headers = {}, body = '' }: Asking = {},
): Promise<Answer> {
  const request = httpRequest({ host: address.host, port: address.port, path, method, headers, agent: false });
  // A text would draw the headers into its own encoding.
  request.end(Buffer.from(body));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const whole = Buffer.concat(chunks);
  return { status: response.statusCode ?? 0, headers: response.headers, body: whole, text: whole.toString() };
}

export const JSON_TYPE = { 'content-type': 'application/json' };
export const PROTOBUF_TYPE = { 'content-type': 'application/x-protobuf' };

/** A bare connection, for what no client library would send. */
export class Wire {
  readonly socket: Socket;
  received = '';

  constructor({ address }: Receiver) {
    this.socket = connect(address.port, address.host);
    this.socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
    });
    this.socket.on('error', () => {});
  }

  send(...lines: string[]): void {
    this.socket.write(lines.join('\r\n'));
  }

  async until(expected: string | RegExp): Promise<string> {
    const isThere = (): boolean =>
      typeof expected === 'string' ? this.received.includes(expected) : expected.test(this.received);
    while (!isThere()) {
      if (this.socket.closed) throw new Error(`closed before ${expected}: ${this.received}`);
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')]);
    }
    return this.received;
  }

  async ended(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, 'close');
    return this.received;
  }
}
