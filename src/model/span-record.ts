/**
 * The one currency of the package: what a door hands to the pipeline, what crosses to the writer thread,
 * what lies in a spool file and in the holding file. Every door makes the same record of the same span, so the
 * rows that come of it do not depend on the door.
 *
 * A record holds only attributes that some dialect reads (`dialect/kept-attributes.ts`): prompts, payloads and tool
 * arguments never get past the door.
 */

export type AttributeScalar = string | number | boolean;
export type AttributeValue = AttributeScalar | readonly AttributeScalar[];
export type Attributes = { readonly [key: string]: AttributeValue };

/**
 * OTLP numbering (opentelemetry-proto `Span.SpanKind`), which is the JS SDK's `SpanKind` plus one. `log`, ours: a log
 * record or a hook event told as a span, so that it finds its place among spans (`ingest/log-span.ts`, `ingest/hook-span.ts`).
 */
export const SPAN_KIND = { unspecified: 0, internal: 1, server: 2, client: 3, producer: 4, consumer: 5, log: 100 } as const;

/** OTLP numbering (`Status.StatusCode`), the same as the JS SDK's `SpanStatusCode`. */
export const STATUS_CODE = { unset: 0, ok: 1, error: 2 } as const;

export interface SpanEventRecord {
  readonly name: string;
  /** Epoch milliseconds, fractions kept. */
  readonly timeMs: number;
  readonly attributes: Attributes;
}

export interface ResourceRecord {
  readonly attributes: Attributes;
}

export interface ScopeRecord {
  readonly name: string;
  readonly version: string | null;
}

export interface SpanRecord {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly parentSpanId: string | null;
  /** Whether the parent lives in another process (OTLP flag 0x200). `null`: the emitter did not say (flag 0x100 absent). */
  readonly parentRemote: boolean | null;
  readonly name: string;
  /** One of `SPAN_KIND`. */
  readonly kind: number;
  /** Epoch milliseconds, fractions kept. */
  readonly startMs: number;
  /** Epoch milliseconds; `null` while the span is open (only a processor sees that). */
  readonly endMs: number | null;
  /** Milliseconds, from the nanosecond difference, not from the two rounded times; `null` while open. */
  readonly durationMs: number | null;
  /** One of `STATUS_CODE`. */
  readonly status: number;
  readonly statusMessage: string | null;
  readonly attributes: Attributes;
  readonly events: readonly SpanEventRecord[];
  readonly scope: ScopeRecord;
  readonly resource: ResourceRecord;
}

/** One OTLP log record, kept where a dialect reads its event name. */
export interface LogRecord {
  readonly eventName: string;
  readonly timeMs: number;
  readonly traceId: string | null;
  readonly spanId: string | null;
  readonly attributes: Attributes;
  readonly scope: ScopeRecord;
  readonly resource: ResourceRecord;
}

/** A run of a process, as it knows itself. */
export interface ProcessSession {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** Linux boot id, or null where the platform has none. */
  readonly bootId: string | null;
  /** Identity of the pid namespace (`pid:[4026531836]`), or null where the platform has none. */
  readonly pidNamespace: string | null;
  /** Start of the process as the kernel tells it (field 22 of /proc/PID/stat, clock ticks since boot), as text. */
  readonly processStartedAt: string | null;
  /** Epoch milliseconds of the session's start. */
  readonly startedMs: number;
}

/**
 * Where a batch came from. `process`: our own process's SDK; `otlp`: a sender over HTTP; `file`: replayed from disk; `hook`: the
 * process of a coding agent's hook, which knows its agent or has none.
 */
export type Origin =
  | { readonly door: 'process'; readonly session: ProcessSession; readonly agentId: string | null }
  | { readonly door: 'otlp'; readonly agentId: string | null; readonly receivedMs: number }
  | { readonly door: 'file'; readonly agentId: string | null; readonly receivedMs: number }
  | { readonly door: 'hook'; readonly agentId: string | null; readonly receivedMs: number };

export interface SpanBatch {
  readonly origin: Origin;
  readonly spans: readonly SpanRecord[];
  readonly logs: readonly LogRecord[];
}
