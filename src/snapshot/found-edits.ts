import { checkedOutCommit } from '../git/checked-out.ts';
import type { GitFolders } from '../git/git-folders.ts';
import { type TreeChange, treeChanges } from '../git/tree-changes.ts';
import { lastPart } from '../hook/hook-path.ts';
import type { EditedMark, StateMark } from './call-marks.ts';
import type { FoundEdit } from './found-edit.ts';
import type { OwnStretch } from './own-stretches.ts';
import { freshChanges, type StalePaths, stateName } from './stale-paths.ts';

/** A command that unpacks an archive or checks out a tree that nobody ignores. */
const MAX_FILES = 10_000;

/**
 * @param stale by state, of `stalePaths`
 * @param others what other tools changed meanwhile and told the lines of
 */
export function foundEdits(
  folders: GitFolders,
  stretches: readonly OwnStretch[],
  stale: ReadonlyMap<string, StalePaths>,
  others: readonly EditedMark[],
): FoundEdit[] | null {
  const byPath = new Map<string, TreeChange>();
  for (const stretch of stretches) {
    const changes = ownChanges(folders, stretch, stale);
    if (changes === null) return null;
    for (const change of changes) {
      const own = withoutOthers(change, others.filter(isWithin(stretch)));
      if (own === null) continue;
      const known = byPath.get(own.path);
      byPath.set(own.path, known === undefined ? own : joined(known, own));
    }
  }
  const changes = [...byPath.values()].filter(({ blobBefore, blobAfter }) => blobBefore !== blobAfter).slice(0, MAX_FILES);
  const moved = movedFiles(changes);
  return changes.map((change) => {
    const previousPath = moved.get(change.path) ?? null;
    const { blobBefore, blobAfter } = change;
    const type = previousPath !== null ? 'rename' : blobBefore === null ? 'create' : blobAfter === null ? 'delete' : 'edit';
    return { ...change, previousPath, type };
  });
}

/** What the command took from a commit that was there before is nobody's edit: `git pull` writes no lines, nor does `checkout`. */
function ownChanges(
  folders: GitFolders,
  { before, after, fromMs }: OwnStretch,
  stale: ReadonlyMap<string, StalePaths>,
): TreeChange[] | null {
  const changes = treeChanges(folders, before.tree, after.tree);
  if (changes === null) return null;
  if (before.head === null || after.head === null || before.head === after.head) {
    const fresh = (mark: StateMark) => ({ tree: mark.tree, stale: stale.get(stateName(mark)) ?? new Map<string, string>() });
    return freshChanges(folders, changes, fresh(before), fresh(after));
  }
  if (changes.length === 0) return changes;
  const taken = checkedOutCommit(folders, before.head, after.head, fromMs);
  if (taken === null) return changes;
  const beyond = new Map(treeChanges(folders, taken, after.tree)?.map((change) => [change.path, change]));
  const dirty = new Set(treeChanges(folders, before.head, before.tree)?.map(({ path }) => path));
  return changes.flatMap((change) => {
    const edited = beyond.get(change.path);
    if (edited === undefined) return [];
    return [dirty.has(change.path) ? change : edited];
  });
}

const isWithin =
  ({ fromMs, toMs }: OwnStretch) =>
  (edited: EditedMark): boolean =>
    edited.timeMs >= fromMs && edited.sinceMs <= toMs;

/** Null where nothing is left of it. */
function withoutOthers(change: TreeChange, others: readonly EditedMark[]): TreeChange | null {
  let { linesAdded, linesRemoved } = change;
  let isShared = false;
  for (const other of others) {
    if (other.path !== change.path) continue;
    isShared = true;
    linesAdded = linesAdded === null || other.linesAdded === null ? 0 : Math.max(0, linesAdded - other.linesAdded);
    linesRemoved = linesRemoved === null || other.linesRemoved === null ? 0 : Math.max(0, linesRemoved - other.linesRemoved);
  }
  return isShared && linesAdded === 0 && linesRemoved === 0 ? null : { ...change, linesAdded, linesRemoved };
}

const joined = (first: TreeChange, then: TreeChange): TreeChange => ({
  ...{ path: first.path, blobBefore: first.blobBefore, blobAfter: then.blobAfter },
  linesAdded: sum(first.linesAdded, then.linesAdded),
  linesRemoved: sum(first.linesRemoved, then.linesRemoved),
});

const sum = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);

/** Previous paths by path: a file that came with the content of one that went, each used once; of several, that of the same name. */
function movedFiles(changes: readonly TreeChange[]): Map<string, string> {
  const gone = new Map<string, string[]>();
  for (const { path, blobBefore, blobAfter, linesRemoved } of changes) {
    // Empty files are all alike.
    if (blobAfter !== null || blobBefore === null || linesRemoved === 0) continue;
    gone.set(blobBefore, [...(gone.get(blobBefore) ?? []), path]);
  }
  const moved = new Map<string, string>();
  for (const { path, blobBefore, blobAfter } of changes) {
    const paths = blobBefore === null && blobAfter !== null ? (gone.get(blobAfter) ?? []) : [];
    const same = paths.findIndex((previous) => lastPart(previous) === lastPart(path));
    const [previous] = paths.splice(Math.max(same, 0), 1);
    if (previous !== undefined) moved.set(path, previous);
  }
  return moved;
}
