import { idsOf, joinTouches, type Kind, type Line, linesOf, type Tree } from './tree.ts';

/** A line that is found at many places tells little of where it came from. */
export const isDistinctive = (text: string): boolean => (text.match(/[\p{L}\p{N}]/gu)?.length ?? 0) >= 8;

/**
 * The heaviest common subsequence of two texts: distinctive lines weigh more, and lines that go on from their neighbour's match.
 *
 * @returns pairs of places, ascending
 */
export function align(from: readonly string[], to: readonly string[]): [number, number][] {
  const width = to.length + 1;
  const best = new Float64Array((from.length + 1) * width);
  const runs = new Uint8Array(best.length);
  const weights = from.map((text) => (isDistinctive(text) ? 10 : 1));
  for (let i = from.length - 1; i >= 0; i--) {
    for (let j = to.length - 1; j >= 0; j--) {
      const at = i * width + j;
      const skip = Math.max(best[at + width] as number, best[at + 1] as number);
      if (from[i] === to[j]) {
        const next = at + width + 1;
        const weight = (weights[i] as number) + (runs[next] === 1 ? 0.5 : 0) + (best[next] as number);
        if (weight >= skip) {
          best[at] = weight;
          runs[at] = 1;
          continue;
        }
      }
      best[at] = skip;
    }
  }
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < from.length && j < to.length; ) {
    const at = i * width + j;
    if (runs[at] === 1) pairs.push([i++, j++]);
    else if ((best[at + width] as number) >= (best[at + 1] as number)) i++;
    else j++;
  }
  return pairs;
}

export interface Following {
  /** Versions that git made the result of; the first is what stood there before. */
  readonly sources: readonly [Tree, ...Tree[]];
  /** Who ran git: what no source removed, they removed. */
  readonly by: Kind;
  /** A revert removes by itself, whatever the sources tell of a line's earlier removal. */
  readonly removesItself?: boolean;
  /** A second copy of a line, which both sides of a merge brought. */
  readonly again: (line: Line) => Line;
  /** Makes a line of a text that no source has. @throws where that cannot be */
  readonly fresh: (text: string, path: string) => Line;
}

/** Finds the lines of what git made again, in the versions it made it of and nowhere else. */
export function follow(
  result: ReadonlyMap<string, readonly string[]>,
  { sources, by, removesItself = false, again, fresh }: Following,
): Tree {
  const used = new Set<number>();
  const files = new Map<string, (Line | null)[]>();
  for (const [path, texts] of result) files.set(path, new Array<Line | null>(texts.length).fill(null));
  const fill = (path: string, candidates: readonly Line[]): void => {
    const texts = result.get(path) as readonly string[];
    const found = files.get(path) as (Line | null)[];
    const open = found.flatMap((line, at) => (line === null ? [at] : []));
    const left = candidates.filter(({ id }) => !used.has(id));
    for (const [i, j] of align(
      open.map((at) => texts[at] as string),
      left.map(({ text }) => text),
    )) {
      const line = left[j] as Line;
      found[open[i] as number] = line;
      used.add(line.id);
    }
  };
  for (const path of result.keys()) for (const source of sources) fill(path, linesOf(source, path));
  // Renamed and moved: the files that share most of what is still open.
  for (const [path, texts] of result) {
    const found = files.get(path) as (Line | null)[];
    const wanted = new Set(texts.filter((text, at) => found[at] === null && isDistinctive(text)));
    const open = found.some((line) => line === null);
    if (!open) continue;
    const others = sources.flatMap((source) => [...source.files.values()]);
    const shared = others.map((lines) => lines.filter(({ id, text }) => wanted.has(text) && !used.has(id)).length);
    for (const at of others.map((_, i) => i).sort((a, b) => (shared[b] as number) - (shared[a] as number)))
      fill(path, others[at] as readonly Line[]);
  }
  const tree = new Map<string, readonly Line[]>();
  const byText = new Map<string, Line>();
  for (const source of [...sources].reverse())
    for (const lines of source.files.values()) for (const line of lines) byText.set(line.text, line);
  const made = (text: string, path: string): Line => {
    const like = byText.get(text);
    return like === undefined ? fresh(text, path) : again(like);
  };
  for (const [path, texts] of result) {
    const found = files.get(path) as (Line | null)[];
    tree.set(
      path,
      texts.map((text, at) => found[at] ?? made(text, path)),
    );
  }
  return { files: tree, gone: goneOf(tree, sources, by, removesItself), touches: joinTouches(sources) };
}

function goneOf(files: Tree['files'], sources: readonly [Tree, ...Tree[]], by: Kind, removesItself: boolean): Map<number, Kind> {
  const present = idsOf({ files, gone: new Map(), touches: new Map() });
  const stood = idsOf(sources[0]);
  const gone = new Map<number, Kind>();
  for (const source of sources) {
    for (const [id, who] of source.gone) {
      if (present.has(id) || gone.has(id)) continue;
      gone.set(id, removesItself && stood.has(id) ? by : who);
    }
  }
  for (const id of stood.keys()) if (!present.has(id) && !gone.has(id)) gone.set(id, by);
  return gone;
}
