import type {
  Attributes,
  LogRecord,
  Origin,
  ResourceRecord,
  ScopeRecord,
  SpanBatch,
  SpanEventRecord,
  SpanRecord,
} from './span-record.ts';

/**
 * A batch as one JSON text. Rows of positions instead of objects: the host thread pays for this text, and the names of
 * fourteen fields a span would be most of it. Resources and scopes stand once and are referred to by index.
 */
export interface WireBatch {
  v: 1;
  origin: Origin;
  resources: Attributes[];
  scopes: [name: string, version: string | null][];
  spans: WireSpan[];
  logs: WireLog[];
}

export type WireEvent = [name: string, timeMs: number, attributes: Attributes];
export type WireSpan = [
  traceId: string,
  spanId: string,
  parentSpanId: string | null,
  parentRemote: boolean | null,
  name: string,
  kind: number,
  startMs: number,
  endMs: number | null,
  durationMs: number | null,
  status: number,
  statusMessage: string | null,
  attributes: Attributes,
  events: WireEvent[] | 0,
  scope: number,
  resource: number,
];
export type WireLog = [
  eventName: string,
  timeMs: number,
  traceId: string | null,
  spanId: string | null,
  attributes: Attributes,
  scope: number,
  resource: number,
];

/** Numbers each distinct object in the order of first sight; identity, not equality, so it costs one map look-up. */
class Interner<T, W> {
  readonly wire: W[] = [];
  readonly #index = new Map<T, number>();
  readonly #toWire: (value: T) => W;
  constructor(toWire: (value: T) => W) {
    this.#toWire = toWire;
  }
  indexOf(value: T): number {
    let index = this.#index.get(value);
    if (index === undefined) {
      index = this.wire.length;
      this.#index.set(value, index);
      this.wire.push(this.#toWire(value));
    }
    return index;
  }
}

const NO_EVENTS: readonly SpanEventRecord[] = [];

export function encodeBatch(batch: SpanBatch): string {
  const resources = new Interner<ResourceRecord, Attributes>((r) => r.attributes);
  const scopes = new Interner<ScopeRecord, [string, string | null]>((s) => [s.name, s.version]);
  const spans = batch.spans.map(
    (s): WireSpan => [
      s.traceId,
      s.spanId,
      s.parentSpanId,
      s.parentRemote,
      s.name,
      s.kind,
      s.startMs,
      s.endMs,
      s.durationMs,
      s.status,
      s.statusMessage,
      s.attributes,
      s.events.length === 0 ? 0 : s.events.map((e): WireEvent => [e.name, e.timeMs, e.attributes]),
      scopes.indexOf(s.scope),
      resources.indexOf(s.resource),
    ],
  );
  const logs = batch.logs.map(
    (l): WireLog => [
      l.eventName,
      l.timeMs,
      l.traceId,
      l.spanId,
      l.attributes,
      scopes.indexOf(l.scope),
      resources.indexOf(l.resource),
    ],
  );
  const wire: WireBatch = {
    v: 1,
    origin: batch.origin,
    resources: resources.wire,
    scopes: scopes.wire,
    spans,
    logs,
  };
  return JSON.stringify(wire);
}

/**
 * The inverse of `encodeBatch`.
 * @throws {Error} when the text is not a batch of a version that this build knows.
 */
export function decodeBatch(text: string): SpanBatch {
  const wire = JSON.parse(text) as WireBatch;
  if (wire?.v !== 1 || !Array.isArray(wire.spans)) {
    throw new Error(`not a span batch of version 1 (found ${JSON.stringify(wire?.v)})`);
  }
  const resources = wire.resources.map((attributes): ResourceRecord => ({ attributes }));
  const scopes = wire.scopes.map(([name, version]): ScopeRecord => ({ name, version }));
  const at = <T>(list: readonly T[], index: number, what: string): T => {
    const found = list[index];
    if (found === undefined) throw new Error(`span batch refers to ${what} ${index} of ${list.length}`);
    return found;
  };
  return {
    origin: wire.origin,
    spans: wire.spans.map(
      (w): SpanRecord => ({
        traceId: w[0],
        spanId: w[1],
        parentSpanId: w[2],
        parentRemote: w[3],
        name: w[4],
        kind: w[5],
        startMs: w[6],
        endMs: w[7],
        durationMs: w[8],
        status: w[9],
        statusMessage: w[10],
        attributes: w[11],
        events: w[12] === 0 ? NO_EVENTS : w[12].map(([name, timeMs, attributes]) => ({ name, timeMs, attributes })),
        scope: at(scopes, w[13], 'scope'),
        resource: at(resources, w[14], 'resource'),
      }),
    ),
    logs: wire.logs.map(
      (w): LogRecord => ({
        eventName: w[0],
        timeMs: w[1],
        traceId: w[2],
        spanId: w[3],
        attributes: w[4],
        scope: at(scopes, w[5], 'scope'),
        resource: at(resources, w[6], 'resource'),
      }),
    ),
  };
}
