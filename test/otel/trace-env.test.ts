import { context, createTraceState, ROOT_CONTEXT, type Span, TraceFlags, trace } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { AiTrackerSpanProcessor, recordAll, traceEnv } from '../../src/index.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const provider = new NodeTracerProvider();
provider.register();
afterAll(() => provider.shutdown());
afterEach(() => void vi.unstubAllEnvs());

const within = (span: Span): Record<string, string> => context.with(trace.setSpan(ROOT_CONTEXT, span), () => traceEnv());
const parentOf = (span: Span): string => {
  const { traceId, spanId } = span.spanContext();
  return `00-${traceId}-${spanId}-01`;
};

describe('the trace', () => {
  test('is that of the active span', () => {
    const span = provider.getTracer('t').startSpan('work');
    expect(within(span)).toEqual({ TRACEPARENT: parentOf(span) });
  });

  test('is nothing where no span is active', () => {
    expect(traceEnv()).toEqual({});
  });

  test('is nothing where the span has no valid ids', () => {
    const span = trace.wrapSpanContext({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: TraceFlags.NONE });
    expect(within(span)).toEqual({});
  });

  test('carries the state of the trace, and never that of the trace in which this process was started', () => {
    vi.stubEnv('TRACESTATE', 'old=1');
    const ids = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.SAMPLED };
    const TRACEPARENT = `00-${ids.traceId}-${ids.spanId}-01`;
    const stateful = trace.wrapSpanContext({ ...ids, traceState: createTraceState('vendor=abc') });
    expect(within(stateful)).toEqual({ TRACEPARENT, TRACESTATE: 'vendor=abc' });
    expect(within(trace.wrapSpanContext(ids))).toEqual({ TRACEPARENT, TRACESTATE: '' });
  });

  test('of a span that the vendor does not sample says so, as W3C asks', () => {
    const unsampled = new NodeTracerProvider({ sampler: recordAll(new AlwaysOffSampler()) });
    const span = unsampled.getTracer('t').startSpan('work');
    expect(within(span)).toEqual({ TRACEPARENT: parentOf(span).replace(/01$/, '00') });
  });
});

describe('the task', () => {
  const taskOf = (name: string, attributes: Record<string, string | number>, scope = 't'): string | undefined =>
    within(provider.getTracer(scope).startSpan(name, { attributes }))['AI_TRACKER_TASK_ID'];

  test('is the one that the active span is', () => {
    const attributes = { step_run_id: 'step-1', retry_count: 2, action_name: 'code:write' };
    expect(taskOf('hatchet.start_step_run', attributes, '@hatchet-dev/typescript-sdk')).toBe('hatchet:step-1:2');
  });

  test('is the one that the active span names', () => {
    expect(taskOf('anything', { 'hatchet.step_run_id': 'step-1', 'hatchet.retry_count': 1 })).toBe('hatchet:step-1:1');
    expect(taskOf('worker.iteration', { 'agentswarm.task.real_id': 'task-7' })).toBe('agent-swarm:task-7:0');
  });

  test('is not told where only the trace leads to it', () => {
    expect(taskOf('invoke_agent coder', { 'gen_ai.operation.name': 'invoke_agent' })).toBeUndefined();
  });
});

describe('the agent', () => {
  test('is the one that is given', () => {
    vi.stubEnv('AGENT_ID', 'by-environment');
    expect(traceEnv({ agentId: 'given' })).toEqual({ AGENT_ID: 'given' });
  });

  test('is that of the environment, by whichever name', () => {
    vi.stubEnv('AGENT_SWARM_AGENT_ID', 'swarm-worker');
    expect(traceEnv()).toEqual({ AGENT_ID: 'swarm-worker' });
  });

  test('is what the span or its resource says, where nothing else is known', () => {
    const resource = resourceFromAttributes({ 'agent.id': 'by-resource' });
    const tracer = new NodeTracerProvider({ resource }).getTracer('t');
    expect(within(tracer.startSpan('work'))['AGENT_ID']).toBe('by-resource');
    expect(within(tracer.startSpan('work', { attributes: { 'agent.id': 'by-span' } }))['AGENT_ID']).toBe('by-span');
  });

  test('is that of the recorder of this process, before what the environment says', async () => {
    vi.stubEnv('AGENT_ID', 'by-environment');
    const processor = new AiTrackerSpanProcessor({ agentId: 'by-option', sharedDir: scratchFolder() });
    try {
      expect(traceEnv()).toEqual({ AGENT_ID: 'by-option' });
    } finally {
      await processor.shutdown();
    }
  });
});
