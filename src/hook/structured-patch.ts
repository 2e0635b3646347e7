import { isObject, listAt } from './json-read.ts';
import type { LineCounts } from './line-counts.ts';

/**
 * Lines of a patch as Claude Code hands it over: hunks whose lines carry ' ', '-' or '+' before their text. A line that begins
 * with a backslash (`\ No newline at end of file`) is no line of either file; `-- x` and `++ x` behind their sign are content.
 */
export function patchLines(hunks: readonly unknown[]): string[] {
  const lines: string[] = [];
  for (const hunk of hunks) {
    if (!isObject(hunk)) continue;
    for (const line of listAt(hunk, 'lines') ?? []) if (typeof line === 'string') lines.push(line);
  }
  return lines;
}

export function countPatchLines(lines: readonly string[]): LineCounts {
  let added = 0;
  let removed = 0;
  for (const line of lines) {
    if (line.startsWith('+')) added += 1;
    else if (line.startsWith('-')) removed += 1;
  }
  return { added, removed };
}

/** Null where it is no patch or an empty one: Claude Code also sends that for new files, and where it gave up. */
export function countPatch(patch: readonly unknown[] | null): LineCounts | null {
  const lines = patch === null ? [] : patchLines(patch);
  return lines.length === 0 ? null : countPatchLines(lines);
}
