import { type AgentCall, agentCall, commandOf, toolFor } from './agent-call.ts';
import { changeFile, range } from './changes.ts';
import { type History, HUMAN, type WorkTree } from './history.ts';
import type { Runner } from './playground.ts';
import type { Random } from './random.ts';
import { changed, type Kind, type Line, linesOf, textOf } from './tree.ts';

type Changes = Map<string, readonly Line[] | null>;
interface Plan {
  readonly changes: Changes;
  readonly moved: ReadonlySet<number>;
}

/** Steps that change files without git. A step that does not go does nothing, so that any step may be left out of a history. */
export const EDIT_STEPS = {
  async agentEdit(history: History, work: WorkTree, random: Random): Promise<void> {
    const by = history.agent(random);
    await byAgent(history, work, by, planEdit(history, work, random, 'agent'), random);
  },

  async humanEdit(history: History, work: WorkTree, random: Random): Promise<void> {
    byHuman(history, work, planEdit(history, work, random, 'human'));
  },

  async create(history: History, work: WorkTree, random: Random): Promise<void> {
    const by: Runner = random.chance(0.6) ? history.agent(random) : HUMAN;
    const path = `src/new${random.int(1, 6)}.js`;
    if (work.tree.files.has(path)) return;
    const lines = history.maker.block(random, random.int(2, 14), by.kind, []);
    await byEither(history, work, by, { changes: new Map([[path, lines]]), moved: new Set() }, random);
  },

  async deleteFile(history: History, work: WorkTree, random: Random): Promise<void> {
    const path = anyPath(work, random);
    if (path === null || work.tree.files.size < 3) return;
    const by: Runner = random.chance(0.5) ? history.agent(random) : HUMAN;
    await byEither(history, work, by, { changes: new Map([[path, null]]), moved: new Set() }, random);
  },

  async renameFile(history: History, work: WorkTree, random: Random): Promise<void> {
    const path = anyPath(work, random);
    const to = `src/moved${random.int(1, 9)}.js`;
    if (path === null || work.tree.files.has(to)) return;
    const by: Runner = random.chance(0.5) ? history.agent(random) : HUMAN;
    const lines = linesOf(work.tree, path);
    const changes: Changes = new Map([
      [path, null],
      [to, lines],
    ]);
    await byEither(history, work, by, { changes, moved: new Set(lines.map(({ id }) => id)) }, random);
  },

  async moveBetweenFiles(history: History, work: WorkTree, random: Random): Promise<void> {
    const [from, to] = [anyPath(work, random), anyPath(work, random)];
    if (from === null || to === null || from === to) return;
    const lines = linesOf(work.tree, from);
    if (lines.length < 6) return;
    const { at, end } = range(lines, random, 5);
    const block = lines.slice(at, end);
    if (!block.some(({ text }) => /[a-z]{3}/.test(text))) return;
    const target = linesOf(work.tree, to);
    const place = random.int(0, target.length);
    const by: Runner = random.chance(0.5) ? history.agent(random) : HUMAN;
    const changes: Changes = new Map([
      [from, [...lines.slice(0, at), ...lines.slice(end)]],
      [to, [...target.slice(0, place), ...block, ...target.slice(place)]],
    ]);
    await byEither(history, work, by, { changes, moved: new Set(block.map(({ id }) => id)) }, random);
  },

  /** An editor's undo: a file is as it was before, or after, an edit of an agent. */
  async undo(history: History, work: WorkTree, random: Random): Promise<void> {
    const possible = work.past.slice(-6).filter(({ path, lines }) => work.tree.files.has(path) && lines.length > 0);
    if (possible.length === 0) return;
    const { path, lines } = random.pick(possible);
    // A line that stands in another file now was not only undone.
    const elsewhere = new Set([...work.tree.files].flatMap(([at, other]) => (at === path ? [] : other.map(({ id }) => id))));
    if (lines.some(({ id }) => elsewhere.has(id))) return;
    const now = linesOf(work.tree, path);
    if (textOf(now) === textOf(lines)) return;
    const common = new Set(lines.map(({ id }) => id));
    const order = now.filter(({ id }) => common.has(id)).map(({ id }) => id);
    const kept = new Set(order);
    const restored = lines.filter(({ id }) => kept.has(id)).map(({ id }) => id);
    const isMoved = order.some((id, at) => id !== restored[at]);
    byHuman(history, work, { changes: new Map([[path, lines]]), moved: isMoved ? kept : new Set() });
  },

  /** Two agents at once, each in its own file. */
  async parallel(history: History, work: WorkTree, random: Random): Promise<void> {
    const plans = [planEdit(history, work, random, 'agent'), planEdit(history, work, random, 'agent')];
    const paths = plans.map((plan) => [...(plan?.changes.keys() ?? [])][0]);
    if (paths.includes(undefined) || paths[0] === paths[1]) return;
    const calls: AgentCall[] = [];
    for (const plan of plans as Plan[]) {
      const tool = toolFor(plan.changes, work, random);
      const by = { ...history.agent(random), session: `parallel-${calls.length}` };
      calls.push(agentCall(history, work, { by, tool: tool === 'Bash' ? 'Write' : tool, ...plan }));
    }
    history.told.push({ op: 'parallel', calls: calls.map(({ told }) => told) });
    for (const call of calls) await call.pre();
    for (const call of calls) call.apply();
    for (const call of calls) await call.post();
  },
} as const;

function anyPath(work: WorkTree, random: Random): string | null {
  const paths = [...work.tree.files.keys()];
  return paths.length === 0 ? null : random.pick(paths);
}

function planEdit(history: History, work: WorkTree, random: Random, by: Kind): Plan | null {
  const path = anyPath(work, random);
  if (path === null) return null;
  let lines = linesOf(work.tree, path);
  const moved = new Set<number>();
  for (let places = random.pick([1, 1, 1, 2]); places > 0; places--) {
    const change = changeFile(lines, by, random, history.maker);
    lines = change.lines;
    for (const id of change.moved) moved.add(id);
  }
  if (textOf(lines) === textOf(linesOf(work.tree, path))) return null;
  // git does not know an empty file from none; a model that does is of no use.
  return lines.length === 0 ? null : { changes: new Map([[path, lines]]), moved };
}

async function byEither(history: History, work: WorkTree, by: Runner, plan: Plan | null, random: Random): Promise<void> {
  if (by.kind === 'human') byHuman(history, work, plan);
  else await byAgent(history, work, by, plan, random);
}

export async function byAgent(
  history: History,
  work: WorkTree,
  by: Extract<Runner, { kind: 'agent' }>,
  plan: Plan | null,
  random: Random,
): Promise<void> {
  if (plan === null) return;
  const call = agentCall(history, work, { by, tool: toolFor(plan.changes, work, random), ...plan });
  history.told.push(call.told);
  await call.pre();
  call.apply();
  await call.post();
}

export function byHuman(history: History, work: WorkTree, plan: Plan | null): void {
  if (plan === null) return;
  const [only] = [...plan.changes];
  if (plan.changes.size === 1 && only?.[1]) {
    history.told.push({ op: 'human', file: history.toldPath(work, only[0]), content: textOf(only[1]) });
  } else {
    const before = textOf(linesOf(work.tree, only?.[0] ?? ''));
    history.told.push({ op: 'sh', cmd: commandOf(plan.changes, before), ...history.toldPlace(work) });
  }
  for (const [path, lines] of plan.changes) {
    if (lines === null) history.playground.delete(work.dir, path);
    else history.playground.write(work.dir, path, textOf(lines));
  }
  work.tree = changed(work.tree, plan.changes, 'human', plan.moved);
}
