import type {
  AttributeScalar,
  Attributes,
  AttributeValue,
  ResourceRecord,
  ScopeRecord,
  SpanEventRecord,
} from '../model/span-record.ts';
import { millis, type TimePair } from '../model/time.ts';
import { countItems, type Decoded, type DecodeOptions, emptyDecoded, KEEP_KNOWN, MAX_LIST } from './decoded.ts';
import { takeLog } from './take-log.ts';
import { NO_EVENTS, takeSpan } from './take-span.ts';
import { KnownNames, WIRE, WireReader } from './wire-reader.ts';

/** Field numbers are those of opentelemetry-proto v1 (`trace.proto`, `logs.proto`, `common.proto`, `resource.proto`). */

export type Signal = 'traces' | 'logs';

interface Names {
  readonly options: DecodeOptions;
  readonly attributes: KnownNames;
  readonly logAttributes: KnownNames;
}

const NO_RESOURCE: ResourceRecord = { attributes: {} };
const NO_SCOPE: ScopeRecord = { name: '', version: null };
const EVENT_NAME = 'event.name';

/**
 * Decodes OTLP/protobuf requests. One decoder serves many requests: it remembers which attribute names are kept.
 * Traces and logs look alike on the wire, so the caller says which it is (by the URL, the file).
 */
export class ProtobufDecoder {
  readonly #names: Names;

  constructor(options: DecodeOptions = KEEP_KNOWN) {
    const { keepsAttribute } = options;
    this.#names = {
      options,
      attributes: new KnownNames(keepsAttribute),
      logAttributes: new KnownNames((name) => name === EVENT_NAME || keepsAttribute(name)),
    };
  }

  /** @throws {OtlpDecodeError} when the bytes are not such a request; says at which byte. */
  decode(bytes: Uint8Array, signal: Signal): Decoded {
    const into = emptyDecoded(this.#names.options);
    const reader = new WireReader(bytes);
    const readItem = signal === 'traces' ? readSpan : readLog;
    while (reader.next()) {
      if (reader.field === 1 && reader.wireType === WIRE.bytes) readGroup(into, reader, this.#names, readItem);
      else reader.skip();
    }
    return into;
  }
}

type ReadItem = (into: Decoded, reader: WireReader, names: Names, scope: ScopeRecord, resource: ResourceRecord) => void;

/** `ResourceSpans` or `ResourceLogs`. The resource is read first, wherever it stands: fields may come in any order. */
function readGroup(into: Decoded, reader: WireReader, names: Names, readItem: ReadItem): void {
  const outer = reader.enter();
  countItems(into, 1);
  const resource = readAhead(reader, 1, () => ({ attributes: readAttributeList(reader, 1, names) })) ?? NO_RESOURCE;
  while (reader.next()) {
    if (reader.field === 2) {
      const group = reader.enter();
      countItems(into, 1);
      const scope = readAhead(reader, 1, () => readScope(reader)) ?? NO_SCOPE;
      while (reader.next()) {
        if (reader.field === 2) {
          const item = reader.enter();
          countItems(into, 1);
          readItem(into, reader, names, scope, resource);
          reader.leave(item);
        } else reader.skip();
      }
      reader.leave(group);
    } else reader.skip();
  }
  reader.leave(outer);
}

/** Reads the message in field `field` of the current message, then goes back to that message's beginning. */
function readAhead<T>(reader: WireReader, field: number, read: () => T): T | undefined {
  const start = reader.mark();
  let found: T | undefined;
  while (found === undefined && reader.next()) {
    if (reader.field === field) {
      const outer = reader.enter();
      found = read();
      reader.leave(outer);
    } else reader.skip();
  }
  reader.goTo(start);
  return found;
}

function readScope(reader: WireReader): ScopeRecord {
  let name = '';
  let version = '';
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) version = reader.text();
    else reader.skip();
  }
  return { name, version: version || null };
}

function readAttributeList(reader: WireReader, field: number, names: Names): Attributes {
  const attributes: Record<string, AttributeValue> = {};
  while (reader.next()) {
    if (reader.field === field) readAttribute(reader, names.attributes, attributes);
    else reader.skip();
  }
  return attributes;
}

/** `KeyValue`. Emitters write the key first; the value of one that is not kept is never looked at. */
function readAttribute(reader: WireReader, names: KnownNames, attributes: Record<string, AttributeValue>): void {
  const outer = reader.enter();
  let key: string | null = null;
  let value: AttributeValue | null = null;
  while (reader.next()) {
    if (reader.field === 1) {
      key = reader.known(names);
      if (key === null) break;
    } else if (reader.field === 2) value = readValue(reader);
    else reader.skip();
  }
  if (key !== null && value !== null) attributes[key] = value;
  reader.leave(outer);
}

/** `AnyValue`: scalars, and arrays of them. Maps and bytes are read by no dialect and dropped, so nothing here recurses. */
function readValue(reader: WireReader): AttributeValue | null {
  const outer = reader.enter();
  let value: AttributeValue | null = null;
  while (reader.next()) {
    value = reader.field === 5 && reader.wireType === WIRE.bytes ? readArray(reader) : readScalar(reader);
  }
  reader.leave(outer);
  return value;
}

