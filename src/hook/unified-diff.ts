import type { LineCounts } from './line-counts.ts';

const HUNK = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/;

/**
 * Lines that the hunks of a unified diff within a text add and remove; null where there is none. By the lengths that each hunk
 * states, so that `--- a` and `+++ b` before it are no lines and `-- x` in it is one.
 */
export function countUnifiedDiff(text: string): LineCounts | null {
  let added = 0;
  let removed = 0;
  let hunks = 0;
  let oldLeft = 0;
  let newLeft = 0;
  for (const line of text.split('\n')) {
    if (oldLeft > 0 || newLeft > 0) {
      if (line.startsWith('+')) {
        added += 1;
        newLeft -= 1;
      } else if (line.startsWith('-')) {
        removed += 1;
        oldLeft -= 1;
      } else if (!line.startsWith('\\')) {
        oldLeft -= 1;
        newLeft -= 1;
      }
      continue;
    }
    const hunk = HUNK.exec(line);
    if (hunk === null) continue;
    hunks += 1;
    oldLeft = Number(hunk[1] ?? 1);
    newLeft = Number(hunk[2] ?? 1);
  }
  return hunks === 0 ? null : { added, removed };
}
