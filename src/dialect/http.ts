import { callReading, type Reading, type TaskReading } from '../model/reading.ts';
import { type Attributes, SPAN_KIND, type SpanRecord } from '../model/span-record.ts';
import { count, firstCount, firstText, text } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, NO_FAILURE, saysFailed } from './failure.ts';
import { cleanHost, maskPath, maskUrl } from './http-target.ts';
import { taskNamedBy } from './task-named.ts';

const METHOD = ['http.request.method', 'http.method'] as const;
export const URL_ATTRIBUTES = ['url.full', 'http.url'] as const;
export const PATH_ATTRIBUTES = ['url.path', 'http.target'] as const;
export const HOST_ATTRIBUTES = ['server.address', 'net.peer.name', 'http.host', 'http.server_name', 'net.peer.ip'] as const;
const PORT = ['server.port', 'net.peer.port'] as const;
const STATUS = ['http.response.status_code', 'http.status_code'] as const;
const ERROR_NAME = ['http.error_name', 'http.error_message'] as const;

export const httpStatusCode = (a: Attributes): number | null => firstCount(a, STATUS);

/** `METHOD host/path`, masked. The stable names win where an emitter writes both sets (`http/dup`). */
function target(a: Attributes, method: string): string {
  const urls = URL_ATTRIBUTES.map((key) => text(a, key));
  for (const url of urls) {
    const masked = url === null ? null : maskUrl(url);
    if (masked !== null) return `${method} ${masked}`;
  }
  const host = firstText(a, HOST_ATTRIBUTES);
  // Some emitters put only path and query into the URL.
  const path = urls.find((url) => url?.startsWith('/')) ?? firstText(a, PATH_ATTRIBUTES) ?? '/';
  return `${method} ${host === null ? '' : authority(host, firstCount(a, PORT))}${maskPath(path) || '/'}`;
}

function authority(name: string, port: number | null): string {
  const host = cleanHost(name);
  // `http.host` may hold the port already; an address of IPv6 comes with brackets or, as `server.address`, without.
  const bare6 = !host.startsWith('[') && host.indexOf(':') !== host.lastIndexOf(':');
  const bracketed = bare6 ? `[${host}]` : host;
  return port === null || /[^:]:\d+$/.test(bracketed) ? bracketed : `${bracketed}:${port}`;
}

/** `_OTHER` is the conventions' word for a method nobody knows; anything that is no token is treated alike. */
const methodName = (raw: string): string => (/^[A-Za-z]{1,20}$/.test(raw) ? raw.toUpperCase() : '_OTHER');

/** A request as a task: `METHOD /route`, the route as the server knows it, never the path with its ids. */
function serverTask(span: SpanRecord, method: string, statusCode: number | null): TaskReading {
  const route = firstText(span.attributes, ['http.route']);
  const failed = saysFailed(span) || (statusCode !== null && statusCode >= 500);
  return {
    what: 'task',
    source: 'http',
    taskId: null,
    attempt: 0,
    taskType: route === null ? methodName(method) : `${methodName(method)} ${route}`,
    workflowRunId: null,
    parentTaskId: null,
    namesParents: false,
    conversationId: null,
    outcome: failed ? 'failed' : 'completed',
    ...(failed ? failureOf(span) : NO_FAILURE),
  };
}

/** HTTP semantic conventions, stable and old; one span that carries both sets is one call. */
export const http: Dialect = {
  name: 'http',
  attributes: [
    ...METHOD,
    ...URL_ATTRIBUTES,
    ...PATH_ATTRIBUTES,
    ...HOST_ATTRIBUTES,
    ...PORT,
    ...STATUS,
    ...ERROR_NAME,
    ...FAILURE_ATTRIBUTES,
    'http.route',
    'http.request.resend_count',
    'http.resend_count',
  ],
  events: [],
  read(span: SpanRecord): Reading | null {
    const a = span.attributes;
    const method = firstText(a, METHOD);
    if (method === null) return null;
    const statusCode = httpStatusCode(a);
    const names = taskNamedBy(a);
    if (span.kind === SPAN_KIND.server)
      return { what: 'server', source: 'http', statusCode, names, asTask: serverTask(span, method, statusCode) };
    if (span.kind !== SPAN_KIND.client) return { what: 'step', source: 'http', reason: 'http_internal', names };
    const errorName = firstText(a, ERROR_NAME);
    const failed = saysFailed(span) || (statusCode !== null && statusCode >= 400) || errorName !== null;
    const failure = failed ? failureOf(span) : NO_FAILURE;
    return callReading({
      source: 'http',
      kind: 'http',
      toolName: target(a, methodName(method)),
      success: !failed,
      errorType:
        failure.errorType ??
        (failed ? (firstText(a, ['http.error_name']) ?? (statusCode === null ? null : String(statusCode))) : null),
      errorMessage:
        failure.errorMessage ?? (failed && errorName !== null ? (firstText(a, ['http.error_message']) ?? errorName) : null),
      statusCode,
      retryCount: count(a, 'http.request.resend_count') ?? count(a, 'http.resend_count'),
      names,
    });
  },
};
