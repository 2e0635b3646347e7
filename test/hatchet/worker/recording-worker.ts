/**
 * A worker that records with our processor. With VENDOR_URL it exports to a vendor beside it, which a sampler gives
 * VENDOR_SHARE of the traces.
 */

import { HatchetInstrumentor } from '@hatchet-dev/typescript-sdk/opentelemetry/index.js';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
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
import { VendorExporter } from './vendor-exporter.ts';

const { VENDOR_URL, VENDOR_SHARE } = process.env;
const sampler =
  VENDOR_SHARE === undefined
    ? new AlwaysOnSampler()
    : recordAll(new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(Number(VENDOR_SHARE)) }));
const vendor = VENDOR_URL === undefined ? [] : [new BatchSpanProcessor(new VendorExporter(VENDOR_URL))];
const provider = new BasicTracerProvider({ sampler, spanProcessors: [new AiTrackerSpanProcessor(), ...vendor] });

context.setGlobalContextManager(asyncContextManager(ROOT_CONTEXT));
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(provider);
registerInstrumentations({ instrumentations: [new HatchetInstrumentor({ enableHatchetCollector: false })] });

const { serveWorker } = await import('./serve-worker.ts');
await serveWorker({ flush: () => provider.forceFlush(), health }, () => provider.shutdown());
