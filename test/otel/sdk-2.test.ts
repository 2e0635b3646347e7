import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { recordAll } from '../../src/index.ts';
import { describeSdk, type SdkProvider } from '../support/sdk-suite.ts';

const doors = (provider: BasicTracerProvider): SdkProvider => ({
  tracer: provider.getTracer('suite'),
  forceFlush: () => provider.forceFlush(),
  shutdown: () => provider.shutdown(),
});

describeSdk({
  name: '2.x',
  contextWith: (parent) => trace.setSpan(ROOT_CONTEXT, parent),
  withProcessor: (processor) => doors(new BasicTracerProvider({ spanProcessors: [processor] })),
  withExporter: (exporter) => doors(new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] })),
  sampledOut(processor) {
    const vendor = new InMemorySpanExporter();
    const sampler = recordAll(new AlwaysOffSampler());
    const spanProcessors = [processor, new SimpleSpanProcessor(vendor)];
    const provider = new BasicTracerProvider({ sampler, spanProcessors });
    return { ...doors(provider), vendorSpans: () => vendor.getFinishedSpans().length };
  },
});
