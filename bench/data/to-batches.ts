import { keepsAttribute, keepsEvent } from '../../src/dialect/kept-attributes.ts';
import type { Attributes, Origin, ProcessSession, SpanBatch, SpanRecord } from '../../src/model/span-record.ts';
import { BENCH_EPOCH_MS, type PlannedSpan, type PlannedTrace } from './make-spans.ts';

const SESSION: ProcessSession = {
  id: '5e55105e-0000-4000-8000-000000000001',
  host: 'bench',
  pid: process.pid,
  bootId: null,
  pidNamespace: null,
  processStartedAt: null,
  startedMs: BENCH_EPOCH_MS,
};
const ORIGIN: Origin = { door: 'process', session: SESSION, agentId: 'bench-agent' };
const RESOURCE = { attributes: { 'service.name': 'bench-worker', 'service.version': '1.0.0' } };
const SCOPES = {
  hatchet: { name: '@hatchet-dev/typescript-sdk', version: '1.33.2' },
  app: { name: 'app', version: null },
  mcp: { name: 'mcp', version: '1.0.0' },
  http: { name: '@opentelemetry/instrumentation-http', version: '0.221.0' },
};

function kept(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => keepsAttribute(key)));
}

/** The span as a door hands it on: what no dialect reads is left outside. */
function toRecord(span: PlannedSpan, attributes: Attributes, ended: boolean): SpanRecord {
  const exception = ended && span.exception !== null && keepsEvent('exception') ? kept(span.exception) : null;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    parentRemote: span.parent < 0,
    name: span.name,
    kind: span.kind,
    startMs: span.startMs,
    endMs: ended ? span.endMs : null,
    durationMs: ended ? Math.round((span.endMs - span.startMs) * 1000) / 1000 : null,
    status: ended ? span.status : 0,
    statusMessage: ended ? span.statusMessage : null,
    attributes,
    events: exception === null ? [] : [{ name: 'exception', timeMs: span.endMs, attributes: exception }],
    scope: SCOPES[span.scope],
    resource: RESOURCE,
  };
}

/**
 * The batches that a door makes of the traces: ended spans in the order of their ends, `size` a batch. With `starts`, as
 * the processor does, each batch begins with the spans that were started since the last one and are still open.
 */
export function toBatches(traces: readonly PlannedTrace[], size: number, starts: boolean): SpanBatch[] {
  const spans = traces.flat().map((span) => ({ span, attributes: kept(span.attributes) }));
  const ended = spans.toSorted((a, b) => a.span.endMs - b.span.endMs);
  const started = spans.toSorted((a, b) => a.span.startMs - b.span.startMs);
  const batches: SpanBatch[] = [];
  let nextStart = 0;
  for (let at = 0; at < ended.length; at += size) {
    const part = ended.slice(at, at + size);
    const untilMs = part.at(-1)?.span.endMs ?? 0;
    const open: SpanRecord[] = [];
    for (; nextStart < started.length; nextStart++) {
      const { span, attributes } = started[nextStart] as (typeof started)[number];
      if (span.startMs > untilMs) break;
      if (starts && span.endMs > untilMs) open.push(toRecord(span, attributes, false));
    }
    batches.push({
      origin: ORIGIN,
      spans: open.concat(part.map(({ span, attributes }) => toRecord(span, attributes, true))),
      logs: [],
    });
  }
  return batches;
}
