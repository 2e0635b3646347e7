import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromFixed64, millis, parseUnixNanos, spanTimes } from '../../src/model/time.ts';

const U64 = 2n ** 64n - 1n;
const exact = (nanos: bigint): [number, number] => [Number(nanos / 1_000_000_000n), Number(nanos % 1_000_000_000n)];

describe('nanoseconds since 1970', () => {
  it('are split without loss from text', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, U64), (n) => {
        expect(parseUnixNanos(n.toString())).toEqual(exact(n));
      }),
    );
  });
  it('are split without loss from the halves of a fixed64', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, U64), (n) => {
        const [low, high] = [Number(n & 0xffff_ffffn), Number(n >> 32n)];
        expect(fromFixed64(low, high)).toEqual(exact(n));
        expect(fromFixed64(low | 0, high)).toEqual(exact(n));
      }),
    );
  });
  it('may come as a number', () => {
    expect(parseUnixNanos(1_700_000_000_000_000_000)).toEqual([1_700_000_000, 0]);
  });
  it.each([
    [''],
    ['0'],
    [0],
    [-5],
    ['-5'],
    ['1e9'],
    ['12.5'],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [null],
    [undefined],
    [{}],
    ['1'.repeat(21)],
  ])('are not read out of %j', (value) => expect(parseUnixNanos(value)).toBeNull());
});

describe('the times of a span', () => {
  it('keep the fraction of a millisecond', () => {
    expect(millis(1_795_341_854, 352_825_317)).toBe(1_795_341_854_352.825_3);
  });
  it('take the duration from the nanoseconds, also across a full second', () => {
    expect(spanTimes([10, 999_999_000], [11, 1_000])).toEqual({ startMs: 10_999.999, endMs: 11_000.001, durationMs: 0.002 });
  });
  it('end where they start when the clock was set back in between', () => {
    expect(spanTimes([10, 5], [9, 0])).toEqual({ startMs: 10_000.000_005, endMs: 10_000.000_005, durationMs: 0 });
  });
});
