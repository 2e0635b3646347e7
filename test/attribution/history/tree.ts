/** Who wrote or removed a line. */
export type Kind = 'agent' | 'human';

/** A line as somebody wrote it. The number stays with it through every state; text and place may change. */
export interface Line {
  readonly id: number;
  /** Without its newline. */
  readonly text: string;
  readonly author: Kind;
}

/** Somebody moved a line or changed its white space; `n` tells touches apart. */
export interface Touch {
  readonly by: Kind;
  readonly n: number;
}

/** What a work tree, a commit or a stash holds, and what happened to the lines on the way there. */
export interface Tree {
  readonly files: ReadonlyMap<string, readonly Line[]>;
  /** Who took away a line that is not here any more. */
  readonly gone: ReadonlyMap<number, Kind>;
  readonly touches: ReadonlyMap<number, readonly Touch[]>;
}

export const EMPTY: Tree = { files: new Map(), gone: new Map(), touches: new Map() };

export const linesOf = (tree: Tree, path: string): readonly Line[] => tree.files.get(path) ?? [];
export const textOf = (lines: readonly Line[]): string => lines.map(({ text }) => `${text}\n`).join('');
export const splitText = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

export function idsOf(tree: Tree): Map<number, Line> {
  const ids = new Map<number, Line>();
  for (const lines of tree.files.values()) for (const line of lines) ids.set(line.id, line);
  return ids;
}

let touchCount = 0;

/**
 * A tree after somebody changed files.
 *
 * @param changes new lines by path; null: the file is gone
 * @param moved ids of lines that stand elsewhere now
 */
export function changed(
  tree: Tree,
  changes: ReadonlyMap<string, readonly Line[] | null>,
  by: Kind,
  moved: ReadonlySet<number> = new Set(),
): Tree {
  const files = new Map(tree.files);
  for (const [path, lines] of changes) {
    if (lines === null) files.delete(path);
    else files.set(path, lines);
  }
  const before = idsOf(tree);
  const after = idsOf({ ...tree, files });
  const gone = new Map(tree.gone);
  const touches = new Map(tree.touches);
  for (const id of before.keys()) if (!after.has(id)) gone.set(id, by);
  for (const [id, line] of after) {
    gone.delete(id);
    const old = before.get(id);
    if (old === undefined || (old.text === line.text && !moved.has(id))) continue;
    touches.set(id, [...(touches.get(id) ?? []), { by, n: ++touchCount }]);
  }
  return { files, gone, touches };
}

/** Touches of several trees, each once. */
export function joinTouches(trees: readonly Tree[]): Map<number, readonly Touch[]> {
  const joined = new Map<number, readonly Touch[]>();
  for (const { touches } of trees) {
    for (const [id, list] of touches) {
      const known = joined.get(id) ?? [];
      const fresh = list.filter(({ n }) => !known.some((touch) => touch.n === n));
      if (fresh.length > 0)
        joined.set(
          id,
          [...known, ...fresh].sort((a, b) => a.n - b.n),
        );
    }
  }
  return joined;
}

export const sameFiles = (a: Tree, b: Tree): boolean =>
  a.files.size === b.files.size &&
  [...a.files].every(([path, lines]) => {
    const other = b.files.get(path);
    return other !== undefined && textOf(lines) === textOf(other);
  });
