/** A worker whose spans stay in memory: what Hatchet's instrumentor emits, before anything of ours saw it. */

import { HatchetInstrumentor } from '@hatchet-dev/typescript-sdk/opentelemetry/index.js';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { asyncContextManager } from '../../../src/register-context.ts';

const exporter = new InMemorySpanExporter();
context.setGlobalContextManager(asyncContextManager(ROOT_CONTEXT));
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
registerInstrumentations({ instrumentations: [new HatchetInstrumentor({ enableHatchetCollector: false })] });

const { serveWorker } = await import('./serve-worker.ts');
await serveWorker(
  {
    spans: () =>
      exporter.getFinishedSpans().map((span) => ({
        name: span.name,
        kind: span.kind,
        traceId: span.spanContext().traceId,
        spanId: span.spanContext().spanId,
        parentSpanId: span.parentSpanContext?.spanId ?? null,
        parentRemote: span.parentSpanContext?.isRemote ?? null,
        status: span.status.code,
        attributes: span.attributes,
        events: span.events.map((event) => ({ name: event.name, attributes: event.attributes })),
      })),
  },
  async () => {},
);
