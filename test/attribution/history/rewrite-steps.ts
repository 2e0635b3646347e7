import { changeFile } from './changes.ts';
import { commitAll, runner } from './commit-steps.ts';
import { byAgent, byHuman, EDIT_STEPS } from './edit-steps.ts';
import { type History, HUMAN, type WorkTree } from './history.ts';
import type { GitRun, Runner } from './playground.ts';
import type { Random } from './random.ts';
import { linesOf, splitText, type Tree, textOf } from './tree.ts';

/** Steps in which git makes commits and contents out of others. */
export const REWRITE_STEPS = {
  /** A branch with a commit of its own, and one beside it. */
  async diverge(history: History, work: WorkTree, random: Random): Promise<void> {
    await tidy(history, work, random);
    const back = history.playground.ask(work.dir, ['branch', '--show-current']).trim();
    const name = `side-${history.branches(work).length}-${random.int(1, 99)}`;
    await history.git(work, ['checkout', '-q', '-b', name], HUMAN);
    for (let count = random.int(1, 3); count > 0; count--) {
      await EDIT_STEPS[random.pick(['agentEdit', 'humanEdit', 'agentEdit', 'create'] as const)](history, work, random);
      if (random.chance(0.6)) await tidy(history, work, random);
    }
    await tidy(history, work, random);
    await history.git(work, ['checkout', '-q', back], HUMAN);
    history.standAtHead(work);
    if (random.chance(0.5)) await EDIT_STEPS.humanEdit(history, work, random);
  },

  async rebase(history: History, work: WorkTree, random: Random): Promise<void> {
    const onto = otherBranch(history, work, random);
    if (onto === null) return;
    await tidy(history, work, random);
    await rebase(history, work, runner(history, random), onto, ['rebase', '-q', onto]);
  },

  async interactive(history: History, work: WorkTree, random: Random): Promise<void> {
    await tidy(history, work, random);
    const own = history.shas(work, [`${history.baseSha}..HEAD`, '--no-merges']);
    const from = history.shas(work, ['--first-parent', `${history.baseSha}..HEAD`]).slice(-4);
    const upstream = history.commits.get(from[0] ?? '')?.parents[0];
    if (from.length < 2 || upstream === undefined || own.length < from.length) return;
    if (from.some((sha) => history.commit(sha).parents.length !== 1)) return;
    const line = random.int(1, from.length);
    const next = Math.max(2, line);
    const todo = random.pick([
      `${line}d`,
      `${next}s/^pick/squash/`,
      `${next}s/^pick/fixup/`,
      '1{h;d};2G',
      `${line}s/^pick/edit/`,
    ]);
    const by = runner(history, random);
    const editor = { GIT_SEQUENCE_EDITOR: `sed -i '${todo}'` };
    const stopped = todo.endsWith('edit/') ? (): Promise<GitRun> => amendAndGoOn(history, work, random) : undefined;
    await rebase(history, work, stopped === undefined ? by : HUMAN, upstream, ['rebase', '-q', '-i', upstream], editor, stopped);
  },

  /** A fixup commit, and the rebase that lays it into its place. */
  async fixup(history: History, work: WorkTree, random: Random): Promise<void> {
    const recent = history.shas(work, ['--first-parent', `${history.baseSha}..HEAD`]).slice(-3);
    if (history.isClean(work)) await EDIT_STEPS[random.pick(['agentEdit', 'humanEdit'] as const)](history, work, random);
    if (recent.length === 0 || recent.some((sha) => history.commit(sha).parents.length !== 1)) return;
    const target = random.pick(recent);
    const upstream = history.commit(target).parents[0] as string;
    if ((await commitAll(history, work, HUMAN, [`--fixup=${target}`])) === null) return;
    await rebase(history, work, runner(history, random), upstream, ['rebase', '-q', '-i', '--autosquash', upstream]);
  },

  async cherryPick(history: History, work: WorkTree, random: Random): Promise<void> {
    await tidy(history, work, random);
    const picked = foreignCommit(history, work, random);
    if (picked === null) return;
    const by = runner(history, random);
    const before = history.head(work);
    const ran = await history.git(work, ['cherry-pick', picked], by, { mayFail: true });
    const tree = history.commit(picked).tree;
    if (ran.status === 0) history.adoptMade(work, before, () => [tree], by.kind);
    else if (!(await resolve(history, work, random, tree, ['cherry-pick', '--continue'])))
      await history.git(work, ['cherry-pick', '--abort'], HUMAN, { mayFail: true });
    settle(history, work, before);
  },

  /** A patch by mail. */
  async applyPatch(history: History, work: WorkTree, random: Random): Promise<void> {
    await tidy(history, work, random);
    const picked = foreignCommit(history, work, random);
    if (picked === null) return;
    const before = history.head(work);
    const command = `git format-patch -q --stdout -1 ${picked} | git am -q`;
    history.told.push({ op: 'sh', cmd: `${command} || git am --abort`, ...history.toldPlace(work) });
    const patch = history.playground.ask(work.dir, ['format-patch', '-q', '--stdout', '-1', picked]);
    const ran = history.playground.git(work.dir, ['am', '-q'], { input: patch, mayFail: true });
    if (ran.status === 0) history.adoptMade(work, before, () => [history.commit(picked).tree], 'human');
    else history.playground.git(work.dir, ['am', '--abort'], { mayFail: true });
    settle(history, work, before);
  },

  async revert(history: History, work: WorkTree, random: Random): Promise<void> {
    await tidy(history, work, random);
    const own = history.shas(work, [`${history.baseSha}..HEAD`, '--no-merges']).slice(-5);
    if (own.length === 0) return;
    const reverted = history.commit(random.pick(own));
    const by = runner(history, random);
    const before = history.head(work);
    const ran = await history.git(work, ['revert', '--no-edit', reverted.sha], by, { mayFail: true });
    const parent = history.commit(reverted.parents[0] as string).tree;
    if (ran.status === 0) history.adoptMade(work, before, () => [parent], by.kind, true);
    else await history.git(work, ['revert', '--abort'], HUMAN, { mayFail: true });
    settle(history, work, before);
  },

  async merge(history: History, work: WorkTree, random: Random): Promise<void> {
    const branch = otherBranch(history, work, random);
    if (branch === null) return;
    await tidy(history, work, random);
    const by = runner(history, random);
    const before = history.head(work);
    const theirs = history.commit(history.playground.ask(work.dir, ['rev-parse', branch]).trim()).tree;
    const ff = random.chance(0.3) ? [] : ['--no-ff'];
    const ran = await history.git(work, ['merge', '-q', ...ff, '-m', history.subject(), branch], by, { mayFail: true });
    if (ran.status === 0) history.adoptMade(work, before, () => [theirs], by.kind);
    else if (!(await resolve(history, work, random, theirs, ['commit', '-q', '--no-edit'])))
      await history.git(work, ['merge', '--abort'], HUMAN, { mayFail: true });
    settle(history, work, before);
  },

  async squashMerge(history: History, work: WorkTree, random: Random): Promise<void> {
    const branch = otherBranch(history, work, random);
    if (branch === null) return;
    await tidy(history, work, random);
    const theirs = history.commit(history.playground.ask(work.dir, ['rev-parse', branch]).trim()).tree;
    const by = runner(history, random);
    const ran = await history.git(work, ['merge', '-q', '--squash', branch], by, { mayFail: true });
    if (ran.status !== 0) {
      await history.git(work, ['reset', '-q', '--hard'], HUMAN);
      settle(history, work, history.head(work));
      return;
    }
    history.readBack(work, [work.tree, theirs], by.kind);
    await commitAll(history, work, random.chance(0.7) ? HUMAN : history.agent(random));
  },
} as const;

