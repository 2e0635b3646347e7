/** Beyond so many differing lines of one stretch the search for the shortest script ends; what has no unique line in common is new then. */
const MAX_DIFFERENCES = 600;

/** Whether a line says something by itself: one that does goes before a brace. */
export type Tells = (line: number) => boolean;

/**
 * Which line of `left` each line of `right` is: ascending places, -1 for none. Lines that are unique on both sides lead (Bram Cohen's
 * patience diff), first those that tell something, so that a moved brace does not tear a function apart; between them the shortest
 * script (Myers 1986).
 */
export function matchLines(left: Int32Array, right: Int32Array, tells: Tells = () => true): Int32Array {
  const found = new Int32Array(right.length).fill(-1);
  matchWithin(left, 0, left.length, right, 0, right.length, found, tells);
  return found;
}

function matchWithin(
  a: Int32Array,
  aFrom: number,
  aTo: number,
  b: Int32Array,
  bFrom: number,
  bTo: number,
  found: Int32Array,
  tells: Tells,
): void {
  let [a0, a1, b0, b1] = [aFrom, aTo, bFrom, bTo];
  while (a0 < a1 && b0 < b1 && a[a0] === b[b0]) found[b0++] = a0++;
  while (a0 < a1 && b0 < b1 && a[a1 - 1] === b[b1 - 1]) found[--b1] = --a1;
  if (a0 === a1 || b0 === b1) return;
  const anchors = uniqueAnchors(a, a0, a1, b, b0, b1, tells);
  if (anchors.length === 0) return shortestScript(a, a0, a1, b, b0, b1, found);
  for (const [i, j] of anchors) {
    matchWithin(a, a0, i, b, b0, j, found, tells);
    found[j] = i;
    a0 = i + 1;
    b0 = j + 1;
  }
  matchWithin(a, a0, a1, b, b0, b1, found, tells);
}

/** Lines that stand once on either side, in the longest order that both share. */
function uniqueAnchors(
  a: Int32Array,
  aFrom: number,
  aTo: number,
  b: Int32Array,
  bFrom: number,
  bTo: number,
  tells: Tells,
): (readonly [number, number])[] {
  const places = new Map<number, { inA: number; inB: number }>();
  for (let i = aFrom; i < aTo; i++) {
    const id = a[i] as number;
    const known = places.get(id);
    if (known === undefined) places.set(id, { inA: i, inB: -1 });
    else known.inA = -2;
  }
  for (let j = bFrom; j < bTo; j++) {
    const known = places.get(b[j] as number);
    if (known !== undefined) known.inB = known.inB === -1 ? j : -2;
  }
  const pairs: (readonly [number, number])[] = [];
  for (const { inA, inB } of places.values()) if (inA >= 0 && inB >= 0) pairs.push([inA, inB]);
  const telling = pairs.filter(([place]) => tells(a[place] as number));
  const leading = telling.length > 0 ? telling : pairs;
  return longestAscending(leading.sort((left, right) => left[1] - right[1]));
}

function longestAscending(pairs: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const ends: number[] = [];
  const before = new Int32Array(pairs.length).fill(-1);
  pairs.forEach(([place], n) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[ends[middle] as number] as readonly [number, number])[0] < place) low = middle + 1;
      else high = middle;
    }
    before[n] = low === 0 ? -1 : (ends[low - 1] as number);
    ends[low] = n;
  });
  const longest: (readonly [number, number])[] = [];
  for (let n = ends.at(-1) ?? -1; n >= 0; n = before[n] as number) longest.push(pairs[n] as readonly [number, number]);
  return longest.reverse();
}

function shortestScript(
  a: Int32Array,
  aFrom: number,
  aTo: number,
  b: Int32Array,
  bFrom: number,
  bTo: number,
  found: Int32Array,
): void {
  const [n, m] = [aTo - aFrom, bTo - bFrom];
  const most = Math.min(n + m, MAX_DIFFERENCES);
  const offset = most + 1;
  const furthest = new Int32Array(2 * offset + 1);
  const trace: Int32Array[] = [];
  for (let d = 0; d <= most; d++) {
    trace.push(furthest.slice(offset - d, offset + d + 1));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (furthest[offset + k - 1] as number) < (furthest[offset + k + 1] as number));
      let x = down ? (furthest[offset + k + 1] as number) : (furthest[offset + k - 1] as number) + 1;
      let y = x - k;
      while (x < n && y < m && a[aFrom + x] === b[bFrom + y]) {
        x++;
        y++;
      }
      furthest[offset + k] = x;
      if (x >= n && y >= m) return walkBack(trace, d, n, m, aFrom, bFrom, found);
    }
  }
}

/** `trace[d]`: the furthest places before step d, for the diagonals -d to d. */
function walkBack(
  trace: readonly Int32Array[],
  steps: number,
  n: number,
  m: number,
  aFrom: number,
  bFrom: number,
  found: Int32Array,
): void {
  let [x, y] = [n, m];
  for (let d = steps; d > 0; d--) {
    const furthest = trace[d] as Int32Array;
    const at = (k: number): number => furthest[k + d] as number;
    const k = x - y;
    const down = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const fromX = down ? at(k + 1) : at(k - 1);
    const fromY = fromX - (down ? k + 1 : k - 1);
    const startX = down ? fromX : fromX + 1;
    while (x > startX) {
      x--;
      y--;
      found[bFrom + y] = aFrom + x;
    }
    x = fromX;
    y = fromY;
  }
  while (x > 0 && y > 0) {
    x--;
    y--;
    found[bFrom + y] = aFrom + x;
  }
}
