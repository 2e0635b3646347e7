/**
 * A worker that records with our processor. With VENDOR_SHARE it exports beside it, by OpenTelemetry's own exporter, that
 * share of the traces to the vendor that OTEL_EXPORTER_OTLP_ENDPOINT names.
 */

import { HatchetInstrumentor } from '@hatchet-dev/typescript-sdk/opentelemetry/index.js';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { AiTrackerSpanProcessor, health, recordAll } from '../../../src/index.ts';
import { asyncContextManager } from '../../../src/register-context.ts';

const { VENDOR_SHARE } = process.env;
const sampler =
  VENDOR_SHARE === undefined
    ? new AlwaysOnSampler()
    : recordAll(new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(Number(VENDOR_SHARE)) }));
const vendor = VENDOR_SHARE === undefined ? [] : [new BatchSpanProcessor(new OTLPTraceExporter())];
const provider = new BasicTracerProvider({ sampler, spanProcessors: [new AiTrackerSpanProcessor(), ...vendor] });

context.setGlobalContextManager(asyncContextManager(ROOT_CONTEXT));
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(provider);
registerInstrumentations({ instrumentations: [new HatchetInstrumentor({ enableHatchetCollector: false })] });

const { serveWorker } = await import('./serve-worker.ts');
await serveWorker({ flush: () => provider.forceFlush(), health }, () => provider.shutdown());
