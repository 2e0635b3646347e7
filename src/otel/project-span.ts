import type { WireBatch, WireEvent, WireSpan } from '../model/batch-codec.ts';
import { boundedText, MAX_TEXT } from '../model/bounded-text.ts';
import type { AttributeScalar, Attributes, AttributeValue, Origin } from '../model/span-record.ts';
import { millis, spanTimes } from '../model/time.ts';
import type { ReadableSpanLike, ResourceLike, SpanEventLike } from './readable-span.ts';

/** Most items of one attribute's list, and most kept events of one span; the same at every door. */
const MAX_LIST = 1024;

export interface Projection {
  /** Whether an attribute of a span, an event or a resource is copied. */
  readonly keepsAttribute: (key: string) => boolean;
  readonly keepsEvent: (name: string) => boolean;
}

/**
 * Spans of the SDK as the text of one batch. This is the only work on the host's thread that grows with a span, so it
 * makes the wire rows at once instead of records first (docs/decisions/0001: 1.1 µs a span, 2.8 with protobuf).
 */
export function encodeSpans(spans: readonly ReadableSpanLike[], origin: Origin, projection: Projection): string {
  const resources: Attributes[] = [];
  const scopes: [string, string | null][] = [];
  const resourceIndex = new Map<ResourceLike, number>();
  const scopeIndex = new Map<object, number>();
  const rows: WireSpan[] = new Array(spans.length);
  for (let i = 0; i < spans.length; i++) {
    const span = spans[i] as ReadableSpanLike;
    let resource = resourceIndex.get(span.resource);
    if (resource === undefined) {
      resource = resources.push(keptAttributes(span.resource.attributes, projection)) - 1;
      resourceIndex.set(span.resource, resource);
    }
    let scope = scopeIndex.get(span.instrumentationScope);
    if (scope === undefined) {
      const { name, version } = span.instrumentationScope;
      scope = scopes.push([name, version ?? null]) - 1;
      scopeIndex.set(span.instrumentationScope, scope);
    }
    rows[i] = projectSpan(span, scope, resource, projection);
  }
  const wire: WireBatch = { v: 1, origin, resources, scopes, spans: rows, logs: [] };
  return JSON.stringify(wire);
}

function projectSpan(span: ReadableSpanLike, scope: number, resource: number, projection: Projection): WireSpan {
  const context = span.spanContext();
  const parent = span.parentSpanContext;
  // SDK 1.x has no parentSpanContext and does not say whether the parent is remote.
  const parentSpanId = parent?.spanId ?? (span as { parentSpanId?: string }).parentSpanId ?? null;
  const times = span.ended ? spanTimes(span.startTime, span.endTime) : null;
  const message = span.status.message;
  return [
    context.traceId,
    context.spanId,
    parentSpanId,
    parent === undefined ? null : parent.isRemote === true,
    cap(span.name),
    span.kind + 1,
    millis(span.startTime[0], span.startTime[1]),
    times === null ? null : times.endMs,
    times === null ? null : times.durationMs,
    span.status.code,
    message === undefined ? null : cap(message),
    keptAttributes(span.attributes, projection),
    span.events.length === 0 ? 0 : keptEvents(span.events, projection),
    scope,
    resource,
  ];
}

const cap = (text: string): string => (text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text);

function keptAttributes(attributes: { readonly [key: string]: unknown }, projection: Projection): Attributes {
  const kept: Record<string, AttributeValue> = {};
  for (const key in attributes) {
    if (!projection.keepsAttribute(key)) continue;
    const value = attributes[key];
    switch (typeof value) {
      case 'string':
        kept[key] = boundedText(value);
        break;
      case 'number':
        // JSON has no NaN or Infinity; OTLP doubles of that kind mean nothing to any dialect.
        if (Number.isFinite(value)) kept[key] = value;
        break;
      case 'boolean':
        kept[key] = value;
        break;
      case 'object':
        if (Array.isArray(value)) kept[key] = listOf(value);
        break;
      default:
        break; // Not an attribute value: nothing that an SDK lets through.
    }
  }
  return kept;
}

const listOf = (values: readonly unknown[]): AttributeScalar[] =>
  (values.length > MAX_LIST ? values.slice(0, MAX_LIST) : values)
    .filter(isScalar)
    .map((item) => (typeof item === 'string' ? boundedText(item) : item));

function isScalar(value: unknown): value is AttributeScalar {
  return typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}

function keptEvents(events: readonly SpanEventLike[], projection: Projection): WireEvent[] | 0 {
  let kept: WireEvent[] | 0 = 0;
  for (const event of events) {
    if (!projection.keepsEvent(event.name)) continue;
    const row: WireEvent = [event.name, millis(event.time[0], event.time[1]), keptAttributes(event.attributes ?? {}, projection)];
    if (kept === 0) kept = [row];
    else if (kept.push(row) === MAX_LIST) break;
  }
  return kept;
}
