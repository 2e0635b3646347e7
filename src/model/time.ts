/**
 * Times arrive as pairs of whole seconds and nanoseconds (the SDK's `HrTime`, an OTLP nanosecond text split in two) and
 * leave as milliseconds. One number cannot hold a nanosecond epoch exactly (2^53 ns is 104 days), so every door goes
 * through these two functions: the same span gives the same numbers, bit for bit, whichever door it came by.
 */

/** Whole seconds since the epoch, and nanoseconds on top. */
export type TimePair = readonly [seconds: number, nanoseconds: number];

const NS_PER_S = 1e9;
const NS_PER_MS = 1e6;

/** Epoch milliseconds, fractions kept. */
export function epochMs(time: TimePair): number {
  return time[0] * 1000 + time[1] / NS_PER_MS;
}

/** Milliseconds from start to end, computed on the pairs so that no digit is lost; never below 0. */
export function durationMs(start: TimePair, end: TimePair): number {
  let seconds = end[0] - start[0];
  let nanoseconds = end[1] - start[1];
  if (nanoseconds < 0) {
    seconds -= 1;
    nanoseconds += NS_PER_S;
  }
  return seconds < 0 ? 0 : seconds * 1000 + nanoseconds / NS_PER_MS;
}

/** An OTLP `fixed64` time, as nanoseconds since the epoch, in a pair. */
export function timePair(nanoseconds: bigint): TimePair {
  return [Number(nanoseconds / 1_000_000_000n), Number(nanoseconds % 1_000_000_000n)];
}
