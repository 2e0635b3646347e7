import type { Forwarding } from '../forward/forwarding.ts';
import type { ReceiverLimits } from './limits.ts';
import type { Storing } from './storing.ts';

export interface ReceiverOptions {
  readonly storing: Storing;
  /** Null: what is received goes nowhere else. */
  readonly forwarding: Forwarding | null;
  /** Address or name to listen on. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** What senders must show; without one only loopback addresses are listened on. */
  readonly token: string | null;
  /** Further names that the header Host may carry where we listen on loopback. */
  readonly allowHosts: readonly string[];
  readonly pages: ReceiverPages;
  /** Told of every answer when it is made; `seconds` since the request's headers were there. */
  readonly onAnswered?: ((route: RouteName, status: number, seconds: number) => void) | undefined;
  /** Told of a mistake of the receiver's own; its sender was answered 500. */
  readonly onDefect?: ((error: Error) => void) | undefined;
  /** Those not given are RECEIVER_LIMITS. */
  readonly limits?: Partial<ReceiverLimits> | undefined;
}

/** What GET /livez, /healthz and /metrics answer; asked at every request, without a token: no secrets in them. */
export interface ReceiverPages {
  livez(): Page | Promise<Page>;
  healthz(): Page | Promise<Page>;
  metrics(): Page | Promise<Page>;
}

export interface Page {
  readonly status: 200 | 503;
  readonly contentType: string;
  readonly body: string;
}

export interface Receiver {
  /** Where it listens: `host` is the address that the name stood for. */
  readonly address: { readonly host: string; readonly port: number; readonly url: string };
  report(): ReceiverReport;
  /**
   * Takes no more connections, answers what is in flight (at most `limits.closeMs`), ends the rest. `storing` and
   * `forwarding` stay open: close them after it. May be called twice.
   */
  close(): Promise<void>;
}

/** Since the start. */
export interface ReceiverReport {
  /** Answers by route and status. */
  readonly answered: readonly { readonly route: RouteName; readonly status: number; readonly count: number }[];
  /** Requests that were refused before anything of them was stored, by why. */
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>;
  /** Requests whose sender went away, or was too slow, before its body was there. */
  readonly aborted: number;
  /** Connections that spoke something else than HTTP/1: a gRPC exporter, `https://` in an endpoint. */
  readonly notHttp: { readonly grpc: number; readonly tls: number; readonly other: number };
  /** Connections closed as they came, since `limits.connections` were open. */
  readonly turnedAway: number;
  /** Open now. */
  readonly connections: number;
  /** Bytes of bodies in memory now. */
  readonly bodyBytes: number;
}

/** The path as it is documented; `other` for what is not there. */
export type RouteName =
  | '/v1/traces'
  | '/v1/logs'
  | '/v1/metrics'
  | '/v1/hooks/claude-code'
  | '/v1/hooks/git'
  | '/livez'
  | '/healthz'
  | '/metrics'
  | 'other';

export type RefusalReason =
  | 'host'
  | 'origin'
  | 'token'
  | 'no-such-path'
  | 'method'
  | 'content-type'
  | 'content-encoding'
  | 'too-large'
  | 'malformed'
  | 'memory'
  | 'circle'
  | 'stopping'
  | 'defect';

/** Why it does not listen. */
export type StartProblem =
  /** Somebody else listens there. */
  | 'in-use'
  /** Not for this user: a port below 1024. */
  | 'denied'
  /** This machine has no such address, or there is no such name. */
  | 'no-such-address'
  /** The address can be reached from outside, and there is no token. */
  | 'token-missing'
  /** The token cannot stand in a header. */
  | 'token-unusable'
  /** What was given to allow is no host name. */
  | 'allow-host-unusable'
  | 'other';

export class ReceiverStartError extends Error {
  override readonly name = 'ReceiverStartError';
  readonly problem: StartProblem;
  constructor(problem: StartProblem, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.problem = problem;
  }
}
