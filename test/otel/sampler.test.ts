import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context, ROOT_CONTEXT, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, test } from 'vitest';
import { AiTrackerSpanProcessor, health, recordAll } from '../../src/index.ts';
import { dropsSpans } from '../../src/otel/sampler-finding.ts';
import { samplerFromEnvironment } from '../../src/register-sampler.ts';
import { forgetFinding } from '../../src/writer/process-findings.ts';

const decide = (sampler: Sampler) => sampler.shouldSample(ROOT_CONTEXT, 'f'.repeat(32), 'n', SpanKind.INTERNAL, {}, []);

describe('recordAll', () => {
  test('turns not-recorded into recorded, keeps what the sampler said besides, and never samples', () => {
    const inner: Sampler = {
      shouldSample: () => ({ decision: SamplingDecision.NOT_RECORD, attributes: { why: 'quota' } }),
      toString: () => 'Inner',
    };
    expect(decide(recordAll(inner))).toEqual({ decision: SamplingDecision.RECORD, attributes: { why: 'quota' } });
    expect(decide(recordAll(new AlwaysOnSampler())).decision).toBe(SamplingDecision.RECORD_AND_SAMPLED);
    expect(String(recordAll(inner))).toBe('RecordAll{Inner}');
  });

  test('leaves the sampled flag as the sampler chose it', () => {
    const provider = new BasicTracerProvider({ sampler: recordAll(new AlwaysOffSampler()) });
    const span = provider.getTracer('t').startSpan('s');
    expect(span.isRecording()).toBe(true);
    expect(span.spanContext().traceFlags).toBe(TraceFlags.NONE);
  });
});

describe('a sampler that drops', () => {
  test.each([
    [new TraceIdRatioBasedSampler(0.1), true],
    [new AlwaysOffSampler(), true],
    [new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.5) }), true],
    [new TraceIdRatioBasedSampler(1), false],
    [new AlwaysOnSampler(), false],
    [new ParentBasedSampler({ root: new AlwaysOnSampler() }), false],
    [recordAll(new TraceIdRatioBasedSampler(0.1)), false],
    [new ParentBasedSampler({ root: recordAll(new TraceIdRatioBasedSampler(0.1)) }), false],
  ])('is known by its description: %s', (sampler, drops) => {
    expect(dropsSpans(String(sampler))).toBe(drops);
  });

  describe('of the global provider', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ai-tracker-sampler-'));
    afterEach(() => {
      trace.disable();
      context.disable();
      forgetFinding('sampled');
      rmSync(folder, { recursive: true, force: true });
    });
    test.each([
      [new TraceIdRatioBasedSampler(0.999999), ['amber']],
      [recordAll(new TraceIdRatioBasedSampler(0.999999)), []],
    ])('makes health amber unless recordAll is around it: %s', async (sampler, levels) => {
      const processor = new AiTrackerSpanProcessor({ agentId: 'w1', sharedDir: folder });
      const provider = new BasicTracerProvider({ sampler, spanProcessors: [processor] });
      trace.setGlobalTracerProvider(provider);
      for (let i = 0; i < 10; i++) trace.getTracer('t').startSpan('s').end();
      expect(
        health()
          .findings.filter((finding) => finding.code === 'sampled')
          .map((finding) => finding.level),
      ).toEqual(levels);
      await provider.shutdown();
    });
  });
});

describe('OTEL_TRACES_SAMPLER', () => {
  const classes = { AlwaysOnSampler, AlwaysOffSampler, TraceIdRatioBasedSampler, ParentBasedSampler };
  const choose = (name?: string, arg?: string) =>
    samplerFromEnvironment<Sampler>(classes as never, {
      ...(name && { OTEL_TRACES_SAMPLER: name }),
      ...(arg && { OTEL_TRACES_SAMPLER_ARG: arg }),
    });

  test.each([
    [undefined, undefined, /^ParentBased\{root=AlwaysOnSampler/],
    ['always_on', undefined, /^AlwaysOnSampler/],
    ['always_off', undefined, /^AlwaysOffSampler/],
    ['traceidratio', '0.25', /^TraceIdRatioBased\{0.25\}/],
    ['parentbased_traceidratio', '0.25', /^ParentBased\{root=TraceIdRatioBased\{0.25\}/],
    ['parentbased_always_off', undefined, /^ParentBased\{root=AlwaysOffSampler/],
  ])('%s with %s is the sampler of the specification', (name, arg, description) => {
    const { sampler, problem } = choose(name, arg);
    expect(String(sampler)).toMatch(description);
    expect(problem).toBe(null);
  });

  test('that cannot be read is said, and the default holds', () => {
    expect(choose('sometimes').problem).toContain('sometimes');
    expect(String(choose('traceidratio', 'half').sampler)).toBe('TraceIdRatioBased{1}');
    expect(choose('traceidratio', 'half').problem).toContain('half');
  });
});
