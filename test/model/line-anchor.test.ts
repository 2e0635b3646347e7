import { expect, test } from 'vitest';
import { lineHash, normalHash } from '../../src/model/line-anchor.ts';

test('a line has the same name on every machine and in every version', () => {
  // printf 'const a = 1;' | sha256sum; printf 'consta=1;' | sha256sum
  expect(lineHash('const a = 1;')).toBe('cefd0dd07bfa670f');
  expect(normalHash('const a = 1;')).toBe('527b9a1baf7c488e');
});

test('what git may add to a line or take from it does not change its name', () => {
  expect(lineHash('\uFEFFa\r')).toBe(lineHash('a'));
  expect(lineHash(' a')).not.toBe(lineHash('a'));
  expect(lineHash('a\rb')).not.toBe(lineHash('ab'));
});

test('white space of any kind and anywhere is nothing to the normal form', () => {
  expect(normalHash('\tif (a)  {\u00a0}\r')).toBe(normalHash('if(a){}'));
  expect(normalHash('   ')).toBe(normalHash(''));
});