/** Most of these steps want a work tree without changes: they are committed first. */
export async function tidy(history: History, work: WorkTree, random: Random): Promise<void> {
  await commitAll(history, work, runner(history, random));
}

export function otherBranch(history: History, work: WorkTree, random: Random): string | null {
  const current = history.playground.ask(work.dir, ['branch', '--show-current']).trim();
  const others = history.branches(work).filter((name) => name !== current);
  return others.length === 0 ? null : random.pick(others);
}

function foreignCommit(history: History, work: WorkTree, random: Random): string | null {
  const foreign = history.shas(work, ['--branches', '--no-merges', '--not', 'HEAD']);
  return foreign.length === 0 ? null : random.pick(foreign);
}

/** After a command that git may have refused: the work tree is what HEAD says, or what it was. */
function settle(history: History, work: WorkTree, before: string): void {
  if (history.head(work) !== before) history.standAtHead(work);
}

async function rebase(
  history: History,
  work: WorkTree,
  by: Runner,
  upstream: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  stopped?: () => Promise<GitRun>,
): Promise<void> {
  const before = history.head(work);
  const old = history.shas(work, [`${upstream}..HEAD`]).map((sha) => history.commit(sha));
  const adopt = (): void => {
    const newest = [...old].reverse();
    history.adoptMade(
      work,
      upstream,
      (subject) => [...newest.filter((commit) => commit.subject === subject), ...newest].map(({ tree }) => tree),
      by.kind,
    );
  };
  let ran = await history.git(work, args, by, { mayFail: true, env });
  const isOpen = (): boolean =>
    history.playground.git(work.dir, ['rev-parse', '--verify', '-q', 'REBASE_HEAD'], { mayFail: true }).status === 0;
  if (ran.status === 0 && stopped !== undefined && isOpen()) {
    adopt();
    history.standAtHead(work);
    ran = await stopped();
  }
  if (ran.status === 0) adopt();
  else await history.git(work, ['rebase', '--abort'], HUMAN, { mayFail: true });
  if (history.head(work) === before) work.tree = history.commit(before).tree;
  else settle(history, work, before);
}

