import type { CallReading, Reading, TaskName } from './reading.ts';

/**
 * What a span is for ownership. `open`: started, not ended and not known to be a task, so its class may still change.
 * `agent`: an agent's span of which it is not decided yet whether a task stands above it. The other classes are those of
 * `Reading`.
 */
export type NodeClass = 'open' | 'agent' | 'task' | 'call' | 'step' | 'server' | 'signal';

/** What nested HTTP spans tell of the call around them. */
export interface FoldedHttp {
  /** Spans folded in. */
  readonly count: number;
  /** The highest `http.request.resend_count` seen. */
  readonly resends: number;
  /** Status of the request that ended last. */
  readonly status: number | null;
  readonly lastEndMs: number;
  readonly lastSpanId: string;
}

/** What is kept of a span beside its place in the tree; JSON in `span_memory.facts`. */
export interface SpanFacts {
  readonly startMs: number;
  readonly endMs: number | null;
  readonly durationMs: number | null;
  readonly sessionId: string | null;
  readonly reading: Reading | null;
  /** A task that the span names, also while it is open. */
  readonly names: TaskName | null;
  /** Calls folded into this one, by span id: the same call seen from inside. */
  readonly inner?: Readonly<Record<string, FoldedCall>>;
  readonly http?: FoldedHttp;
  readonly serverStatus?: number | null;
  /** Of an agent that is a task: its own reading as a call, for the totals that it states. */
  readonly total?: CallReading;
  /** A model call with usage is known below: totals stated above it would count its tokens again. */
  readonly usageBelow?: boolean;
}

/** The fields of a folded call that can complete the row of the outer one. */
export interface FoldedCall {
  readonly startMs: number;
  readonly callId: string | null;
  readonly statusCode: number | null;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
}

/** One span in the ownership memory. */
export interface SpanNode {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly parentRemote: boolean | null;
  cls: NodeClass;
  /** Of a task: the row's id. Of a call: the row's id, or null where it has none. Of a folded call: `>` and the span id of its target; `<`: of a model call seen again, better, from inside. */
  ref: string | null;
  agentId: string | null;
  facts: SpanFacts;
}

/** `ref` of a call that lives in another call's row. */
export const FOLDED = '>';
/** `ref` of a model call whose tokens are those of the model calls inside it. */
export const HIDDEN = '<';
