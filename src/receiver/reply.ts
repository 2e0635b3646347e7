import type { IncomingMessage, ServerResponse } from 'node:http';
import { encodingOf } from './media.ts';
import { type Content, errorStatus } from './otlp-answers.ts';
import { hasBody } from './read-body.ts';
import type { Refusal } from './refusal.ts';

export interface Reply {
  readonly status: number;
  readonly content: Content;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A reply, or what stands for none: the sender is gone. */
export type Outcome =
  | { readonly what: 'reply'; readonly reply: Reply }
  | { readonly what: 'refusal'; readonly refusal: Refusal }
  | { readonly what: 'gone' };

export const reply = (status: number, content: Content, headers?: Readonly<Record<string, string>>): Outcome => ({
  what: 'reply',
  reply: { status, content, ...(headers === undefined ? {} : { headers }) },
});

export const refuse = (refusal: Refusal): Outcome => ({ what: 'refusal', refusal });

/** An error in the encoding of the request; JSON where it has none of ours. */
export function refusalReply(request: IncomingMessage, { status, message, headers }: Refusal): Reply {
  const encoding = encodingOf(request.headers['content-type']) ?? 'json';
  return { status, content: errorStatus(encoding, status, message), ...(headers === undefined ? {} : { headers }) };
}

/** So much of a body that nobody wants is read off the connection, which then serves the next request. */
const WORTH_READING = 256 * 1024;

/**
 * Writes the reply. Where the request's body is still on its way, the connection closes after it, but not at once: a close
 * with bytes unread resets the connection, and the sender would see that instead of the reason. It may go on sending for
 * `lingerMs`.
 */
export function sendReply(
  request: IncomingMessage,
  response: ServerResponse,
  { status, content, headers }: Reply,
  { lingerMs, isClosing }: { lingerMs: number; isClosing: boolean },
): void {
  const body = typeof content.body === 'string' ? Buffer.from(content.body) : content.body;
  const length = request.headers['content-length'];
  const isPending = hasBody(request) && !request.complete;
  const lingers = isPending && !(length !== undefined && Number(length) <= WORTH_READING && request.headers.expect === undefined);
  response.writeHead(status, {
    'content-type': content.contentType,
    'content-length': body.byteLength,
    'x-content-type-options': 'nosniff',
    ...headers,
    ...(lingers || isClosing ? { connection: 'close' } : {}),
  });
  if (!lingers) {
    response.end(body);
    return;
  }
  response.write(body);
  const end = (): void => {
    clearTimeout(timer);
    request.off('end', end).off('close', end);
    response.end();
  };
  const timer = setTimeout(end, lingerMs).unref();
  request.on('end', end).on('close', end).resume();
}
