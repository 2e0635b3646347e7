import { describe, expect, test } from 'vitest';
import { backOffMs } from '../../src/forward/back-off.ts';
import { type Answer, judgeAnswer, retryAfterMs } from '../../src/forward/judge-answer.ts';

const answered = (code: number, retryAfter: string | null = null): Answer => ({
  status: 'answered',
  code,
  retryAfter,
  said: '',
  loss: null,
});
const NOW = Date.parse('2026-01-15T10:00:00Z');

describe('an answer', () => {
  test.each([
    ['taken', [200, 202, 204]],
    ['later', [408, 429, 502, 503, 504]],
    ['misconfigured', [0, 101, 301, 302, 307, 308, 401, 403, 404, 405, 407]],
    ['unclear', [500, 501, 505, 520]],
    ['refused', [400, 406, 409, 410, 413, 415, 422, 431, 508]],
  ] as const)('means %s for %j', (verdict, codes) => {
    for (const code of codes) expect(judgeAnswer(answered(code), NOW).verdict, String(code)).toBe(verdict);
  });

  test('that did not come is waited for', () => {
    expect(judgeAnswer({ status: 'failed', message: 'ECONNRESET' }, NOW)).toEqual({ verdict: 'later', afterMs: null });
  });

  test.each([
    ['30', 30_000],
    ['0', 0],
    ['Thu, 15 Jan 2026 10:02:00 GMT', 120_000],
    ['Thu, 15 Jan 2026 09:00:00 GMT', 0],
    ['99999999999', 3_600_000],
    ['soon', null],
    [null, null],
  ])('with Retry-After %s asks for a wait of %s ms', (header, expected) => {
    expect(retryAfterMs(header, NOW)).toBe(expected);
    expect(judgeAnswer(answered(429, header), NOW)).toEqual({ verdict: 'later', afterMs: expected });
  });
});

describe('the wait after failures', () => {
  const span = { firstMs: 1000, maxMs: 60_000 };
  test('doubles up to its limit, also after very many', () => {
    const waits = [1, 2, 3, 6, 7, 10_000].map((failures) => backOffMs(failures, span, () => 1));
    expect(waits).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000]);
  });

  test('is between half and the whole by chance', () => {
    const waits = Array.from({ length: 200 }, () => backOffMs(3, span));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(2000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(4000);
    expect(new Set(waits).size).toBeGreaterThan(100);
  });
});
