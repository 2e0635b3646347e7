/** A stretch of a diff, lines from 1; where a side has no lines, its start is the line before. */
export interface DiffHunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
}

/** Lines with what tells one from another: its number, and its text's. */
export interface CountedSide {
  readonly lines: Int32Array;
  readonly texts: Int32Array;
}

/**
 * Which line each added or removed place of git's diff is. Git's diff and ours may take different ones of equal lines (`}`) for new:
 * a place that we hold for old takes one that is new by our reckoning and has the same text, if git holds one of those for old.
 *
 * @param side after the change, for added lines; before it, for removed ones
 * @param other lines.id of the other side
 * @returns by place in the file, from 0
 */
export function linesOfDiff(side: CountedSide, places: readonly number[], other: ReadonlySet<number>): Map<number, number> {
  const isNew = (place: number): boolean => !other.has(side.lines[place] as number);
  const asked = new Set(places);
  const left = new Map<number, number[]>();
  side.lines.forEach((line, place) => {
    if (asked.has(place) || other.has(line)) return;
    const text = side.texts[place] as number;
    const known = left.get(text);
    if (known === undefined) left.set(text, [line]);
    else known.push(line);
  });
  const found = new Map<number, number>();
  for (const place of places) {
    const own = side.lines[place];
    if (own === undefined) continue;
    const line = isNew(place) ? own : (left.get(side.texts[place] as number)?.shift() ?? own);
    found.set(place, line);
  }
  return found;
}

export const addedPlaces = (hunks: readonly DiffHunk[]): number[] =>
  hunks.flatMap(({ newStart, newLines }) => Array.from({ length: newLines }, (_, n) => newStart - 1 + n));

export const removedPlaces = (hunks: readonly DiffHunk[]): number[] =>
  hunks.flatMap(({ oldStart, oldLines }) => Array.from({ length: oldLines }, (_, n) => oldStart - 1 + n));
