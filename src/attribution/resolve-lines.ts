import { matchLines } from './line-match.ts';
import type { TextFacts } from './line-texts.ts';

/** A content whose lines are known, from which another one may have been made. */
export interface Source {
  /** lines.id, and texts.id of each. */
  readonly lines: Int32Array;
  readonly texts: Int32Array;
  /**
   * What has to be there for its own lines to count, those that are not in `base`. Lines of the source that lie together belong
   * together. `run`: something distinctive of the same run; a brace of a function that is not there is nobody's. `any`: the same, but
   * where other runs are there, a line that still lies beside its neighbour counts as well: somebody rewrote what was around it.
   */
  readonly shows: 'nothing' | 'any' | 'run';
  /** Equal text is all that connects it. */
  readonly isInferred: boolean;
}

/**
 * What a line of a content is: one that is known and was kept, one that is known and was changed in white space or moved (another
 * line of the same author), or one that nobody knows.
 */
export type Resolved =
  | { readonly what: 'kept'; readonly line: number; readonly isInferred: boolean }
  | { readonly what: 'changed'; readonly from: number; readonly isInferred: boolean }
  | null;

/**
 * Tells what a content is made of.
 *
 * @param target texts.id of its lines
 * @param sources the likeliest first; a line is taken from the first that has it
 * @param base lines that need to show nothing: of the committed content that all sources share
 */
export function resolveLines(
  target: Int32Array,
  sources: readonly Source[],
  base: ReadonlySet<number>,
  factsOf: (text: number) => TextFacts,
): Resolved[] {
  const found = new Array<Resolved>(target.length).fill(null);
  const taken = new Set<number>();
  const matches = sources.map((source) => {
    const match = matchLines(source.texts, target, (text) => factsOf(text).isDistinctive);
    const counted = source.shows === 'nothing' ? match : shown(source, match, base, factsOf);
    counted.forEach((place, i) => {
      const line = source.lines[place];
      if (place < 0 || line === undefined || found[i] !== null || taken.has(line)) return;
      taken.add(line);
      found[i] = { what: 'kept', line, isInferred: source.isInferred };
    });
    return match;
  });
  sources.forEach((source, n) => respaced(source, matches[n] as Int32Array, target, found, taken, factsOf));
  for (const source of sources) moved(source, target, found, taken, factsOf);
  for (const source of sources) changedPlaces(source, target, found, taken, factsOf);
  return found;
}

/** The places of a match that count. Of a source that has nothing distinctive of its own, all do. */
function shown(
  { lines, texts, shows }: Source,
  match: Int32Array,
  base: ReadonlySet<number>,
  factsOf: (text: number) => TextFacts,
): Int32Array {
  const placeOf = new Int32Array(lines.length).fill(-1);
  match.forEach((place, i) => {
    if (place >= 0) placeOf[place] = i;
  });
  const counts = new Uint8Array(lines.length);
  const silent: (readonly [from: number, to: number, distinctive: number])[] = [];
  let [distinctive, present] = [0, 0];
  for (let from = 0; from < lines.length; ) {
    if (base.has(lines[from] as number)) {
      counts[from++] = 1;
      continue;
    }
    let [to, ofRun, there] = [from, 0, 0];
    for (; to < lines.length && !base.has(lines[to] as number); to++) {
      if (!factsOf(texts[to] as number).isDistinctive) continue;
      ofRun++;
      if ((placeOf[to] as number) >= 0) there++;
    }
    distinctive += ofRun;
    present += there;
    if (there > 0) counts.fill(1, from, to);
    else silent.push([from, to, ofRun]);
    from = to;
  }
  const isBeside = (place: number, step: number): boolean => {
    const at = placeOf[place] as number;
    const beside = place + step;
    if (beside < 0 || beside >= lines.length) return at + step < 0 || at + step >= match.length;
    return match[at + step] === beside;
  };
  for (const [from, to, ofRun] of silent) {
    if (ofRun === 0 && (distinctive === 0 || present > 0)) counts.fill(1, from, to);
    else if (shows === 'any' && present > 0) {
      for (let place = from; place < to; place++) {
        if ((placeOf[place] as number) >= 0 && (isBeside(place, -1) || isBeside(place, 1))) counts[place] = 1;
      }
    }
  }
  return match.map((place) => (place >= 0 && counts[place] === 1 ? place : -1));
}

