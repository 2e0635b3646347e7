import type { Attributes, Context, Link, SpanKind, TraceState } from '@opentelemetry/api';

const NOT_RECORD = 0;
const RECORD = 1;

export interface SamplerLike {
  shouldSample(
    context: Context,
    traceId: string,
    spanName: string,
    spanKind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResultLike;
  toString(): string;
}

export interface SamplingResultLike {
  decision: number;
  attributes?: Readonly<Attributes>;
  traceState?: TraceState;
}

/**
 * A sampler that records what `sampler` would drop, without marking it as sampled: we see every span, the vendor's
 * exporter gets the share that `sampler` chose for it, and what is propagated to other services is unchanged.
 *
 * ```ts
 * new BasicTracerProvider({ sampler: recordAll(new TraceIdRatioBasedSampler(0.01)), spanProcessors: [...] });
 * ```
 */
export function recordAll<S extends { shouldSample(...args: never[]): { decision: number }; toString(): string }>(sampler: S): S {
  const inner = sampler as unknown as SamplerLike;
  const outer: SamplerLike = {
    shouldSample(context, traceId, spanName, spanKind, attributes, links) {
      const result = inner.shouldSample(context, traceId, spanName, spanKind, attributes, links);
      return result.decision === NOT_RECORD ? { ...result, decision: RECORD } : result;
    },
    toString: () => `RecordAll{${inner.toString()}}`,
  };
  return outer as unknown as S;
}
