import type { LineHistory } from './line-history.ts';
import type { LineState } from './line-states.ts';
import { moved, type Resolved } from './resolve-lines.ts';

interface ChangedStates {
  readonly before: LineState | null;
  readonly after: LineState | null;
}

/**
 * Lines that a person took from one file and put into another, both in one commit: they keep their author. Lines that an agent's call
 * wrote are that call's, unless it moved them itself (`LineHistory.resolveEdit`).
 */
export function moveBetweenFiles(history: LineHistory, files: readonly ChangedStates[], atMs: number): void {
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
    // What is known stays; what this commit was the first to tell may have been elsewhere before.
    const found = Array.from(after.lines, (line): Resolved => {
      return states.isOfNobodyElse(line, atMs) ? null : { what: 'kept', line, isInferred: false };
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
