import { type History, HUMAN, type WorkTree } from './history.ts';
import type { Runner } from './playground.ts';
import type { Random } from './random.ts';
import { idsOf, joinTouches, type Line, linesOf, type Tree, textOf } from './tree.ts';

/** A person mostly; else an agent in its Bash tool. */
export const runner = (history: History, random: Random): Runner => (random.chance(0.25) ? history.agent(random) : HUMAN);

/** Steps that commit what the work tree holds. */
export const COMMIT_STEPS = {
  async commitAll(history: History, work: WorkTree, random: Random): Promise<void> {
    await commitAll(history, work, runner(history, random));
  },

  async commitPaths(history: History, work: WorkTree, random: Random): Promise<void> {
    const dirty = history.dirtyPaths(work);
    const chosen = dirty.filter(() => random.chance(0.5));
    if (chosen.length === 0) return;
    const head = history.headTree(work);
    const files = new Map(head.files);
    for (const path of chosen) {
      const lines = work.tree.files.get(path);
      if (lines === undefined) files.delete(path);
      else files.set(path, lines);
    }
    const by = runner(history, random);
    await history.git(work, ['reset', '-q'], HUMAN);
    await history.git(work, ['add', '-A', '--', ...chosen], HUMAN);
    await history.git(work, ['commit', '-q', '-m', history.subject()], by);
    history.adopt(work, between(head, work.tree, files), by.kind);
  },

  /** `git add -p`: some hunks of a file. */
  async commitHunks(history: History, work: WorkTree, random: Random): Promise<void> {
    const head = history.headTree(work);
    const possible = history.dirtyPaths(work).filter((path) => head.files.has(path) && work.tree.files.has(path));
    if (possible.length === 0) return;
    const path = random.pick(possible);
    const mixed = someHunks(linesOf(head, path), linesOf(work.tree, path), random);
    if (mixed === null || textOf(mixed) === textOf(linesOf(head, path))) return;
    const by = runner(history, random);
    await history.git(work, ['reset', '-q'], HUMAN);
    const { playground } = history;
    const blob = playground.git(work.dir, ['hash-object', '-w', '--stdin'], { input: textOf(mixed) }).stdout.trim();
    playground.git(work.dir, ['update-index', '--cacheinfo', `100644,${blob},${path}`]);
    if (work.name === 'repo') history.told.push({ op: 'stage_content', file: path, content: textOf(mixed) });
    else {
      const command = `blob=$(git hash-object -w --stdin <<'END_OF_FILE'\n${textOf(mixed)}END_OF_FILE\n) && git update-index --cacheinfo 100644,$blob,${path}`;
      history.told.push({ op: 'sh', cmd: command, ...history.toldPlace(work) });
    }
    await history.git(work, ['commit', '-q', '-m', history.subject()], by);
    history.adopt(work, between(head, work.tree, new Map(head.files).set(path, mixed)), by.kind);
  },

  async amend(history: History, work: WorkTree, random: Random): Promise<void> {
    const head = history.commit(history.head(work));
    if (head.sha === history.baseSha || head.parents.length !== 1) return;
    const by = runner(history, random);
    const withChanges = random.chance(0.6);
    await history.git(work, withChanges ? ['add', '-A'] : ['reset', '-q'], HUMAN);
    const message = random.chance(0.5) ? ['--no-edit'] : ['-m', history.subject()];
    // What is taken back entirely leaves nothing to commit.
    const ran = await history.git(work, ['commit', '-q', '--amend', '--allow-empty', ...message], by, { mayFail: true });
    if (ran.status === 0) history.adopt(work, withChanges ? work.tree : head.tree, by.kind);
  },
} as const;

export async function commitAll(
  history: History,
  work: WorkTree,
  by: Runner,
  args: readonly string[] = [],
): Promise<string | null> {
  if (history.isClean(work)) return null;
  await history.git(work, ['add', '-A'], HUMAN);
  const message = args.length > 0 ? args : ['-m', history.subject()];
  await history.git(work, ['commit', '-q', ...message], by);
  return history.adopt(work, work.tree, by.kind);
}

/** A tree that has some of the work tree's files and the commit's others. */
function between(head: Tree, work: Tree, files: Tree['files']): Tree {
  const present = idsOf({ ...head, files });
  const gone = new Map([...head.gone, ...work.gone].filter(([id]) => !present.has(id)));
  return { files, gone, touches: joinTouches([head, work]) };
}

function someHunks(head: readonly Line[], work: readonly Line[], random: Random): readonly Line[] | null {
  const places = new Map(work.map((line, at) => [line.id, at]));
  const anchors = head.flatMap((line, at) => {
    const there = places.get(line.id);
    return there !== undefined && work[there]?.text === line.text ? [[at, there] as const] : [];
  });
  for (let i = 1; i < anchors.length; i++) if (anchors[i]![1] < anchors[i - 1]![1]) return null;
  const mixed: Line[] = [];
  let [i, j] = [0, 0];
  for (const [a, b] of [...anchors, [head.length, work.length] as const]) {
    if (a > i || b > j) mixed.push(...(random.chance(0.5) ? head.slice(i, a) : work.slice(j, b)));
    if (a < head.length) mixed.push(head[a] as Line);
    [i, j] = [a + 1, b + 1];
  }
  // A line that only half of its move reached would stand here twice.
  return new Set(mixed.map(({ id }) => id)).size === mixed.length && mixed.length > 0 ? mixed : null;
}
