export interface BackOffSpan {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * How long to wait after the n-th failure in a row (from 1): doubling, then cut to between half and the whole by chance, so that
 * many receivers do not come back to one target at one instant.
 */
export function backOffMs(failures: number, span: BackOffSpan, random: () => number = Math.random): number {
  const whole = Math.min(span.maxMs, span.firstMs * 2 ** Math.min(failures - 1, 30));
  return whole / 2 + (whole / 2) * random();
}
