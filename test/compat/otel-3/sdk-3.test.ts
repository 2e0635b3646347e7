import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  BatchSpanProcessor,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { recordAll } from '../../../src/index.ts';
import { describeSdk, type SdkProvider } from '../../support/sdk-suite.ts';

const doors = (provider: TracerProvider): SdkProvider => ({
  tracer: provider.getTracer('suite'),
  forceFlush: () => provider.forceFlush(),
  shutdown: () => provider.shutdown(),
});

// A 2.x of the same name lies in the project's own node_modules and would be found if this folder had none.
test('the SDK under test is 3.x', () => {
  const entry = createRequire(import.meta.url).resolve('@opentelemetry/sdk-trace');
  const manifest = readFileSync(`${entry.slice(0, entry.indexOf('/dist/'))}/package.json`, 'utf8');
  expect((JSON.parse(manifest) as { version: string }).version).toMatch(/^3\./);
});

describeSdk({
  name: '3.x',
  contextWith: (parent) => trace.setSpan(ROOT_CONTEXT, parent),
  withProcessor: (processor) => doors(new TracerProvider({ spanProcessors: [processor] })),
  withExporter: (exporter) => doors(new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] })),
  sampledOut(processor) {
    const vendor = new InMemorySpanExporter();
    const sampler = recordAll(new AlwaysOffSampler());
    const spanProcessors = [processor, new SimpleSpanProcessor({ exporter: vendor })];
    const provider = new TracerProvider({ sampler, spanProcessors });
    return { ...doors(provider), vendorSpans: () => vendor.getFinishedSpans().length };
  },
});
