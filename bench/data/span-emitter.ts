import { type Context, ROOT_CONTEXT, type Span, type SpanContext, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, type IdGenerator, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { PlannedSpan, PlannedTrace } from './make-spans.ts';

/** Gives the ids of the plan, one after the other. */
class PlannedIds implements IdGenerator {
  next: PlannedSpan | null = null;
  generateTraceId = (): string => this.next?.traceId ?? '';
  generateSpanId = (): string => this.next?.spanId ?? '';
}

/** Runs planned traces through a real SDK: started and ended in the order of their times, each span with its own clock. */
export class SpanEmitter {
  readonly #ids = new PlannedIds();
  readonly #provider: BasicTracerProvider;

  /** @param more further attributes of the resource */
  constructor(spanProcessors: SpanProcessor[], more: Readonly<Record<string, string>> = {}) {
    const resource = resourceFromAttributes({ 'service.name': 'bench-worker', 'service.version': '1.0.0', ...more });
    this.#provider = new BasicTracerProvider({ spanProcessors, idGenerator: this.#ids, resource });
  }

  emit(planned: PlannedTrace): void {
    const open: (Span | undefined)[] = new Array(planned.length);
    for (const { at, ends } of stepsOf(planned)) {
      const plan = planned[at] as PlannedSpan;
      const span = open[at];
      if (ends && span !== undefined) this.#end(span, plan);
      else open[at] = this.#start(plan, open[plan.parent]);
    }
  }

  #start(plan: PlannedSpan, parent: Span | undefined): Span {
    this.#ids.next = plan;
    const tracer = this.#provider.getTracer(plan.scope, '1.0.0');
    return tracer.startSpan(
      plan.name,
      { kind: plan.kind - 1, attributes: plan.attributes as Record<string, string>, startTime: plan.startMs },
      contextOf(plan, parent),
    );
  }

  #end(span: Span, plan: PlannedSpan): void {
    if (plan.exception !== null) span.addEvent('exception', plan.exception as Record<string, string>, plan.endMs);
    if (plan.statusMessage !== null) span.setStatus({ code: SpanStatusCode.ERROR, message: plan.statusMessage });
    span.end(plan.endMs);
  }
}

function contextOf(plan: PlannedSpan, parent: Span | undefined): Context {
  if (parent !== undefined) return trace.setSpan(ROOT_CONTEXT, parent);
  const remote: SpanContext = {
    traceId: plan.traceId,
    spanId: plan.parentSpanId,
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  };
  return trace.setSpanContext(ROOT_CONTEXT, remote);
}

interface Step {
  readonly at: number;
  readonly ends: boolean;
  readonly ms: number;
}

const known = new WeakMap<PlannedTrace, readonly Step[]>();

function stepsOf(planned: PlannedTrace): readonly Step[] {
  let steps = known.get(planned);
  if (steps === undefined) {
    steps = planned
      .flatMap(({ startMs, endMs }, at) => [
        { at, ends: false, ms: startMs },
        { at, ends: true, ms: endMs },
      ])
      .sort((a, b) => a.ms - b.ms);
    known.set(planned, steps);
  }
  return steps;
}