/** What people do where an interactive rebase stops to edit: change the commit, and let it go on. */
async function amendAndGoOn(history: History, work: WorkTree, random: Random): Promise<GitRun> {
  const path = random.pick([...work.tree.files.keys()]);
  const by: Runner = random.chance(0.5) ? history.agent(random) : HUMAN;
  const { lines, moved } = changeFile(linesOf(work.tree, path), by.kind, random, history.maker);
  if (lines.length > 0 && textOf(lines) !== textOf(linesOf(work.tree, path))) {
    const plan = { changes: new Map([[path, lines]]), moved };
    if (by.kind === 'agent') await byAgent(history, work, by, plan, random);
    else byHuman(history, work, plan);
    await history.git(work, ['add', '-A'], HUMAN);
    await history.git(work, ['commit', '-q', '--amend', '--allow-empty', '--no-edit'], HUMAN);
    history.adopt(work, work.tree, 'human');
  }
  return history.git(work, ['rebase', '--continue'], HUMAN, { mayFail: true });
}

/** Takes both sides of every conflict, and sometimes a line of one's own. @returns whether it went on */
async function resolve(
  history: History,
  work: WorkTree,
  random: Random,
  theirs: Tree,
  goOn: readonly string[],
): Promise<boolean> {
  if (random.chance(0.3)) return false;
  const conflicted = history.playground.ask(work.dir, ['diff', '--name-only', '--diff-filter=U']).split('\n').filter(Boolean);
  const files = history.playground.read(work.dir);
  // Where one side deleted the file there is nothing to lay together.
  if (conflicted.length === 0 || conflicted.some((path) => !/^<{7} /m.test(files.get(path) ?? ''))) return false;
  const ours = work.tree;
  const marker = /^(?:<{7} .*|={7}|>{7} .*)$/;
  history.readBack(work, [ours, theirs], 'human', (text) => {
    if (!marker.test(text) && /[a-z]{3}/.test(text)) throw new Error(`the model lost a line in a conflict: ${text}`);
    return history.maker.line(text, 'human');
  });
  const by: Runner = random.chance(0.5) ? history.agent(random) : HUMAN;
  for (const path of conflicted) {
    const kept = linesOf(work.tree, path).filter(({ text }) => !marker.test(text));
    const own = random.chance(0.4) ? [history.maker.line(history.maker.distinctive(random), by.kind)] : [];
    const plan = { changes: new Map([[path, [...kept, ...own]]]), moved: new Set<number>() };
    if (splitText(files.get(path) ?? '').length === kept.length + own.length) continue;
    if (by.kind === 'agent') await byAgent(history, work, by, plan, random);
    else byHuman(history, work, plan);
  }
  await history.git(work, ['add', '-A'], HUMAN);
  const ran = await history.git(work, goOn, HUMAN, { mayFail: true, env: { GIT_EDITOR: 'true' } });
  if (ran.status !== 0) return false;
  history.adopt(work, work.tree, by.kind);
  return true;
}
