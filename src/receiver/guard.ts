import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from './listen-address.ts';
import { quoteWire } from './quote-wire.ts';
import { type ReceiverOptions, ReceiverStartError } from './receiver.ts';
import type { Refusal } from './refusal.ts';

/** For senders that cannot set Authorization. */
export const TOKEN_HEADER = 'x-ai-tracker-token';

/** Who may ask. */
export interface Guard {
  /**
   * Keeps browsers out, on every route. A page cannot set Host, and cannot leave Origin away where it could do harm:
   * what it posts across sites carries an Origin, and a name that was rebound to 127.0.0.1 stands in Host.
   */
  fromElsewhere(headers: IncomingHttpHeaders): Refusal | null;
  /** Asks for the token, where there is one. */
  withoutToken(headers: IncomingHttpHeaders): Refusal | null;
}

/**
 * @param address what `options.host` stands for.
 * @throws {ReceiverStartError} where the address can be reached from outside and there is no token.
 */
export function makeGuard({ host, token, allowHosts }: ReceiverOptions, address: string): Guard {
  const onLoopback = isLoopback(address);
  if (token === null && !onLoopback) {
    throw new ReceiverStartError(
      'token-missing',
      `cannot listen on ${host} without a token: other machines reach it, and whoever does could write any agent's rows; give one (--token, AI_TRACKER_TOKEN), or listen on 127.0.0.1`,
    );
  }
  if (token !== null && !/^[\x21-\x7e]+$/.test(token)) {
    throw new ReceiverStartError(
      'token-unusable',
      'cannot use this token: it must be printable ASCII without spaces, so that it can stand in a header; `openssl rand -hex 24` makes one',
    );
  }
  const names = new Set(allowHosts.map(allowedName));
  names.add('localhost').add(hostName(host) ?? host.toLowerCase());
  const digest = token === null ? null : sha256(token);
  return {
    fromElsewhere: (headers) => foreignHost(headers.host, onLoopback ? names : null) ?? withOrigin(headers.origin),
    withoutToken: (headers) => (digest === null ? null : wrongToken(tokensIn(headers), digest)),
  };
}

/** The name in a header Host, lower case, without port and brackets; null where it is no such header. */
export function hostName(host: string): string | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/\\[\]@?#]+))(?::\d{1,5})?$/i.exec(host.trim());
  const name = match?.[1] ?? match?.[2];
  return name === undefined ? null : name.toLowerCase().replace(/\.$/, '');
}

function allowedName(given: string): string {
  const name = hostName(given);
  if (name !== null) return name;
  throw new ReceiverStartError(
    'allow-host-unusable',
    `cannot allow the host ${quoteWire(given)}: it is no host name; give it as it stands in an endpoint between // and the port`,
  );
}

function foreignHost(host: string | undefined, names: ReadonlySet<string> | null): Refusal | null {
  if (names === null) return null;
  const name = hostName(host ?? '');
  if (name !== null && (names.has(name) || isLoopback(name))) return null;
  const said = host === undefined ? 'there is no Host header' : `the Host header ${quoteWire(host)} names another machine`;
  return {
    reason: 'host',
    status: 403,
    message: `refused: ${said}, and this receiver listens for its own machine only; send to 127.0.0.1, or start it with --allow-host NAME`,
  };
}

function withOrigin(origin: string | undefined): Refusal | null {
  if (origin === undefined) return null;
  return {
    reason: 'origin',
    status: 403,
    message: 'refused: the request has an Origin header, so it comes from a web page; pages may not write here',
  };
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Exporters percent-encode OTEL_EXPORTER_OTLP_HEADERS, and not all of them decode it: `Bearer%20` is a space. */
const BEARER = /^Bearer(?: +|%20)(.*)$/i;

function tokensIn(headers: IncomingHttpHeaders): string[] {
  const bearer = BEARER.exec(headers.authorization ?? '')?.[1];
  const own = headers[TOKEN_HEADER];
  return [bearer, own].filter((token) => typeof token === 'string');
}

/** Hashes are compared, so that neither the time nor an early end tells of the token's length or letters. */
function wrongToken(tokens: readonly string[], digest: Buffer): Refusal | null {
  if (tokens.some((token) => timingSafeEqual(sha256(token), digest))) return null;
  const what = tokens.length === 0 ? 'the request has no token' : 'the token is not the one that this receiver wants';
  return {
    reason: 'token',
    status: 401,
    message: `refused: ${what}; set OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN, or send the header ${TOKEN_HEADER}`,
    headers: { 'www-authenticate': 'Bearer realm="ai-tracker"' },
  };
}
