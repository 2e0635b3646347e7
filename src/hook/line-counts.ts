import { commonLength } from './common-length.ts';

export interface LineCounts {
  readonly added: number;
  readonly removed: number;
}

/** Two texts together. Claude Code itself hands no original over for 13 MB. */
const MAX_CHARACTERS = 64 * 1024 * 1024;

/** As git counts: a last line without a newline is a line, nothing is none. */
export function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
  return text === '' || text.endsWith('\n') ? lines : lines + 1;
}

/** As Claude Code reads files. Both sides of a comparison, or a CRLF file looks rewritten. */
export const normalLines = (text: string): string => (text.includes('\r') ? text.replaceAll('\r\n', '\n') : text);

/**
 * Lines that a shortest edit script adds and removes, as `git diff --minimal --numstat` counts them. Null where the texts are so
 * large and so alike in disorder that the answer would take more than a part of a second.
 */
export function compareTexts(before: string, after: string): LineCounts | null {
  if (before === after) return { added: 0, removed: 0 };
  if (before.length + after.length > MAX_CHARACTERS) return null;
  const ids = new Map<string, number>();
  const old = lineIds(before, ids);
  const fresh = lineIds(after, ids);
  const common = commonLength(old, fresh, ids.size);
  return common === null ? null : { added: fresh.length - common, removed: old.length - common };
}

/** Each line as a number, equal lines as equal ones. The newline belongs to the line: `z` and `z\n` differ, as in git. */
function lineIds(text: string, ids: Map<string, number>): Int32Array {
  const found = new Int32Array(countLines(text));
  let start = 0;
  for (let i = 0; i < found.length; i++) {
    const end = text.indexOf('\n', start);
    const line = end < 0 ? text.slice(start) : text.slice(start, end + 1);
    let id = ids.get(line);
    if (id === undefined) ids.set(line, (id = ids.size));
    found[i] = id;
    start = end + 1;
  }
  return found;
}