/** Lines between two that were kept, which differ in white space only from those that were between them before. */
function respaced(
  { lines, texts, isInferred }: Source,
  match: Int32Array,
  target: Int32Array,
  found: Resolved[],
  taken: Set<number>,
  factsOf: (text: number) => TextFacts,
): void {
  let before = -1;
  for (let from = 0; from <= target.length; ) {
    const place = from < target.length ? (match[from] as number) : -1;
    if (from < target.length && place >= 0) {
      before = place;
      from++;
      continue;
    }
    let to = from;
    while (to < target.length && (match[to] as number) < 0) to++;
    const after = to < target.length ? (match[to] as number) : lines.length;
    const old: number[] = [];
    for (let n = before + 1; n < after; n++) if (!taken.has(lines[n] as number)) old.push(n);
    const fresh: number[] = [];
    for (let n = from; n < to; n++) if (found[n] === null) fresh.push(n);
    if (old.length > 0 && fresh.length > 0) {
      // What is nothing but white space equals nothing.
      const normal = (text: number, ifNone: number): number => factsOf(text).normal || ifNone;
      const pairs = matchLines(
        Int32Array.from(old, (n) => normal(texts[n] as number, -1)),
        Int32Array.from(fresh, (n) => normal(target[n] as number, -2)),
      );
      pairs.forEach((at, i) => {
        const n = fresh[i] as number;
        const from = old[at];
        if (at < 0 || from === undefined || gainsNewline(texts[from] as number, target[n] as number, factsOf)) return;
        taken.add(lines[from] as number);
        found[n] = { what: 'changed', from: lines[from] as number, isInferred };
      });
    }
    if (to === target.length) return;
    from = to;
  }
}

/** A last line that gets a newline belongs to who appended to it. */
const gainsNewline = (before: number, after: number, factsOf: (text: number) => TextFacts): boolean =>
  factsOf(before).endsWithoutNewline && !factsOf(after).endsWithoutNewline;

/** Distinctive lines that are elsewhere now, once in either, and what lies beside them and moved along. */
export function moved(
  { lines, texts, isInferred }: Pick<Source, 'lines' | 'texts' | 'isInferred'>,
  target: Int32Array,
  found: Resolved[],
  taken: Set<number>,
  factsOf: (text: number) => TextFacts,
): void {
  const free = new Map<number, number>();
  lines.forEach((line, n) => {
    if (taken.has(line)) return;
    const text = texts[n] as number;
    if (factsOf(text).isDistinctive) free.set(text, free.has(text) ? -1 : n);
  });
  if (free.size === 0) return;
  const places = new Map<number, number>();
  target.forEach((text, n) => {
    if (found[n] === null && free.has(text)) places.set(text, places.has(text) ? -1 : n);
  });
  const take = (at: number, from: number): boolean => {
    const line = lines[from];
    if (line === undefined || found[at] !== null || taken.has(line) || target[at] !== texts[from]) return false;
    taken.add(line);
    found[at] = { what: 'changed', from: line, isInferred };
    return true;
  };
  for (const [text, at] of places) {
    const from = free.get(text) as number;
    if (at < 0 || from < 0 || !take(at, from)) continue;
    for (let n = 1; at + n < target.length && take(at + n, from + n); n++);
    for (let n = 1; at - n >= 0 && from - n >= 0 && take(at - n, from - n); n++);
  }
}

/** Lines that say little and changed places with what lies beside them: `A x B` became `x A B`. */
function changedPlaces(
  { lines, texts, isInferred }: Source,
  target: Int32Array,
  found: Resolved[],
  taken: Set<number>,
  factsOf: (text: number) => TextFacts,
): void {
  const placeOf = new Map<number, number>();
  lines.forEach((line, place) => placeOf.set(line, place));
  const sourcePlace = (n: number): number => {
    const one = found[n];
    if (one == null) return -1;
    return placeOf.get(one.what === 'kept' ? one.line : one.from) ?? -1;
  };
  const isFree = (place: number): boolean => place >= 0 && place < lines.length && !taken.has(lines[place] as number);
  const isOpen = (n: number): boolean => n >= 0 && n < target.length && found[n] === null;
  for (let n = 0; n < target.length; n++) {
    if (!isOpen(n)) continue;
    for (const step of [1, -1]) {
      // What it lies beside, up to where that ended before.
      let [place, at, isKnown] = [sourcePlace(n + step), n + step, false];
      if (place < 0) continue;
      for (; place >= 0 && sourcePlace(at) === place; at += step, place += step) {
        isKnown ||= factsOf(target[at] as number).isDistinctive;
      }
      if (!isKnown) continue;
      let most = 0;
      for (let length = 1; isFree(place + step * (length - 1)) && isOpen(n - step * (length - 1)); length++) {
        const isEqual = Array.from({ length }, (_, k) => texts[place + step * k] === target[n - step * (length - 1 - k)]).every(
          Boolean,
        );
        if (isEqual) most = length;
      }
      for (let k = 0; k < most; k++) {
        const line = lines[place + step * k] as number;
        taken.add(line);
        found[n - step * (most - 1 - k)] = { what: 'changed', from: line, isInferred };
      }
    }
  }
}
