export type Signal = 'traces' | 'logs' | 'metrics';

/** A request as it came over the wire: the body still carries its content encoding. */
export interface ForwardedRequest {
  readonly signal: Signal;
  readonly contentType: string;
  /** As in the header; null where the body is plain. */
  readonly contentEncoding: string | null;
  readonly body: Uint8Array;
}

export interface ForwardReport {
  /** Requests that the target took. */
  readonly forwarded: number;
  readonly waiting: { readonly requests: number; readonly bytes: number; readonly oldestMs: number | null };
  /** By reason: `queue_full`, `expired`, `refused` (the target will never take it), `disk`. */
  readonly dropped: Readonly<Record<string, number>>;
  /** What the target or the disk last said, while it fails; null: all is well. */
  readonly trouble: string | null;
}

/** Passes on what was received, unchanged, whatever becomes of the target. */
export interface Forwarding {
  /** Whether bodies of this signal have a target. */
  takes(signal: Signal): boolean;
  /** Puts the request into the queue on disk; resolves when it is there, or counted as dropped. Never rejects. */
  offer(request: ForwardedRequest): Promise<void>;
  report(): ForwardReport;
  /** Stops sending; what waits stays on disk for the next start. May be called twice. */
  close(): Promise<void>;
}
