import { checkedOutCommit } from '../git/checked-out.ts';
import type { TreeChange } from '../git/tree-changes.ts';
import { lastPart } from '../hook/hook-path.ts';
import type { EditedMark, StateMark, Stretch } from './call-marks.ts';
import type { FoundEdit } from './found-edit.ts';
import type { OwnStep } from './own-steps.ts';
import type { Changes, TreeDiffs } from './tree-diffs.ts';

/** A command that unpacks an archive or checks out a tree that nobody ignores. */
const MAX_FILES = 10_000;

type Change = TreeChange & Pick<FoundEdit, 'match'>;

/**
 * @param groups of `ownSteps`
 * @param others what other tools changed meanwhile and told the lines of
 * @returns null where git cannot tell
 */
export function foundEdits(
  diffs: TreeDiffs,
  groups: readonly (readonly OwnStep[])[],
  others: readonly EditedMark[],
): FoundEdit[] | null {
  const between = new Map<string, Changes | null>();
  const byPath = new Map<string, Change>();
  for (const group of groups) {
    const [first, last] = [group[0], group.at(-1)];
    if (first === undefined || last === undefined) continue;
    const key = `${first.before.tree} ${first.before.head} ${last.after.tree} ${last.after.head}`;
    let changes = between.get(key);
    if (changes === undefined) between.set(key, (changes = ownChanges(diffs, first.before, last.after)));
    if (changes === null) return null;
    const change = changes.get(first.path);
    const own =
      change === undefined ? null : withoutOthers(change, others.filter(isWithin({ fromMs: first.fromMs, toMs: last.toMs })));
    if (own === null) continue;
    const match = group.some((step) => step.match === 'inferred') ? 'inferred' : 'exact';
    const known = byPath.get(own.path);
    byPath.set(own.path, known === undefined ? { ...own, match } : joined(known, { ...own, match }));
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
function ownChanges(diffs: TreeDiffs, before: StateMark, after: StateMark): Changes | null {
  const changes = diffs.between(before.tree, after.tree);
  if (changes === null || changes.size === 0 || before.head === null || after.head === null || before.head === after.head)
    return changes;
  const taken = checkedOutCommit(diffs.folders, before.head, after.head, before.timeMs);
  if (taken === null) return changes;
  const beyond = diffs.between(taken, after.tree);
  const dirty = diffs.between(before.head, before.tree);
  return new Map(
    [...changes.values()].flatMap((change) => {
      const edited = beyond?.get(change.path);
      if (edited === undefined) return [];
      return [[change.path, dirty?.has(change.path) === true ? change : edited]];
    }),
  );
}

const isWithin =
  ({ fromMs, toMs }: Stretch) =>
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

const joined = (first: Change, then: Change): Change => ({
  ...{ path: first.path, blobBefore: first.blobBefore, blobAfter: then.blobAfter },
  match: first.match === 'inferred' ? 'inferred' : then.match,
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
