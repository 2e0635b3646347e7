/** Milliseconds for a person: `12ms`, `3.4s`, `2m05s`, `3h07m`, `2d04h`. `''` for unknown. */
export function duration(ms: number | null): string {
  if (ms === null) return '';
  if (ms < 1) return ms === 0 ? '0ms' : '<1ms';
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return pair(whole, 60, 'm', 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return pair(minutes, 60, 'h', 'm');
  return pair(Math.round(seconds / 3600), 24, 'd', 'h');
}

const pair = (value: number, base: number, big: string, small: string): string =>
  `${Math.floor(value / base)}${big}${String(value % base).padStart(2, '0')}${small}`;
