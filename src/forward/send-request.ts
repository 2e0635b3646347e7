import { type Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { packageVersion } from '../model/package-version.ts';
import type { ForwardTarget } from './forward-targets.ts';
import type { ForwardedRequest } from './forwarding.ts';
import type { Answer } from './judge-answer.ts';
import { partialLoss } from './partial-loss.ts';
import { FORWARDED_BY, withInstance } from './passed-by.ts';

export interface SendOptions {
  readonly agent: Agent;
  readonly instance: string;
  /** Silence on the connection after which an attempt is given up, ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Of an answer's body; the rest is thrown away. An answer that is far longer ends the connection. */
const KEPT_BYTES = 4096;
const READ_BYTES = 262_144;

/** An attempt as a whole takes this many times its allowed silence at most: a target may answer a byte at a time for ever. */
const WHOLE = 12;

/**
 * Sends a body once, byte for byte. On node:http and not `fetch`, which adds headers of its own (`accept-encoding`, `accept`,
 * `sec-fetch-mode`) and follows redirects unless told otherwise.
 */
export async function sendRequest(target: ForwardTarget, request: ForwardedRequest, options: SendOptions): Promise<Answer> {
  const first = await attempt(target, request, options);
  // The target closed an idle connection just as we used it: says nothing of the target.
  if (first.status === 'stale') return toAnswer(await attempt(target, request, options));
  return toAnswer(first);
}

type Attempt = Answer | { readonly status: 'stale'; readonly message: string };

const toAnswer = (found: Attempt): Answer => (found.status === 'stale' ? { status: 'failed', message: found.message } : found);

function attempt(target: ForwardTarget, request: ForwardedRequest, options: SendOptions): Promise<Attempt> {
  const { agent, instance, timeoutMs, signal } = options;
  return new Promise((resolve) => {
    const failed = (error: Error): void => {
      clearTimeout(deadline);
      const { code } = error as NodeJS.ErrnoException;
      const stale = sent?.reusedSocket === true && (code === 'ECONNRESET' || code === 'EPIPE');
      resolve({ status: stale ? 'stale' : 'failed', message: described(error) });
    };
    const headers: Record<string, string | number> = {
      'user-agent': `ai-tracker-otel/${packageVersion()}`,
      ...target.headers,
      'content-type': request.contentType,
      'content-length': request.body.byteLength,
      [FORWARDED_BY]: withInstance(request.forwardedBy ?? null, instance),
    };
    if (request.contentEncoding !== null) headers['content-encoding'] = request.contentEncoding;
    const wanted: RequestOptions = { method: 'POST', headers, agent, signal, timeout: timeoutMs };
    let sent: ReturnType<typeof httpRequest> | undefined;
    const deadline = setTimeout(
      () => sent?.destroy(new Error(`no answer within ${(timeoutMs * WHOLE) / 1000} s`)),
      timeoutMs * WHOLE,
    );
    deadline.unref();
    try {
      sent = target.url.protocol === 'https:' ? httpsRequest(target.url, wanted) : httpRequest(target.url, wanted);
    } catch (error) {
      // Node refuses a header that came over a wire, which its own parser had let in.
      failed(error as Error);
      return;
    }
    sent.once('timeout', () => sent?.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    // `on`: a connection that breaks after the answer began is said a second time.
    sent.on('error', failed);
    sent.once('response', (response) => {
      readAnswer(response, target.headers, (answer) => {
        clearTimeout(deadline);
        resolve(answer);
      });
    });
    // Neither an answer nor an error would follow: Node gives the connection away.
    sent.once('upgrade', (response, socket) => {
      clearTimeout(deadline);
      socket.destroy();
      resolve({ status: 'answered', code: response.statusCode ?? 0, retryAfter: null, said: '', loss: null });
    });
    sent.end(request.body);
  });
}

function readAnswer(response: IncomingMessage, secrets: ForwardTarget['headers'], done: (answer: Answer) => void): void {
  const code = response.statusCode ?? 0;
  const kept: Buffer[] = [];
  let bytes = 0;
  const finish = (): void => {
    const body = Buffer.concat(kept).subarray(0, KEPT_BYTES);
    const taken = code >= 200 && code < 300;
    const loss = taken ? partialLoss(body, response.headers['content-type'] ?? '') : null;
    done({
      status: 'answered',
      code,
      retryAfter: response.headers['retry-after'] ?? null,
      said: taken ? '' : sayable(body.toString('utf8'), secrets),
      loss: loss === null ? null : { ...loss, message: sayable(loss.message, secrets) },
    });
  };
  response.on('data', (chunk: Buffer) => {
    if (bytes < KEPT_BYTES) kept.push(chunk);
    bytes += chunk.length;
    if (bytes > READ_BYTES) response.destroy();
  });
  response.on('error', () => undefined);
  // The status line decides; a body that breaks off takes nothing of it back.
  response.once('close', finish);
}

const SAID_CHARACTERS = 200;

/** What a target said, without the key that some name when they refuse it. */
function sayable(text: string, headers: ForwardTarget['headers']): string {
  let clean = cleanLine(text);
  for (const value of Object.values(headers)) {
    for (const secret of [value, ...value.split(' ')]) if (secret.length >= 6) clean = clean.replaceAll(secret, '***');
  }
  return clean.slice(0, SAID_CHARACTERS);
}

/** One line that a terminal may show; what is binary (a protobuf Status) leaves its readable parts. */
const cleanLine = (text: string): string =>
  text
    .replace(/[^\p{L}\p{N}\p{P}\p{S}]+/gu, ' ')
    .replaceAll('\u{fffd}', '')
    .trim();

/** A connection refused on both families of addresses comes as an AggregateError without a message. */
function described(error: Error): string {
  const inner = error instanceof AggregateError ? (error.errors as Error[]) : [];
  const messages = inner.length > 0 ? inner.map((found) => found.message) : [error.message];
  const { code } = error as NodeJS.ErrnoException;
  return cleanLine(messages.join('; ')) || (code ?? 'the connection failed');
}
