import type { LineHistory } from './line-history.ts';
import type { LineState } from './line-states.ts';
import { moved, type Resolved } from './resolve-lines.ts';

export interface ChangedStates {
  readonly before: LineState | null;
  readonly after: LineState | null;
}

/**
 * Lines that somebody took from one file and put into another at once keep their author.
 *
 * @param isNew whether that hand wrote the line, by what is known so far
 */
export function moveBetweenFiles(history: LineHistory, files: readonly ChangedStates[], isNew: (line: number) => boolean): void {
  const { states } = history;
  const there = new Set(files.flatMap(({ after }) => [...(after?.lines ?? [])]));
  const gone = files.flatMap(({ before }) => {
    const lines = (before?.lines ?? new Int32Array(0)).filter((line) => !there.has(line));
    return lines.length === 0 ? [] : [{ state: before, lines }];
  });
  if (gone.length === 0) return;
  for (const { before, after } of files) {
    if (after === null) continue;
    const texts = states.textsOf(after.lines);
    const found = Array.from(after.lines, (line): Resolved => {
      return isNew(line) ? null : { what: 'kept', line, isInferred: false };
    });
    if (found.every((one) => one !== null)) continue;
    const taken = new Set<number>();
    for (const { state, lines } of gone) {
      if (state === before) continue;
      moved({ lines, texts: states.textsOf(lines), isInferred: false }, texts, found, taken, (text) => history.texts.facts(text));
    }
    found.forEach((one, n) => {
      if (one?.what === 'changed') states.giveTo(after.lines[n] as number, states.line(one.from).author);
    });
  }
}
