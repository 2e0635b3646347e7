/**
 * Times arrive as pairs of whole seconds and nanoseconds (the SDK's `HrTime`, an OTLP nanosecond text split in two) and
 * leave as milliseconds. One number cannot hold a nanosecond epoch exactly (2^53 ns is 104 days), so every door goes
 * through these two functions: the same span gives the same numbers, bit for bit, whichever door it came by.
 */

/** Whole seconds since the epoch, and nanoseconds on top. */
export type TimePair = readonly [seconds: number, nanoseconds: number];

const NS_PER_S = 1e9;
const NS_PER_MS = 1e6;
const TWO_32 = 4_294_967_296;

export interface SpanTimes {
  /** Epoch milliseconds, fractions kept. */
  readonly startMs: number;
  readonly endMs: number;
  /** Milliseconds, from the pairs, so that no digit is lost. */
  readonly durationMs: number;
}

/** Epoch milliseconds, fractions kept. */
export const millis = (seconds: number, nanoseconds: number): number => seconds * 1000 + nanoseconds / NS_PER_MS;

/** A span that ends before it starts ends where it starts, as the SDK has it (a clock was set back in between). */
export function spanTimes(start: TimePair, end: TimePair): SpanTimes {
  const startMs = millis(start[0], start[1]);
  let seconds = end[0] - start[0];
  let nanoseconds = end[1] - start[1];
  if (nanoseconds < 0) {
    seconds -= 1;
    nanoseconds += NS_PER_S;
  }
  if (seconds < 0) return { startMs, endMs: startMs, durationMs: 0 };
  return { startMs, endMs: millis(end[0], end[1]), durationMs: millis(seconds, nanoseconds) };
}

/**
 * Nanoseconds since the epoch as OTLP/JSON says them: a decimal text (the specification) or a number (seen; what a
 * double has lost is lost). `null` where it is neither, 0 (OTLP's "not set"), or beyond 64 bits.
 */
export function parseUnixNanos(value: unknown): TimePair | null {
  const text = typeof value === 'number' && Number.isFinite(value) ? BigInt(Math.trunc(value)).toString() : value;
  if (typeof text !== 'string' || !/^\d{1,20}$/.test(text)) return null;
  const cut = text.length - 9;
  const seconds = cut > 0 ? Number(text.slice(0, cut)) : 0;
  const nanoseconds = Number(cut > 0 ? text.slice(cut) : text);
  return seconds === 0 && nanoseconds === 0 ? null : [seconds, nanoseconds];
}

/**
 * Nanoseconds since the epoch from the two halves of a protobuf `fixed64`. Without a BigInt, which would cost more than
 * the rest of a span's decoding: 2^32 ns are 4 s and 294,967,296 ns, a thousand times that are 4294 s and 967,296,000 ns,
 * so that no product leaves the whole numbers of a double.
 */
export function fromFixed64(low: number, high: number): TimePair {
  const thousands = Math.floor(high / 1000);
  const rest = high - thousands * 1000;
  const nanoseconds = thousands * 967_296_000 + rest * 294_967_296 + (low < 0 ? low + TWO_32 : low);
  const carry = Math.floor(nanoseconds / NS_PER_S);
  return [thousands * 4294 + rest * 4 + carry, nanoseconds - carry * NS_PER_S];
}
