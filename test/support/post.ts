import { once } from 'node:events';
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';

export const PROTOBUF = 'application/x-protobuf';
export const JSON_TYPE = 'application/json';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A sender with connections of its own, kept alive as exporters keep theirs. */
export class HttpSender {
  readonly #url: string;
  readonly #agent: Agent;

  /** @param sockets connections at once; one request at a time on each */
  constructor(url: string, sockets = 1) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: sockets });
  }

  /** @throws where the connection fails, or nothing is answered in `timeoutMs` */
  async post(
    path: string,
    body: Uint8Array | string,
    contentType: string = PROTOBUF,
    headers: Readonly<Record<string, string>> = {},
    timeoutMs = 30_000,
  ): Promise<Answer> {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const sent = request(`${this.#url}${path}`, {
      method: 'POST',
      agent: this.#agent,
      headers: { 'content-type': contentType, 'content-length': String(bytes.byteLength), ...headers },
      signal: AbortSignal.timeout(timeoutMs),
    });
    sent.end(bytes);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response) };
  }

  close(): void {
    this.#agent.destroy();
  }
}
