import { describe, expect, test } from 'vitest';
import { comesInACircle, withInstance } from '../../src/forward/passed-by.ts';

describe('a request', () => {
  test('comes in a circle when it passed this very instance, however many others too', () => {
    const once = withInstance(null, '1-aaaaaaaa');
    const twice = withInstance(once, '2-bbbbbbbb');
    expect(comesInACircle(undefined, '1-aaaaaaaa')).toBe(false);
    expect(comesInACircle(once, '2-bbbbbbbb')).toBe(false);
    for (const instance of ['1-aaaaaaaa', '2-bbbbbbbb']) expect(comesInACircle(twice, instance)).toBe(true);
    expect(comesInACircle('11-aaaaaaaa', '1-aaaaaaaa')).toBe(false);
  });

  test('that passed more receivers than any chain has comes in a circle of others', () => {
    let passed: string | null = null;
    for (let n = 0; n < 8; n++) passed = withInstance(passed, `${n}-aaaaaaaa`);
    expect(comesInACircle(passed ?? '', '99-aaaaaaaa')).toBe(false);
    expect(comesInACircle(withInstance(passed, '8-aaaaaaaa'), '99-aaaaaaaa')).toBe(true);
  });
});
