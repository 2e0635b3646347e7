import type { LineState, LineStates } from './line-states.ts';

/** Contents that are looked at on the way back. */
const MAX_STATES = 300;

/**
 * Who took lines away that a content does not have: whoever made, of a content that has them, one that has not. Where one way back
 * tells it of an earlier content (a cherry-picked commit took them away where it was made first), that holds.
 *
 * @returns authors.id by lines.id; absent: nothing leads back to the line
 */
export function whoRemoved(states: LineStates, state: LineState, lines: ReadonlySet<number>): Map<number, number> {
  const asked = new Map<number, Set<number>>();
  let left = MAX_STATES;
  const search = (at: LineState, wanted: ReadonlySet<number>): Map<number, number> => {
    const found = new Map<number, number>();
    let concluded = new Map<number, number>();
    let atMs = Number.POSITIVE_INFINITY;
    const settle = (): void => {
      for (const [line, by] of concluded) if (!found.has(line)) found.set(line, by);
      concluded = new Map();
    };
    for (const origin of wanted.size === 0 ? [] : states.originsOf(at)) {
      // What made the same content on another occasion tells of what this one does not.
      if (origin.atMs < atMs) settle();
      atMs = origin.atMs;
      if (found.size === wanted.size || left-- <= 0) break;
      const { from, author, isTold } = origin;
      const there = new Set(from.lines);
      const known = asked.get(from.id) ?? new Set<number>();
      asked.set(from.id, known);
      const further = new Set<number>();
      for (const line of wanted) {
        if (found.has(line)) continue;
        if (there.has(line)) {
          if (isTold) found.set(line, author);
          else if (!concluded.has(line)) concluded.set(line, author);
        } else if (!known.has(line)) {
          known.add(line);
          further.add(line);
        }
      }
      for (const [line, by] of search(from, further)) found.set(line, by);
    }
    settle();
    return found;
  };
  asked.set(state.id, new Set(lines));
  return search(state, lines);
}
