/**
 * Compiled by `npm run types`, never run: what users write must type-check, and what is wrong must not. An
 * `@ts-expect-error` above a line that compiles is itself an error.
 */
import type { Sampler, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { AlwaysOffSampler, BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { AiTrackerSpanExporter, AiTrackerSpanProcessor, type RecorderOptions, recordAll } from '../../src/index.ts';

export const processor: SpanProcessor = new AiTrackerSpanProcessor();
export const exporter: SpanExporter = new AiTrackerSpanExporter({ agentId: 'worker-7', sharedDir: '/var/lib/agents' });
export const sampler: Sampler = recordAll(new AlwaysOffSampler());
export const provider = new BasicTracerProvider({
  sampler: recordAll(new AlwaysOffSampler()),
  spanProcessors: [
    new AiTrackerSpanProcessor({ labels: [['tenant', 'a']], retentionDays: 30 }),
    new BatchSpanProcessor(exporter),
  ],
});

export const all: RecorderOptions = { agentId: undefined, fileMode: 0o640, kinds: ['db'], disabled: false };

// @ts-expect-error: no such option
new AiTrackerSpanProcessor({ agentID: 'worker-7' });
// @ts-expect-error: an id is text
new AiTrackerSpanProcessor({ agentId: 7 });
// @ts-expect-error: days are a number
new AiTrackerSpanExporter({ retentionDays: '30' });
// @ts-expect-error: labels are pairs
new AiTrackerSpanProcessor({ labels: ['tenant=a'] });
// @ts-expect-error: a processor is no exporter
new BatchSpanProcessor(new AiTrackerSpanProcessor());
// @ts-expect-error: an exporter is no processor
new BasicTracerProvider({ spanProcessors: [new AiTrackerSpanExporter()] });
// @ts-expect-error: not a sampler
recordAll({ toString: () => 'nothing' });
// @ts-expect-error: a ratio is not a sampler
recordAll(0.01);
