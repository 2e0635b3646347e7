import { keepsAttribute, keepsEvent } from '../dialect/kept-attributes.ts';
import { MAX_TEXT } from '../model/bounded-text.ts';
import type { LogRecord, SpanRecord } from '../model/span-record.ts';

/** What one OTLP request holds for us. */
export interface Decoded {
  readonly spans: SpanRecord[];
  readonly logs: LogRecord[];
  /** Spans and log records that are malformed, by what is wrong with them (`trace_id`, `start_time`, …). */
  readonly rejected: Record<string, number>;
  /** Well-formed log records of events that nothing reads. */
  skippedLogs: number;
  /** Items that may still come. */
  room: number;
}

export const emptyDecoded = ({ maxItems = Number.POSITIVE_INFINITY }: DecodeOptions): Decoded => ({
  spans: [],
  logs: [],
  rejected: {},
  skippedLogs: 0,
  room: maxItems,
});

/** @throws {OtlpDecodeError} when a request holds more items than it may. */
export function countItems(into: Decoded, items: number): void {
  into.room -= items;
  if (into.room < 0)
    throw new OtlpDecodeError('', 'it holds more spans, log records, events and groups of them than one request may');
}

export const reject = (into: Decoded, reason: string): void => {
  into.rejected[reason] = (into.rejected[reason] ?? 0) + 1;
};

export interface DecodeOptions {
  readonly keepsAttribute: (key: string) => boolean;
  /** Events of spans, and log records by their event name. */
  readonly keepsEvent: (name: string) => boolean;
  /**
   * Most spans, log records, kept events, resources and scopes of one request, malformed ones included; no limit where it is
   * not given. A body of 64 MiB has room for 1.4 million spans of no attributes: 3.4 s and 510 MB (Node 24.21, 2 cores,
   * 2026-11-23).
   */
  readonly maxItems?: number;
}

export const KEEP_KNOWN: DecodeOptions = { keepsAttribute, keepsEvent };

/** Most items of one attribute's list, and most kept events of one span, that get past the door. */
export const MAX_LIST = 1024;

/** Of what is read by people only: names, messages. Attributes, which may be ids, keep a digest of what is cut (`boundedText`). */
export const cap = (text: string): string => (text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text);

/** The request as a whole is not OTLP: nothing of it can be trusted. A single bad span is no such error, it is counted. */
export class OtlpDecodeError extends Error {
  override readonly name = 'OtlpDecodeError';
  /** Where in the request: `resourceSpans[0].scopeSpans`, `byte 812`. */
  readonly place: string;
  constructor(place: string, reason: string) {
    super(`not an OTLP request: ${reason}${place === '' ? '' : ` (at ${place})`}`);
    this.place = place;
  }
}
