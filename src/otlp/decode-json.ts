import type { ResourceRecord, ScopeRecord, SpanEventRecord } from '../model/span-record.ts';
import { millis, parseUnixNanos, type TimePair } from '../model/time.ts';
import {
  countItems,
  type Decoded,
  type DecodeOptions,
  emptyDecoded,
  KEEP_KNOWN,
  MAX_LIST,
  OtlpDecodeError,
  reject,
} from './decoded.ts';
import { assertJsonBounds } from './json-bounds.ts';
import { attributesOf, enumOf, idOf, isObject, type JsonObject, textOf } from './json-value.ts';
import { takeLog } from './take-log.ts';
import { NO_EVENTS, takeSpan } from './take-span.ts';

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map((name) => `SPAN_KIND_${name}`);
const STATUSES = ['UNSET', 'OK', 'ERROR'].map((name) => `STATUS_CODE_${name}`);

/** A time written as a bare number, beyond what a double can hold. The quote before the colon cannot be inside a text: there it is escaped. */
const BARE_NANOS = /("(?:startT|endT|observedT|t)imeUnixNano"\s*:\s*)(\d{16,20})(?=[\s,}])/g;
/** Begins with a literal, so that the usual request (times as text) is searched at memory speed. */
const HAS_BARE_NANOS = /UnixNano"\s*:\s*\d{16}/;

/** A text of at most so many characters is not looked through: whatever it holds costs 30 MB at most (2026-11-23), and nothing here recurses. */
const HARMLESS = 2 ** 20;

/**
 * Parses JSON without losing digits of times that an emitter wrote as numbers (a quarter of a microsecond otherwise).
 * @throws {SyntaxError}
 */
export function parseOtlpJson(text: string): unknown {
  return JSON.parse(HAS_BARE_NANOS.test(text) ? text.replace(BARE_NANOS, '$1"$2"') : text);
}

/**
 * One OTLP/JSON trace or log request.
 * @throws {OtlpDecodeError} when it is not JSON, or the frame around the spans is malformed.
 */
export function decodeJson(text: string, options: DecodeOptions = KEEP_KNOWN): Decoded {
  return decodeJsonValue(parseBounded(text), options);
}

/** Whatever JSON it is. @throws {OtlpDecodeError} when it is none, or takes too much memory. */
export function parseBounded(text: string): unknown {
  if (text.length > HARMLESS) assertJsonBounds(text);
  try {
    return parseOtlpJson(text);
  } catch (error) {
    throw new OtlpDecodeError('', `it is not JSON: ${(error as Error).message}`);
  }
}

/**
 * The same for a request that is parsed already.
 * @throws {OtlpDecodeError}
 */
export function decodeJsonValue(value: unknown, options: DecodeOptions = KEEP_KNOWN): Decoded {
  if (!isObject(value)) throw new OtlpDecodeError('', 'it is no JSON object');
  const into = emptyDecoded(options);
  for (const [place, group] of listOf(value, 'resourceSpans', '')) {
    countItems(into, 1);
    const resource = resourceOf(group, options);
    for (const [inner, scopeSpans] of listOf(group, 'scopeSpans', place)) {
      countItems(into, 1);
      const scope = scopeOf(scopeSpans);
      for (const span of arrayOf(scopeSpans, 'spans', inner)) readSpan(into, span, scope, resource, options);
    }
  }
  for (const [place, group] of listOf(value, 'resourceLogs', '')) {
    countItems(into, 1);
    const resource = resourceOf(group, options);
    for (const [inner, scopeLogs] of listOf(group, 'scopeLogs', place)) {
      countItems(into, 1);
      const scope = scopeOf(scopeLogs);
      for (const log of arrayOf(scopeLogs, 'logRecords', inner)) readLog(into, log, scope, resource, options);
    }
  }
  return into;
}

export function arrayOf(parent: JsonObject, key: string, place: string): readonly unknown[] {
  const list = parent[key];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw new OtlpDecodeError(place === '' ? key : `${place}.${key}`, 'it is no list');
  return list;
}

export function* listOf(parent: JsonObject, key: string, place: string): Generator<[place: string, item: JsonObject]> {
  const list = arrayOf(parent, key, place);
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    const at = `${place === '' ? '' : `${place}.`}${key}[${i}]`;
    if (!isObject(item)) throw new OtlpDecodeError(at, 'it is no JSON object');
    yield [at, item];
  }
}

function resourceOf(group: JsonObject, options: DecodeOptions): ResourceRecord {
  const resource = group['resource'];
  return { attributes: attributesOf(isObject(resource) ? resource['attributes'] : undefined, options.keepsAttribute) };
}

function scopeOf(group: JsonObject): ScopeRecord {
  const scope = group['scope'];
  return isObject(scope)
    ? { name: textOf(scope['name']), version: textOf(scope['version']) || null }
    : { name: '', version: null };
}

function readSpan(into: Decoded, span: unknown, scope: ScopeRecord, resource: ResourceRecord, options: DecodeOptions): void {
  countItems(into, 1);
  if (!isObject(span)) return reject(into, 'not_a_span');
  const status = isObject(span['status']) ? span['status'] : {};
  const flags = span['flags'];
  const start = parseUnixNanos(span['startTimeUnixNano']);
  takeSpan(
    into,
    {
      traceId: idOf(span['traceId'], 16),
      spanId: idOf(span['spanId'], 8),
      parentSpanId: idOf(span['parentSpanId'], 8),
      flags: typeof flags === 'number' ? flags : 0,
      name: textOf(span['name']),
      kind: enumOf(span['kind'], KINDS),
      start,
      end: parseUnixNanos(span['endTimeUnixNano']),
      status: enumOf(status['code'], STATUSES),
      statusMessage: textOf(status['message']),
      attributes: attributesOf(span['attributes'], options.keepsAttribute),
      events: eventsOf(into, span['events'], start, options),
    },
    scope,
    resource,
  );
}

function eventsOf(into: Decoded, list: unknown, start: TimePair | null, options: DecodeOptions): readonly SpanEventRecord[] {
  if (!Array.isArray(list) || list.length === 0) return NO_EVENTS;
  const events: SpanEventRecord[] = [];
  for (const event of list) {
    if (!isObject(event) || !options.keepsEvent(textOf(event['name']))) continue;
    if (events.length === MAX_LIST) break;
    // An event without a time still says what happened; the span's start is the nearest time known.
    const time = parseUnixNanos(event['timeUnixNano']) ?? start ?? [0, 0];
    events.push({
      name: textOf(event['name']),
      timeMs: millis(time[0], time[1]),
      attributes: attributesOf(event['attributes'], options.keepsAttribute),
    });
  }
  countItems(into, events.length);
  return events;
}

function readLog(into: Decoded, log: unknown, scope: ScopeRecord, resource: ResourceRecord, options: DecodeOptions): void {
  countItems(into, 1);
  if (!isObject(log)) return reject(into, 'not_a_log');
  const body = isObject(log['body']) ? log['body'] : {};
  takeLog(
    into,
    {
      eventName: textOf(log['eventName']),
      eventAttribute: textOf(attributesOf(log['attributes'], (key) => key === 'event.name')['event.name']),
      body: textOf(body['stringValue']),
      time: parseUnixNanos(log['timeUnixNano']),
      observed: parseUnixNanos(log['observedTimeUnixNano']),
      traceId: idOf(log['traceId'], 16),
      spanId: idOf(log['spanId'], 8),
      attributes: attributesOf(log['attributes'], options.keepsAttribute),
    },
    scope,
    resource,
    options,
  );
}