function readArray(reader: WireReader): AttributeScalar[] {
  const outer = reader.enter();
  const items: AttributeScalar[] = [];
  while (reader.next()) {
    if (reader.field === 1) {
      const inner = reader.enter();
      let item: AttributeScalar | null = null;
      while (reader.next()) item = readScalar(reader);
      reader.leave(inner);
      if (item !== null && items.length < MAX_LIST) items.push(item);
    } else reader.skip();
  }
  reader.leave(outer);
  return items;
}

function readScalar(reader: WireReader): AttributeScalar | null {
  const { field, wireType } = reader;
  if (field === 1 && wireType === WIRE.bytes) return reader.boundedText();
  if (field === 2 && wireType === WIRE.varint) return reader.varint() !== 0;
  if (field === 3 && wireType === WIRE.varint) return reader.int64();
  if (field === 4 && wireType === WIRE.fixed64) {
    const number = reader.double();
    return Number.isFinite(number) ? number : null;
  }
  reader.skip();
  return null;
}

function readSpan(into: Decoded, reader: WireReader, names: Names, scope: ScopeRecord, resource: ResourceRecord): void {
  let traceId: string | null = '';
  let spanId: string | null = '';
  let parentSpanId: string | null = '';
  let flags = 0;
  let name = '';
  let kind = 0;
  let start: TimePair | null = null;
  let end: TimePair | null = null;
  let status: Status = UNSET;
  const attributes: Record<string, AttributeValue> = {};
  let events: SpanEventRecord[] | null = null;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        traceId = reader.hex(16);
        break;
      case 2:
        spanId = reader.hex(8);
        break;
      case 4:
        parentSpanId = reader.hex(8);
        break;
      case 5:
        name = reader.text();
        break;
      case 6:
        kind = reader.number();
        break;
      case 7:
        start = reader.unixNanos();
        break;
      case 8:
        end = reader.unixNanos();
        break;
      case 9:
        readAttribute(reader, names.attributes, attributes);
        break;
      case 11: {
        const event = readEvent(reader, names, start);
        if (event !== null && (events ??= []).length < MAX_LIST) events.push(event);
        break;
      }
      case 15:
        status = readStatus(reader);
        break;
      case 16:
        flags = reader.fixed32();
        break;
      default:
        reader.skip();
    }
  }
  if (events !== null) countItems(into, events.length);
  takeSpan(
    into,
    {
      traceId,
      spanId,
      parentSpanId,
      flags,
      name,
      kind,
      start,
      end,
      status: status.code,
      statusMessage: status.message,
      attributes,
      events: events ?? NO_EVENTS,
    },
    scope,
    resource,
  );
}

interface Status {
  readonly code: number;
  readonly message: string;
}

const UNSET: Status = { code: 0, message: '' };

function readStatus(reader: WireReader): Status {
  const outer = reader.enter();
  let code = 0;
  let message = '';
  while (reader.next()) {
    if (reader.field === 2) message = reader.text();
    else if (reader.field === 3) code = reader.number();
    else reader.skip();
  }
  reader.leave(outer);
  return { code, message };
}

function readEvent(reader: WireReader, names: Names, spanStart: TimePair | null): SpanEventRecord | null {
  const outer = reader.enter();
  let time: TimePair | null = null;
  let name = '';
  const attributes: Record<string, AttributeValue> = {};
  while (reader.next()) {
    if (reader.field === 1) time = reader.unixNanos();
    else if (reader.field === 2) name = reader.text();
    else if (reader.field === 3) readAttribute(reader, names.attributes, attributes);
    else reader.skip();
  }
  reader.leave(outer);
  // An event without a time still says what happened; the span's start is the nearest time known.
  const at = time ?? spanStart ?? [0, 0];
  return names.options.keepsEvent(name) ? { name, timeMs: millis(at[0], at[1]), attributes } : null;
}

function readLog(into: Decoded, reader: WireReader, names: Names, scope: ScopeRecord, resource: ResourceRecord): void {
  let time: TimePair | null = null;
  let observed: TimePair | null = null;
  let eventName = '';
  let body = '';
  let traceId: string | null = '';
  let spanId: string | null = '';
  const attributes: Record<string, AttributeValue> = {};
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        time = reader.unixNanos();
        break;
      case 5: {
        const value = readValue(reader);
        body = typeof value === 'string' ? value : '';
        break;
      }
      case 6:
        readAttribute(reader, names.logAttributes, attributes);
        break;
      case 9:
        traceId = reader.hex(16);
        break;
      case 10:
        spanId = reader.hex(8);
        break;
      case 11:
        observed = reader.unixNanos();
        break;
      case 12:
        eventName = reader.text();
        break;
      default:
        reader.skip();
    }
  }
  const stated = attributes[EVENT_NAME];
  if (stated !== undefined && !names.options.keepsAttribute(EVENT_NAME)) delete attributes[EVENT_NAME];
  const eventAttribute = typeof stated === 'string' ? stated : '';
  takeLog(into, { eventName, eventAttribute, body, time, observed, traceId, spanId, attributes }, scope, resource, names.options);
}
