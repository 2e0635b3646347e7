import type { IncomingMessage } from 'node:http';
import { quoteWire } from './quote-wire.ts';
import type { RefusalReason } from './receiver.ts';

/** A request of which nothing was stored, and what its sender is told. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 500 | 503 | 508;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Try again later. 503 and not 429, which OTLP allows as well: the Python exporter took 429 for final for years (it
 * retried 408 and 5xx only) and dropped the batch.
 */
export const tryLater = (reason: 'memory' | 'stopping', message: string, afterSeconds: number): Refusal => ({
  reason,
  status: 503,
  message,
  headers: retryAfter(afterSeconds),
});

/** @param seconds rounded up to a whole one: the header knows no fractions, and 0 would mean "at once" to all senders together. */
export const retryAfter = (seconds: number): Record<string, string> => ({
  'retry-after': String(Math.max(1, Math.ceil(seconds))),
});

export function wrongContentType(request: IncomingMessage, types: readonly string[], hint = ''): Refusal {
  const given = request.headers['content-type'];
  const said = given === undefined ? 'the request has no content type' : `the content type ${quoteWire(given)} is not taken here`;
  return { reason: 'content-type', status: 415, message: `refused: ${said}; send ${types.join(' or ')}${hint}` };
}
