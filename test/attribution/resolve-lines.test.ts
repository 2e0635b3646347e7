import { expect, test } from 'vitest';
import { isDistinctive, normalOf } from '../../src/attribution/line-text.ts';
import type { TextFacts } from '../../src/attribution/line-texts.ts';
import { type Resolved, resolveLines, type Source } from '../../src/attribution/resolve-lines.ts';

/** Texts by number, as the memory keeps them. */
const texts: string[] = [''];
const idOf = (text: string): number => {
  const known = texts.indexOf(text, 1);
  return known > 0 ? known : texts.push(text) - 1;
};
const normals: string[] = [''];
function factsOf(id: number): TextFacts {
  const text = texts[id] as string;
  const normal = normalOf(text);
  if (normal !== '' && !normals.includes(normal)) normals.push(normal);
  const number = normal === '' ? 0 : normals.indexOf(normal);
  return { normal: number, isDistinctive: isDistinctive(text), endsWithoutNewline: false };
}

/** Lines of a source are numbered from `first` on. */
const source = (first: number, lines: readonly string[], shows: Source['shows'] = 'nothing'): Source => ({
  lines: Int32Array.from(lines, (_, n) => first + n),
  texts: Int32Array.from(lines, idOf),
  shows,
  isInferred: false,
});
const resolve = (target: readonly string[], sources: readonly Source[], base: readonly number[] = []): Resolved[] =>
  resolveLines(Int32Array.from(target, idOf), sources, new Set(base), factsOf);
const lineOf = (one: Resolved | undefined): number | null => (one == null ? null : one.what === 'kept' ? one.line : one.from);

test('lines that only changed their white space or their place are no new lines', () => {
  const before = source(1, ['const a = 1;', 'const b = 2;', 'const c = 3;']);
  expect(resolve(['const c = 3;', '  const a = 1;', 'const b = 2;', 'const d = 4;'], [before]).map(lineOf)).toEqual([
    3,
    1,
    2,
    null,
  ]);
});

test('a line that says little keeps its author where it changes places with what lies beside it', () => {
  const before = source(1, ['first();', 'second();', 'return null;']);
  expect(resolve(['return null;', 'first();', 'second();'], [before]).map(lineOf)).toEqual([3, 1, 2]);
  const blank = source(1, ['key', '', 'logger();', '', 'value']);
  expect(resolve(['key', 'logger();', '', '', 'value'], [blank]).map(lineOf)).toEqual([1, 3, 2, 4, 5]);
});

test('a brace that stands somewhere else altogether is a new one', () => {
  const before = source(1, ['alpha();', '}', 'beta();', 'gamma();']);
  expect(resolve(['alpha();', 'beta();', 'delta();', '}', 'gamma();'], [before]).map(lineOf)[3]).toBe(null);
});

test('of a content that may have been thrown away, a run counts by what tells something in it', () => {
  const committed = source(1, ['begin();', 'end();']);
  const thrownAway = source(10, ['begin();', 'if (x) {', 'theirs();', '}', 'end();'], 'run');
  const sources = [committed, { ...thrownAway, lines: Int32Array.from([1, 11, 12, 13, 2]) }];
  expect(resolve(['begin();', 'while (y) {', 'mine();', '}', 'end();'], sources, [1, 2]).map(lineOf)).toEqual([
    1,
    null,
    null,
    null,
    2,
  ]);
  expect(resolve(['begin();', 'if (x) {', 'theirs();', '}', 'end();'], sources, [1, 2]).map(lineOf)).toEqual([1, 11, 12, 13, 2]);
});
