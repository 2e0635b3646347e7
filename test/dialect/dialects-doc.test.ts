import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DIALECTS } from '../../src/dialect/registry.ts';

const PAGE = readFileSync(new URL('../../docs/dialects.md', import.meta.url), 'utf8');

/** As GitHub makes anchors of headings. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** Text below each heading, by its anchor. */
const SECTIONS = new Map(
  PAGE.split(/^## /m)
    .slice(1)
    .map((section) => {
      const [heading = '', ...text] = section.split('\n');
      return [anchorOf(heading), text.join('\n').trim()] as const;
    }),
);

/** The cells of a dialect's row in the table at the top, and the anchor that it leads to. */
function rowOf(name: string): { readonly anchor: string; readonly cells: readonly string[] } {
  const row = PAGE.split('\n').find((line) => line.startsWith(`| [\`${name}\`](#`)) ?? '';
  const [first = '', ...cells] = row
    .replaceAll('\\|', '')
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
  return { anchor: /\(#([^)]+)\)/.exec(first)?.[1] ?? '', cells };
}

describe('docs/dialects.md', () => {
  test.each(DIALECTS.map(({ name }) => name))(
    'tells of %s how it is known, what it becomes, which versions were seen, and more in a section',
    (name) => {
      const { anchor, cells } = rowOf(name);
      expect(cells.map((cell) => cell !== '')).toEqual([true, true, true]);
      expect(SECTIONS.get(anchor)?.length ?? 0).toBeGreaterThan(80);
    },
  );

  test('lists the dialects in the order in which they are asked, and none that is not there', () => {
    const listed = [...PAGE.matchAll(/^\| \[`([\w-]+)`\]\(#/gm)].map((match) => match[1]);
    expect(listed).toEqual(DIALECTS.map(({ name }) => name));
  });
});
