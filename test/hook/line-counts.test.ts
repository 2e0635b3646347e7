import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareTexts, countLines } from '../../src/hook/line-counts.ts';
import { countPatch } from '../../src/hook/structured-patch.ts';
import { countUnifiedDiff } from '../../src/hook/unified-diff.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

/** Texts with lines that repeat, that look like a patch's own marks, and that end as they like. */
const line = fc.constantFrom(
  '',
  'a',
  'b',
  '}',
  '+',
  '-',
  '++ x',
  '-- y',
  '\\ No newline at end of file',
  '@@ -1 +1 @@',
  '\t',
  'é“',
  'a\r',
);
const text = fc.tuple(fc.array(line, { maxLength: 40 }), fc.boolean()).map(([lines, ends]) => {
  const joined = lines.join('\n');
  return ends && joined !== '' ? `${joined}\n` : joined;
});

/** What git says of two texts: its numbers, and its patch. */
function gitDiff(folder: string, before: string, after: string): { added: number; removed: number; patch: string } {
  writeFileSync(join(folder, 'before'), before);
  writeFileSync(join(folder, 'after'), after);
  const args = ['diff', '--no-index', '--minimal', '--no-color', '--no-ext-diff', '--text'];
  const git = (...more: string[]): string =>
    spawnSync('git', [...args, ...more, 'before', 'after'], { cwd: folder, encoding: 'utf8' }).stdout;
  const [added = '0', removed = '0'] = git('--numstat').split('\t');
  return { added: Number(added), removed: Number(removed), patch: git() };
}

/** A patch of git as Claude Code hands one over: each hunk's lines, without the heads. */
function hunksOf(patch: string): { lines: string[] }[] {
  const hunks: { lines: string[] }[] = [];
  let left = [0, 0];
  for (const found of patch.split('\n')) {
    const [was = 0, is = 0] = left;
    if (was > 0 || is > 0 || (found.startsWith('\\') && hunks.length > 0)) {
      hunks.at(-1)?.lines.push(found);
      if (!found.startsWith('\\')) left = [was - (found.startsWith('+') ? 0 : 1), is - (found.startsWith('-') ? 0 : 1)];
      continue;
    }
    const head = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(found);
    if (head === null) continue;
    hunks.push({ lines: [] });
    left = [Number(head[1] ?? 1), Number(head[2] ?? 1)];
  }
  return hunks;
}

describe('lines added and removed', () => {
  test('are those that git counts, of texts, of a patch in hunks and of a unified diff', () => {
    expect(execFileSync('git', ['--version'], { encoding: 'utf8' })).toContain('git version');
    const folder = scratchFolder();
    fc.assert(
      fc.property(text, text, (before, after) => {
        const { patch, ...counts } = gitDiff(folder, before, after);
        expect(compareTexts(before, after)).toEqual(counts);
        if (before !== after) {
          expect(countPatch(hunksOf(patch))).toEqual(counts);
          expect(countUnifiedDiff(patch)).toEqual(counts);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('are those that git counts of files of a thousand lines that changed everywhere', () => {
    const folder = scratchFolder();
    const word = fc.nat({ max: 60 }).map(String);
    const big = fc.array(word, { minLength: 500, maxLength: 1500, size: 'max' }).map((lines) => `${lines.join('\n')}\n`);
    fc.assert(
      fc.property(big, big, (before, after) => {
        const { patch: _, ...counts } = gitDiff(folder, before, after);
        expect(compareTexts(before, after)).toEqual(counts);
      }),
      { numRuns: 15 },
    );
  });

  test.each([
    ['', 0],
    ['\n', 1],
    ['a', 1],
    ['a\n', 1],
    ['a\n\n', 2],
    ['a\r\nb\r\n', 2],
  ])('of a new file that holds %j are %i', (content, lines) => {
    expect(countLines(content)).toBe(lines);
    expect(compareTexts('', content)).toEqual({ added: lines, removed: 0 });
  });

  test('are unknown where to count them would take too long', () => {
    const lines = (from: number): string => Array.from({ length: 150_000 }, (_, i) => `${(i * 7 + from) % 9}\n`).join('');
    const started = performance.now();
    expect(compareTexts(lines(0), lines(4).split('').toReversed().join(''))).toBe(null);
    expect(performance.now() - started).toBeLessThan(3000);
  });
});
