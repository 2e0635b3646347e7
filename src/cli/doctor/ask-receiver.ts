import { once } from 'node:events';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';

/** What answers at a receiver's address. */
export type ReceiverAnswer =
  | {
      readonly what: 'serve';
      readonly version: string;
      readonly findings: readonly { readonly level: 'amber' | 'red'; readonly message: string }[];
    }
  /** Something that is no `ai-tracker serve`. */
  | { readonly what: 'other'; readonly said: string }
  | { readonly what: 'nobody'; readonly why: string };

const LIMIT_MS = 1000;

/** Asks for its health, which needs no token. @param endpoint without a slash at its end */
export async function askReceiver(endpoint: string): Promise<ReceiverAnswer> {
  try {
    const { status, body } = await send(endpoint, 'GET', '/healthz', {});
    return readAnswer(status, body);
  } catch (error) {
    const { name, code, message } = error as NodeJS.ErrnoException;
    return {
      what: 'nobody',
      why: name === 'AbortError' || name === 'TimeoutError' ? `no answer within ${LIMIT_MS} ms` : (code ?? message),
    };
  }
}

/** Sends a request without a span, of which no row is made. @returns why it is refused, or null */
export async function whyRefused(endpoint: string, token: string | null): Promise<string | null> {
  try {
    const { status, body } = await postJson(endpoint, '/v1/traces', {}, token);
    return status === 200 ? null : `${status} ${body.slice(0, 200)}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  }
}

/** @throws the network's error, or that of a time limit */
export async function postJson(
  endpoint: string,
  path: string,
  value: object,
  token: string | null,
  limitMs: number = LIMIT_MS,
): Promise<{ readonly status: number; readonly body: string }> {
  const headers = { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
  return send(endpoint, 'POST', path, headers, JSON.stringify(value), limitMs);
}

async function send(
  endpoint: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body = '',
  limitMs: number = LIMIT_MS,
): Promise<{ readonly status: number; readonly body: string }> {
  const request = (endpoint.startsWith('https:') ? requestHttps : requestHttp)(`${endpoint}${path}`, {
    ...{ method, headers, agent: false, signal: AbortSignal.timeout(limitMs) },
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}

function readAnswer(status: number, body: string): ReceiverAnswer {
  try {
    const health = JSON.parse(body) as { name?: unknown; version?: unknown; findings?: unknown };
    if (health.name !== 'ai-tracker-otel') return { what: 'other', said: `it answers ${status}, and is another program` };
    const findings = Array.isArray(health.findings) ? (health.findings as { level: 'amber' | 'red'; message: string }[]) : [];
    return { what: 'serve', version: String(health.version), findings };
  } catch {
    return { what: 'other', said: `it answers ${status}, and is another program` };
  }
}
