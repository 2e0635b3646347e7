import type { SpanRecord } from '../model/span-record.ts';
import { STATUS_CODE } from '../model/span-record.ts';
import { text } from './attributes.ts';

export const FAILURE_ATTRIBUTES = ['error.type', 'error.message', 'exception.type', 'exception.message'] as const;

/** As the emitter said it; `classify` takes secrets out and cuts it to one line. */
export interface Failure {
  readonly errorType: string | null;
  readonly errorMessage: string | null;
}

/** `_OTHER` is the conventions' word for an error without a type, `unknown` Mastra's. */
const VAGUE: ReadonlySet<string> = new Set(['Error', 'unknown', '_OTHER']);

/**
 * What the span says of its error: `error.type`, else the type of its last exception event; the status message, else
 * that event's. Codes that say nothing (`Error`, undici's `23`) give way to the exception's type.
 */
export function failureOf(span: SpanRecord): Failure {
  const exception = span.events.findLast((event) => event.name === 'exception');
  const exceptionType = exception ? text(exception.attributes, 'exception.type') : null;
  const exceptionMessage = exception ? text(exception.attributes, 'exception.message') : null;
  const declared = text(span.attributes, 'error.type');
  const declaredIsVague = declared === null || VAGUE.has(declared) || /^\d{1,2}$/.test(declared);
  return {
    errorType: domException(declaredIsVague ? (exceptionType ?? declared) : declared),
    errorMessage: firstSaying(span.statusMessage, exceptionMessage, text(span.attributes, 'error.message')),
  };
}

/** undici gives the legacy code of the DOMException (WebIDL) as the type of an aborted request. */
const DOM_EXCEPTIONS: Readonly<Record<string, string>> = { 20: 'AbortError', 23: 'TimeoutError' };
const domException = (type: string | null): string | null => (type === null ? null : (DOM_EXCEPTIONS[type] ?? type));

const firstSaying = (...messages: readonly (string | null)[]): string | null =>
  messages.find((message) => message !== null && message.trim() !== '') ?? null;

export const NO_FAILURE: Failure = { errorType: null, errorMessage: null };

/** Rules 1 and 2 of the order in docs/dialects.md: status ERROR, or `error.type` set. Dialects add what they know. */
export function saysFailed(span: SpanRecord): boolean {
  return span.status === STATUS_CODE.error || text(span.attributes, 'error.type') !== null;
}
