import type { Attributes, ResourceRecord, ScopeRecord } from '../model/span-record.ts';
import { millis, type TimePair } from '../model/time.ts';
import { cap, type Decoded, type DecodeOptions, reject } from './decoded.ts';
import { NO_SPAN, NO_TRACE } from './take-span.ts';

/** A log record as either encoding delivers it, not yet checked. */
export interface RawLog {
  /** The field `event_name`; `''` where it is not set. */
  readonly eventName: string;
  /** The attribute `event.name`: where emitters put it before the field existed (Claude Code, Codex, Gemini CLI). */
  readonly eventAttribute: string;
  /** The body where it is a text. */
  readonly body: string;
  readonly time: TimePair | null;
  readonly observed: TimePair | null;
  readonly traceId: string | null;
  readonly spanId: string | null;
  readonly attributes: Attributes;
}

/** Takes a log record up where some dialect reads its event, else counts it. */
export function takeLog(into: Decoded, raw: RawLog, scope: ScopeRecord, resource: ResourceRecord, options: DecodeOptions): void {
  const eventName = raw.eventName || raw.eventAttribute || (/^[\w.-]{1,128}$/.test(raw.body) ? raw.body : '');
  if (!options.keepsEvent(eventName)) {
    into.skippedLogs++;
    return;
  }
  const time = raw.time ?? raw.observed;
  if (time === null) return reject(into, 'log_time');
  if (raw.traceId === null) return reject(into, 'trace_id');
  if (raw.spanId === null) return reject(into, 'span_id');
  into.logs.push({
    eventName: cap(eventName),
    timeMs: millis(time[0], time[1]),
    traceId: raw.traceId === '' || raw.traceId === NO_TRACE ? null : raw.traceId,
    spanId: raw.spanId === '' || raw.spanId === NO_SPAN ? null : raw.spanId,
    attributes: raw.attributes,
    scope,
    resource,
  });
}
