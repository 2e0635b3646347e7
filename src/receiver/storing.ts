import type { RecorderReport } from '../model/health.ts';
import type { SpoolOutcome } from '../spool/write-record.ts';

/** One OTLP request as it came, unpacked: what the HTTP side hands to the side that decodes and writes. */
export interface OtlpRequest {
  /** Metrics make no rows; whether they are well-formed is looked at with the others. */
  readonly signal: 'traces' | 'logs' | 'metrics';
  readonly encoding: 'protobuf' | 'json';
  /** Without its content encoding. Handed over: the caller does not touch it afterwards. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Epoch milliseconds. */
  readonly receivedMs: number;
}

/** What became of a request. The HTTP side turns it into a status of the OTLP specification. */
export type StoreOutcome =
  /** Every agent's transaction has committed. What can never be accepted is counted, with a sentence that says why. */
  | {
      readonly status: 'stored';
      /** Spans and log records in it that were taken. */
      readonly accepted: number;
      /** Malformed ones, and those that made us fail: an OTLP partial success. */
      readonly rejected: number;
      /** Log records whose events nothing reads here: lost to the sender only where they are not forwarded. */
      readonly unused: number;
      /** Why some were rejected; null where none was. */
      readonly message: string | null;
    }
  /** Not an OTLP request: it will never be one. */
  | { readonly status: 'malformed'; readonly message: string }
  /** Nothing or only a part is written; the sender tries the whole again, which harms nothing. */
  | { readonly status: 'retry'; readonly reason: RetryReason; readonly message: string; readonly afterSeconds: number };

/** `full`: more requests wait than may; `stopping`: the service ends; the others as a recorder tells them. */
export type RetryReason = 'locked' | 'disk' | 'too-old' | 'failed' | 'full' | 'stopping';

/** A hook event that came over HTTP, checked to be JSON of the right shape and no more. */
export interface HookRequest {
  readonly source: 'claude' | 'git';
  /** The body as text, untouched. */
  readonly payload: string;
  /** What its sender says of itself: the agent, and the trace that the hook ran in. */
  readonly context: HookContext;
  readonly receivedMs: number;
}

export interface HookContext {
  readonly agentId: string | null;
  readonly taskId: string | null;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
}

/** Where requests go: decoded and committed by a thread of its own. Nothing here rejects. */
export interface Storing {
  store(request: OtlpRequest): Promise<StoreOutcome>;
  spoolHook(request: HookRequest): Promise<SpoolOutcome>;
  /** Requests that wait or are being written, and their bytes. */
  readonly waiting: { readonly requests: number; readonly bytes: number };
  /** As of the last second; null before the first. */
  readonly report: RecorderReport | null;
  /** Finishes what was handed over, ends the thread. May be called twice. */
  close(): Promise<void>;
}
