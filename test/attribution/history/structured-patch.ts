import { align } from './follow.ts';
import { splitText } from './tree.ts';

export interface PatchHunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
  readonly lines: readonly string[];
}

const CONTEXT = 3;

/** The `structuredPatch` of a hook event: hunks with three lines of context, as Claude Code's diff makes them. */
export function structuredPatch(before: string, after: string): PatchHunk[] {
  const [from, to] = [splitText(before), splitText(after)];
  const rows: { sign: ' ' | '-' | '+'; text: string }[] = [];
  let [i, j] = [0, 0];
  for (const [a, b] of [...align(from, to), [from.length, to.length] as const]) {
    while (i < a) rows.push({ sign: '-', text: from[i++] as string });
    while (j < b) rows.push({ sign: '+', text: to[j++] as string });
    if (a < from.length) rows.push({ sign: ' ', text: from[a] as string });
    [i, j] = [a + 1, b + 1];
  }
  const isShown = rows.map((_, at) => rows.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(({ sign }) => sign !== ' '));
  const hunks: { oldStart: number; oldLines: number; newStart: number; newLines: number; lines: string[] }[] = [];
  let [oldAt, newAt] = [1, 1];
  rows.forEach(({ sign, text }, at) => {
    if (isShown[at] === true) {
      if (at === 0 || isShown[at - 1] !== true)
        hunks.push({ oldStart: oldAt, oldLines: 0, newStart: newAt, newLines: 0, lines: [] });
      const hunk = hunks.at(-1)!;
      hunk.lines.push(sign + text);
      if (sign !== '+') hunk.oldLines++;
      if (sign !== '-') hunk.newLines++;
    }
    if (sign !== '+') oldAt++;
    if (sign !== '-') newAt++;
  });
  return hunks.map((hunk) => ({
    ...hunk,
    oldStart: hunk.oldLines === 0 ? hunk.oldStart - 1 : hunk.oldStart,
    newStart: hunk.newLines === 0 ? hunk.newStart - 1 : hunk.newStart,
  }));
}
