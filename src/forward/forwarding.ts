export const SIGNALS = ['traces', 'logs', 'metrics'] as const;
export type Signal = (typeof SIGNALS)[number];

/** A request as it came over the wire: the body still carries its content encoding. */
export interface ForwardedRequest {
  readonly signal: Signal;
  readonly contentType: string;
  /** As in the header; null where the body is plain. */
  readonly contentEncoding: string | null;
  readonly body: Uint8Array;
  /** Its header FORWARDED_BY as it came: the receivers that it passed before this one. */
  readonly forwardedBy?: string | null;
}

export interface ForwardReport {
  /** Requests that the target took. */
  readonly forwarded: number;
  readonly waiting: {
    readonly requests: number;
    /** On disk, in whole blocks of 4 KiB: what the bound counts. */
    readonly bytes: number;
    /** When the oldest came, epoch milliseconds. */
    readonly oldestMs: number | null;
  };
  /** By reason: `queue_full`, `expired`, `refused` (the target will never take it), `disk`, `unreadable` (set aside in bad/), `removed`. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Spans, log records and data points, by signal, that the target says to have thrown away of requests that it took. */
  readonly rejected: Readonly<{ [S in Signal]?: number }>;
  /** What the target or the disk last said, while it fails; null: all is well. */
  readonly trouble: string | null;
  /** Why a request was last dropped, or its spans by a target that took the rest; null: none was. */
  readonly lastLoss: string | null;
}

/** Passes on what was received, unchanged, whatever becomes of the target. */
export interface Forwarding {
  /** Names this receiver in the header FORWARDED_BY of what it passes on: what carries it comes in a circle (passed-by.ts). */
  readonly instance: string;
  /** Whether bodies of this signal have a target. */
  takes(signal: Signal): boolean;
  /** Puts the request into the queue on disk; resolves when it is there, or counted as dropped. Never rejects. */
  offer(request: ForwardedRequest): Promise<void>;
  report(): ForwardReport;
  /** Stops sending; what waits stays on disk for the next start. May be called twice. */
  close(): Promise<void>;
}
