import { validateHeaderName, validateHeaderValue } from 'node:http';
import { SIGNALS, type Signal } from './forwarding.ts';
import { FORWARDED_BY } from './passed-by.ts';

/** Where bodies of one signal go. */
export interface ForwardTarget {
  readonly url: URL;
  /** Names in lower case. They carry the vendor's key: never written to a file, never said. */
  readonly headers: Readonly<Record<string, string>>;
}

export type ForwardTargets = { readonly [S in Signal]?: ForwardTarget };

/** As users write them; the rules are those of `OTEL_EXPORTER_OTLP_ENDPOINT` and its kin. */
export interface ForwardSettings {
  /** `/v1/traces`, `/v1/logs` or `/v1/metrics` is appended. */
  readonly endpoint: string | null;
  /** `k=v,k2=v2`, URL-encoded, of every signal. */
  readonly headers: string | null;
  /** Used as they are, before `endpoint`; their headers are added to `headers` and win over them. */
  readonly traces?: ForwardSignalSettings;
  readonly logs?: ForwardSignalSettings;
  readonly metrics?: ForwardSignalSettings;
}

export interface ForwardSignalSettings {
  readonly endpoint: string | null;
  readonly headers: string | null;
}

export type TargetsOutcome =
  /** None where nothing names one. */
  | { readonly status: 'targets'; readonly targets: ForwardTargets }
  /** What cannot be used and what to write instead; names a setting, shows no header's value. */
  | { readonly status: 'wrong'; readonly message: string };

/** Environment variable of a setting, for messages. */
const variable = (signal: Signal | null, what: 'ENDPOINT' | 'HEADERS'): string =>
  `AI_TRACKER_FORWARD_${signal === null ? '' : `${signal.toUpperCase()}_`}${what}`;

class WrongTarget extends Error {}

/** Parses at the door what users wrote of their vendor. */
export function forwardTargets(settings: ForwardSettings): TargetsOutcome {
  try {
    const shared = parseHeaders(settings.headers, variable(null, 'HEADERS'));
    const targets: { [S in Signal]?: ForwardTarget } = {};
    for (const signal of SIGNALS) {
      const own = settings[signal];
      const url =
        parseUrl(own?.endpoint ?? null, variable(signal, 'ENDPOINT')) ??
        signalUrl(parseUrl(settings.endpoint, variable(null, 'ENDPOINT')), signal);
      const headers = { ...shared, ...parseHeaders(own?.headers ?? null, variable(signal, 'HEADERS')) };
      if (url !== null) targets[signal] = withCredentials(url, headers);
    }
    return { status: 'targets', targets };
  } catch (error) {
    if (error instanceof WrongTarget) return { status: 'wrong', message: error.message };
    throw error;
  }
}

/** What may be said of a target: neither its user information nor its query, which carry keys with some vendors. */
export const targetName = (url: URL): string => `${url.protocol}//${url.host}${url.pathname}`;

function parseUrl(text: string | null, name: string): URL | null {
  if (text === null || text.trim() === '') return null;
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    throw new WrongTarget(`${name} is not a URL; write it as http://host:4318 or https://host`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new WrongTarget(
      `${name} begins with ${url.protocol}//, forwarding speaks OTLP over HTTP; write http://host:4318 or https://host`,
    );
  }
  url.hash = '';
  return url;
}

function signalUrl(base: URL | null, signal: Signal): URL | null {
  if (base === null) return null;
  const found = /\/v1\/(traces|logs|metrics)\/?$/.exec(base.pathname);
  if (found !== null) {
    const of = found[1] as Signal;
    throw new WrongTarget(
      `${variable(null, 'ENDPOINT')} ends in /v1/${of}, and each signal's path would be appended to it; leave /v1/${of} off, or set ${variable(of, 'ENDPOINT')} to forward ${of} only`,
    );
  }
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/, '')}/v1/${signal}`;
  return url;
}

/** `https://user:key@host` becomes basic authentication, unless a header says otherwise. */
function withCredentials(url: URL, headers: Record<string, string>): ForwardTarget {
  if (url.username === '' && url.password === '') return { url, headers };
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  const of = targetName(url);
  const credentials = `${decoded(url.username, of)}:${decoded(url.password, of)}`;
  return { url: bare, headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}`, ...headers } };
}

/** Headers that say what a body is, or how it travels: those of the request that came hold. */
const OURS = new Set([
  'content-type',
  'content-encoding',
  'content-length',
  'transfer-encoding',
  'connection',
  'expect',
  FORWARDED_BY,
]);

/** As `OTEL_EXPORTER_OTLP_HEADERS`: pairs parted by commas, key and value URL-encoded. */
function parseHeaders(text: string | null, name: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const part of (text ?? '').split(',')) {
    if (part.trim() === '') continue;
    const at = part.indexOf('=');
    if (at <= 0)
      throw new WrongTarget(`${name} holds a part without \`=\`; write name=value,name2=value2, a comma in a value as %2C`);
    const key = decoded(part.slice(0, at), name).toLowerCase();
    const value = decoded(part.slice(at + 1), name);
    try {
      validateHeaderName(key);
      validateHeaderValue(key, value);
    } catch {
      // The name is not shown: of `authorization: Bearer abc==` it is all before the first `=`.
      throw new WrongTarget(`${name} holds a name or value that HTTP does not allow in a header; write name=value,name2=value2`);
    }
    if (OURS.has(key)) throw new WrongTarget(`${name} sets ${key}, which each request brings itself; leave it out`);
    headers[key] = value;
  }
  return headers;
}

function decoded(text: string, name: string): string {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    throw new WrongTarget(`${name} holds a % that begins no URL encoding; write a space as %20 and a % as %25`);
  }
}
