/** US dollars for a person: `$123`, `$1.23`, `$0.0123`, `<$0.0001`. `''` for unknown. */
export function dollars(usd: number | null): string {
  if (usd === null) return '';
  if (usd === 0) return '$0';
  if (usd < 0.0001) return '<$0.0001';
  return `$${usd.toFixed(usd >= 99.5 ? 0 : usd >= 1 ? 2 : 4)}`;
}

const UNITS = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** A count of tokens in three digits: `950`, `1.3k`, `69k`, `2.4M`. `''` for unknown. */
export function tokens(count: number | null): string {
  if (count === null) return '';
  for (const [unit, letter] of UNITS) {
    // From where rounding reaches the unit: 999,500 is 1.0M, not 1000k.
    if (count < unit * 0.9995) continue;
    const value = count / unit;
    return `${value < 9.95 ? value.toFixed(1) : Math.round(value)}${letter}`;
  }
  return String(count);
}
