import { expect, test } from 'vitest';
import { dollars, tokens } from '../../src/cli/render/amount.ts';

test.each([
  [null, ''],
  [0, '$0'],
  [0.00001, '<$0.0001'],
  [0.01234, '$0.0123'],
  [0.99999, '$1.0000'],
  [1.5, '$1.50'],
  [99.49, '$99.49'],
  [99.5, '$100'],
  [12345.6, '$12346'],
])('%d dollars are shown as %s', (usd, text) => expect(dollars(usd)).toBe(text));

test.each([
  [null, ''],
  [0, '0'],
  [999, '999'],
  [1000, '1.0k'],
  [1349, '1.3k'],
  [9949, '9.9k'],
  [9950, '10k'],
  [999_499, '999k'],
  [999_500, '1.0M'],
  [2_400_000_000, '2.4G'],
])('%d tokens are shown as %s', (count, text) => expect(tokens(count)).toBe(text));
