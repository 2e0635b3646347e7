import { expect, test } from 'vitest';
import { type Anchor, type AnchorSource, linesByAnchors } from '../../src/attribution/by-anchors.ts';
import { lineHash, normalHash } from '../../src/model/line-anchor.ts';

const OWN = 'example.com/acme/own';

interface Recorded {
  readonly texts: readonly string[];
  /** Agents, by line; null: a person. */
  readonly by: readonly (string | null)[];
  readonly repoId?: string;
  readonly path?: string;
  readonly authoredMs?: number;
}

function sourceOf(...files: readonly Recorded[]): AnchorSource {
  const anchors = files.flatMap(({ texts, by, repoId = OWN, path = 'a.ts', authoredMs = 1000 }, n) =>
    texts.map((text, i): Anchor => {
      const normal = (at: number): string | null => (texts[at] === undefined ? null : normalHash(texts[at]));
      const agentId = by[i] ?? null;
      return {
        ...{ place: `${n}`, path, line: i + 1, agentId, modificationId: agentId === null ? null : `${agentId}-edit` },
        ...{ lineHash: lineHash(text), normalHash: normalHash(text), beforeHash: normal(i - 1), afterHash: normal(i + 1) },
        ...{ repoId, sha: `sha-${n}`, authoredMs },
      };
    }),
  );
  return {
    equal: (line) => {
      const same = anchors.filter((anchor) => anchor.lineHash === line.lineHash);
      return same.length > 0 ? same : anchors.filter((anchor) => anchor.normalHash === line.normalHash);
    },
    at: (place) => new Map(anchors.filter((anchor) => anchor.place === place).map((anchor) => [anchor.line, anchor])),
  };
}

/** Whose each line is: an agent, `human`, or null for unknown. */
function authors(texts: readonly string[], source: AnchorSource, more: { path?: string; authoredMs?: number } = {}) {
  const file = { repoId: OWN, path: 'a.ts', authoredMs: 5000, texts, asked: texts.keys(), ...more };
  const found = linesByAnchors(file, source);
  return texts.map((_, place) => {
    const anchor = found.get(place);
    return anchor === undefined ? null : (anchor.agentId ?? 'human');
  });
}

const LOOP = ['for (const item of everything) {', '  consider(item, everything);', '}', 'return consideration;'];

test('equal lines have the author of the recorded ones, a brace as part of their run', () => {
  const source = sourceOf({ texts: LOOP, by: ['w', 'w', 'w', null] });
  expect(authors(['const before = true;', ...LOOP], source)).toEqual([null, 'w', 'w', 'w', 'human']);
});

test('a brace without anything known beside it is nobody’s', () => {
  const source = sourceOf({ texts: LOOP, by: ['w', 'w', 'w', 'w'] });
  expect(authors(['if (another.condition) {', '  doAnother();', '}'], source)).toEqual([null, null, null]);
});

test('of two equal lines the one with equal neighbours counts, not the later one', () => {
  const theirs = { texts: ['const one = first();', 'shared(value, other);', 'const two = 2;'], by: ['v', 'v', 'v'] };
  const ours = { texts: ['alpha(beta);', 'shared(value, other);', 'gamma(delta);'], by: ['w', 'w', 'w'] };
  const source = sourceOf({ ...ours, authoredMs: 1000 }, { ...theirs, authoredMs: 2000 });
  expect(authors(ours.texts, source)).toEqual(['w', 'w', 'w']);
});

test('lines that were indented anew are known', () => {
  const source = sourceOf({ texts: LOOP, by: ['w', 'w', 'w', 'w'] });
  expect(
    authors(
      LOOP.map((line) => `\t${line}`),
      source,
    ),
  ).toEqual(['w', 'w', 'w', 'w']);
});

test('a short line in another file, beside other lines, proves nothing', () => {
  const source = sourceOf({ texts: ['left();', 'let i = n;', 'right();'], by: ['w', 'w', 'w'] });
  expect(authors(['other();', 'let i = n;', 'more();'], source, { path: 'b.ts' })).toEqual([null, null, null]);
});

test('another repository’s lines count where three of them agree, or the author’s date does', () => {
  const foreign = { texts: LOOP, by: ['w', 'w', 'w', 'w'], repoId: 'example.com/acme/split' };
  expect(authors(LOOP, sourceOf(foreign))).toEqual(['w', 'w', 'w', 'w']);
  const two = LOOP.slice(0, 2);
  expect(authors(two, sourceOf(foreign))).toEqual([null, null]);
  expect(authors(two, sourceOf({ ...foreign, authoredMs: 5000 }))).toEqual(['w', 'w']);
});
