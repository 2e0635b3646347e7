import type { Attributes, ResourceRecord, ScopeRecord, SpanEventRecord } from '../model/span-record.ts';
import { spanTimes, type TimePair } from '../model/time.ts';
import { cap, type Decoded, reject } from './decoded.ts';

/** A span as either encoding delivers it, not yet checked. An id is lower-case hex, `''` where it was absent, null where it was malformed. */
export interface RawSpan {
  readonly traceId: string | null;
  readonly spanId: string | null;
  readonly parentSpanId: string | null;
  readonly flags: number;
  readonly name: string;
  readonly kind: number;
  readonly start: TimePair | null;
  readonly end: TimePair | null;
  readonly status: number;
  readonly statusMessage: string;
  readonly attributes: Attributes;
  readonly events: readonly SpanEventRecord[];
}

export const NO_EVENTS: readonly SpanEventRecord[] = [];
export const NO_TRACE = '0'.repeat(32);
export const NO_SPAN = '0'.repeat(16);

/** opentelemetry-proto, `SpanFlags`. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** Checks a span and takes it up, or counts why not. */
export function takeSpan(into: Decoded, raw: RawSpan, scope: ScopeRecord, resource: ResourceRecord): void {
  const { traceId, spanId, start, end } = raw;
  if (!traceId || traceId === NO_TRACE) return reject(into, 'trace_id');
  if (!spanId || spanId === NO_SPAN) return reject(into, 'span_id');
  if (raw.parentSpanId === null) return reject(into, 'parent_span_id');
  if (start === null) return reject(into, 'start_time');
  if (end === null) return reject(into, 'end_time');
  const parentSpanId = raw.parentSpanId === '' || raw.parentSpanId === NO_SPAN ? null : raw.parentSpanId;
  const times = spanTimes(start, end);
  into.spans.push({
    traceId,
    spanId,
    parentSpanId,
    parentRemote: parentSpanId === null || (raw.flags & HAS_IS_REMOTE) === 0 ? null : (raw.flags & IS_REMOTE) !== 0,
    name: cap(raw.name),
    kind: raw.kind >= 0 && raw.kind <= 5 ? raw.kind : 0,
    startMs: times.startMs,
    endMs: times.endMs,
    durationMs: times.durationMs,
    status: raw.status >= 0 && raw.status <= 2 ? raw.status : 0,
    statusMessage: raw.statusMessage === '' ? null : cap(raw.statusMessage),
    attributes: raw.attributes,
    events: raw.events,
    scope,
    resource,
  });
}
