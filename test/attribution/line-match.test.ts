import { expect, test } from 'vitest';
import { matchLines } from '../../src/attribution/line-match.ts';

const numbers = (text: string): Int32Array => Int32Array.from(text, (letter) => letter.charCodeAt(0));
const match = (from: string, to: string): number[] => [...matchLines(numbers(from), numbers(to))];

test('what is equal at both ends and between unique lines is the same line', () => {
  expect(match('abcdef', 'abXdef')).toEqual([0, 1, -1, 3, 4, 5]);
  expect(match('abc', '')).toEqual([]);
  expect(match('', 'abc')).toEqual([-1, -1, -1]);
});

test('a function that is put before another one does not take its brace', () => {
  // a{x} becomes b{y}a{x}
  expect(match('a{x}', 'b{y}a{x}')).toEqual([-1, -1, -1, -1, 0, 1, 2, 3]);
});

test('places ascend, and no line is taken twice', () => {
  const random = (seed: number) => (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let seed = 1; seed <= 200; seed++) {
    const next = random(seed);
    const text = (): string =>
      Array.from({ length: 1 + Math.floor(next() * 40) }, () => 'abcdef'[Math.floor(next() * 6)]).join('');
    const [from, to] = [text(), text()];
    const found = match(from, to).flatMap((place, at) => (place < 0 ? [] : [{ place, at }]));
    expect(found.every(({ place, at }) => from[place] === to[at])).toBe(true);
    expect(found.every(({ place }, n) => n === 0 || place > (found[n - 1] as { place: number }).place)).toBe(true);
  }
});

test('two long texts that have nothing in common are told in bounded time', () => {
  const left = Int32Array.from({ length: 20_000 }, (_, n) => n % 7);
  const right = Int32Array.from({ length: 20_000 }, (_, n) => 10 + (n % 7));
  expect(matchLines(left, right).every((place) => place === -1)).toBe(true);
});
