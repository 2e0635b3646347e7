import { join } from 'node:path';
import { runner } from './commit-steps.ts';
import { type History, HUMAN, type WorkTree } from './history.ts';
import type { Random } from './random.ts';
import { otherBranch, tidy } from './rewrite-steps.ts';
import { changed, linesOf, type Tree } from './tree.ts';

/** Steps that change where a work tree stands, or throw away what it holds. */
export const PLACE_STEPS = {
  async branch(history: History, work: WorkTree, random: Random): Promise<void> {
    const name = `branch-${history.branches(work).length}-${random.int(1, 99)}`;
    await history.git(work, ['checkout', '-q', '-b', name], HUMAN, { mayFail: true });
  },

  async switchBranch(history: History, work: WorkTree, random: Random): Promise<void> {
    const branch = otherBranch(history, work, random);
    if (branch === null) return;
    if (random.chance(0.6)) await tidy(history, work, random);
    const dirty = history.dirtyPaths(work);
    const by = runner(history, random);
    const ran = await history.git(work, ['checkout', '-q', branch], by, { mayFail: true });
    if (ran.status !== 0) return;
    carry(history, work, dirty);
  },

  async resetSoft(history: History, work: WorkTree, random: Random): Promise<void> {
    const own = history.shas(work, ['--first-parent', `${history.baseSha}..HEAD`]);
    const count = Math.min(own.length, random.int(1, 3));
    if (count === 0) return;
    const how = random.pick(['--soft', '--soft', '--mixed']);
    await history.git(work, ['reset', '-q', how, `HEAD~${count}`], runner(history, random));
  },

  async resetHard(history: History, work: WorkTree, random: Random): Promise<void> {
    const own = history.shas(work, ['--first-parent', `${history.baseSha}..HEAD`]);
    const to = own.length > 1 && random.chance(0.3) ? 'HEAD~1' : 'HEAD';
    await history.git(work, ['reset', '-q', '--hard', to], runner(history, random));
    await history.git(work, ['clean', '-fdq'], HUMAN);
    history.standAtHead(work);
  },

  async stash(history: History, work: WorkTree, random: Random): Promise<void> {
    if (history.isClean(work)) return;
    const held = work.tree;
    await history.git(work, ['stash', 'push', '-q', '-u'], runner(history, random));
    history.stashes.push(held);
    history.standAtHead(work);
  },

  async pop(history: History, work: WorkTree, random: Random): Promise<void> {
    const held = history.stashes.at(-1);
    if (held === undefined) return;
    await tidy(history, work, random);
    history.stashes.pop();
    const by = runner(history, random);
    const ran = await history.git(work, ['stash', 'pop', '-q'], by, { mayFail: true });
    if (ran.status === 0) {
      history.readBack(work, [work.tree, held], by.kind);
      return;
    }
    await history.git(work, ['reset', '-q', '--hard'], HUMAN);
    await history.git(work, ['clean', '-fdq'], HUMAN);
    await history.git(work, ['stash', 'drop', '-q'], HUMAN);
  },

  async throwAway(history: History, work: WorkTree, random: Random): Promise<void> {
    const head = history.headTree(work);
    const dirty = history.dirtyPaths(work).filter((path) => head.files.has(path));
    if (dirty.length === 0) return;
    const path = random.pick(dirty);
    const by = runner(history, random);
    await history.git(work, ['checkout', '-q', 'HEAD', '--', path], by);
    restore(work, path, head, by.kind);
  },

  async oldVersion(history: History, work: WorkTree, random: Random): Promise<void> {
    const commits = history.shas(work, ['HEAD']).map((sha) => history.commit(sha));
    const paths = [...work.tree.files.keys()];
    if (paths.length === 0) return;
    const path = random.pick(paths);
    const possible = commits.filter(({ tree }) => tree.files.has(path)).slice(-5);
    if (possible.length === 0) return;
    const { sha, tree } = random.pick(possible);
    // A line that stands in another file now would stand here twice.
    const wanted = new Set(linesOf(tree, path).map(({ id }) => id));
    if ([...work.tree.files].some(([at, lines]) => at !== path && lines.some(({ id }) => wanted.has(id)))) return;
    const by = runner(history, random);
    await history.git(work, ['checkout', '-q', sha, '--', path], by);
    restore(work, path, tree, by.kind);
  },

  async addWorktree(history: History, work: WorkTree): Promise<void> {
    if (history.worktrees.length > 2) return;
    const name = `tree-${history.worktrees.length}`;
    const dir = join(history.playground.root, name);
    await history.git(work, ['worktree', 'add', '-q', '-b', `${name}-branch`, `../${name}`], HUMAN);
    const added: WorkTree = { name, dir, tree: history.headTree(work), past: [] };
    history.worktrees.push(added);
  },
} as const;

/** git gave a file the content of a commit: its lines come back as they were, the others went with whoever ran it. */
function restore(work: WorkTree, path: string, from: Tree, by: 'agent' | 'human'): void {
  const now = linesOf(work.tree, path);
  const lines = linesOf(from, path);
  const here = new Set(now.map(({ id }) => id));
  const kept = lines.filter(({ id }) => here.has(id)).map(({ id }) => id);
  const there = new Set(kept);
  const isMoved = now.filter(({ id }) => there.has(id)).some(({ id }, at) => id !== kept[at]);
  work.tree = changed(work.tree, new Map([[path, lines]]), by, isMoved ? there : new Set());
}

/** git carries changed files over to another branch, where that has them as they were. */
function carry(history: History, work: WorkTree, dirty: readonly string[]): void {
  const old = work.tree;
  const target = history.headTree(work);
  const files = new Map(target.files);
  for (const path of dirty) {
    const lines = old.files.get(path);
    if (lines === undefined) files.delete(path);
    else files.set(path, lines);
  }
  history.readBack(work, [{ ...target, files, gone: new Map([...target.gone, ...old.gone]) }, old], 'human');
}
