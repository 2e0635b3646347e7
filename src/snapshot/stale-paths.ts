import type { GitFolders } from '../git/git-folders.ts';
import { type TreeChange, treeChanges } from '../git/tree-changes.ts';
import type { StateMark } from './call-marks.ts';

/** For paths at which a state is older than the state before it: the tree that holds what was there by then. */
export type StalePaths = ReadonlyMap<string, string>;

const NONE: StalePaths = new Map();

/**
 * Hooks that run beside each other look at the tree in any order, file by file: one that is done later may have looked earlier. Where a
 * path goes back, in such a state, to what it was before the states that it overlaps, the state is stale there, and the last that isn't
 * stands for it. Else a file that one command made would be deleted by the next and made once more by the one after it.
 *
 * @param marks states of the work tree, oldest first
 * @returns by state, see `stateName`; null where git cannot tell
 */
export function stalePaths(folders: GitFolders, marks: readonly StateMark[]): ReadonlyMap<string, StalePaths> | null {
  const diffs = new Map<string, ReadonlySet<string> | null>();
  const diff = (before: string, after: string): ReadonlySet<string> | null => {
    const key = `${before} ${after}`;
    let paths = diffs.get(key);
    if (paths === undefined) {
      const changes = treeChanges(folders, before, after);
      paths = changes === null ? null : new Set(changes.map(({ path }) => path));
      diffs.set(key, paths);
    }
    return paths;
  };
  const byState = new Map<string, StalePaths>();
  const staleOf = (mark: StateMark): StalePaths => byState.get(stateName(mark)) ?? NONE;
  for (let i = 2; i < marks.length; i++) {
    const [last, mark] = [marks[i - 1], marks[i]];
    if (last === undefined || mark === undefined || !overlap(last, mark)) continue;
    const changed = diff(last.tree, mark.tree);
    if (changed === null) return null;
    const stale = new Map<string, string>();
    for (const path of new Set([...changed, ...staleOf(last).keys()])) {
      const current = staleOf(last).get(path) ?? last.tree;
      if (diff(current, mark.tree)?.has(path) === false) continue;
      for (let j = i - 2; j >= 0; j--) {
        const [earlier, next] = [marks[j], marks[j + 1]];
        if (earlier === undefined || next === undefined || !overlap(next, mark)) break;
        const paths = diff(staleOf(earlier).get(path) ?? earlier.tree, mark.tree);
        if (paths === null) return null;
        if (paths.has(path)) continue;
        stale.set(path, current);
        break;
      }
    }
    if (stale.size > 0) byState.set(stateName(mark), stale);
  }
  return byState;
}

export const stateName = ({ what, call }: StateMark): string => `${what} ${call}`;

/** What changed between two states, each taken without what is stale in it. Null where git cannot tell. */
export function freshChanges(
  folders: GitFolders,
  changes: readonly TreeChange[],
  before: { readonly tree: string; readonly stale: StalePaths },
  after: { readonly tree: string; readonly stale: StalePaths },
): TreeChange[] | null {
  const stale = new Set([...before.stale.keys(), ...after.stale.keys()]);
  const fresh = changes.filter(({ path }) => !stale.has(path));
  for (const path of stale) {
    const found = treeChanges(folders, before.stale.get(path) ?? before.tree, after.stale.get(path) ?? after.tree);
    if (found === null) return null;
    fresh.push(...found.filter((change) => change.path === path));
  }
  return fresh;
}

/** Without the hooks' times, states are as they are ordered. */
const overlap = ({ call, hookMs: a }: StateMark, { call: other, hookMs: b }: StateMark): boolean =>
  call !== other && a !== undefined && b !== undefined && a.fromMs < b.toMs && b.fromMs < a.toMs;
