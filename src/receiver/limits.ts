/** What one sender, or all of them together, may cost. */
export interface ReceiverLimits {
  /** Bytes of one body as it comes. */
  readonly bodyBytes: number;
  /** Bytes of one body unpacked. */
  readonly unpackedBytes: number;
  /** Bytes of all bodies in memory, from their first byte until they are answered. */
  readonly memoryBytes: number;
  /** Connections at once; further ones are closed as they come. */
  readonly connections: number;
  /** Requests of one connection that are not answered yet; who sends more without waiting is cut off. */
  readonly pipelined: number;
  /** Longest time until a request's headers are there, ms. */
  readonly headersMs: number;
  /** Longest time until a whole request is there, ms. */
  readonly requestMs: number;
  /** How long a connection stays open between two requests, ms. */
  readonly idleMs: number;
  /** How long a connection whose request is refused may go on sending, so that its sender reads why, ms. */
  readonly lingerMs: number;
  /** How long `close` waits for requests in flight, ms. */
  readonly closeMs: number;
}

const MIB = 1024 * 1024;

export const RECEIVER_LIMITS: ReceiverLimits = {
  bodyBytes: 16 * MIB,
  unpackedBytes: 64 * MIB,
  memoryBytes: 256 * MIB,
  connections: 4096,
  pipelined: 256,
  headersMs: 10_000,
  requestMs: 60_000,
  // Exporters send every 5 s (traces, logs) to every 60 s (metrics): a connection outlives the longest of them.
  idleMs: 75_000,
  lingerMs: 2000,
  closeMs: 10_000,
};
