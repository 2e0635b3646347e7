import type { History } from './history.ts';
import { idsOf, type Kind, type Line, linesOf, type Tree } from './tree.ts';

/** `either`: no telling apart; both answers are right. */
export type Answer = Kind | 'either';

export interface TrueLine {
  readonly text: string;
  /** Lines of one hunk that are equal cannot be told apart. */
  readonly hunk: number;
  readonly by: Answer;
}

/** Whose the lines are that a commit added to a file and removed from it, as git's diff counts them. */
export interface TrueFile {
  readonly path: string;
  /** By line number in the committed file. */
  readonly added: ReadonlyMap<number, TrueLine>;
  readonly removed: readonly TrueLine[];
}

export interface TrueCommit {
  readonly sha: string;
  readonly subject: string;
  readonly isMerge: boolean;
  readonly files: readonly TrueFile[];
}

interface Diffed {
  readonly path: string;
  readonly previousPath: string;
  readonly added: { readonly line: number; readonly text: string; readonly hunk: number }[];
  readonly removed: { readonly line: number; readonly text: string; readonly hunk: number }[];
}

/** The truth of every commit that a branch leads to, but for the base. @throws where the model and git's commits differ */
export function truthOf(history: History): TrueCommit[] {
  const { playground } = history;
  const work = history.worktrees[0]!;
  const live = history.shas(work, [
    '--branches',
    ...history.worktrees.map((tree) => history.head(tree)),
    '--not',
    history.baseSha,
  ]);
  return live.map((sha) => {
    const { parents, tree, by, subject } = history.commit(sha);
    const diffs = parents.map((parent) =>
      readDiff(
        playground.ask(work.dir, ['diff', '-U0', '-M', '--no-color', '--no-ext-diff', '--diff-algorithm=myers', parent, sha]),
      ),
    );
    const [first = [], second] = diffs;
    const parent = history.commit(parents[0] as string).tree;
    const files = first.map((file) => trueFile(file, parent, tree, by));
    const isMerge = second !== undefined;
    return { sha, subject, isMerge, files: second === undefined ? files : files.map((file) => inNoParent(file, second)) };
  });
}

/** A merge owns what stands in none of its parents. */
function inNoParent(file: TrueFile, second: readonly Diffed[]): TrueFile {
  const other = new Set(second.find(({ path }) => path === file.path)?.added.map(({ line }) => line));
  return { ...file, added: new Map([...file.added].filter(([line]) => other.has(line))), removed: [] };
}

function trueFile({ path, previousPath, added, removed }: Diffed, parent: Tree, tree: Tree, committer: Kind): TrueFile {
  const now = linesOf(tree, path);
  const was = linesOf(parent, previousPath);
  const at = (lines: readonly Line[], line: number, text: string): Line => {
    const found = lines[line - 1];
    if (found?.text !== text)
      throw new Error(`the model has ${JSON.stringify(found?.text)} in line ${line} of ${path}, git ${JSON.stringify(text)}`);
    return found;
  };
  const before = idsOf(parent);
  const after = idsOf(tree);
  const isKept = (line: Line, there: ReadonlyMap<number, Line>): boolean => there.get(line.id)?.text === line.text;
  const freshTouches = (id: number): Kind[] => {
    const known = new Set((parent.touches.get(id) ?? []).map(({ n }) => n));
    return (tree.touches.get(id) ?? []).filter(({ n }) => !known.has(n)).map(({ by }) => by);
  };

  // git's diff may say that another one of several equal lines is the new one.
  const shownAdded = added.map(({ line, text, hunk }) => ({ hunk, line, text, model: at(now, line, text) }));
  const shownRemoved = removed.map(({ line, text, hunk }) => ({ hunk, line, text, model: at(was, line, text) }));
  const stand = (shown: typeof shownAdded, all: readonly Line[], there: ReadonlyMap<number, Line>): Line[] => {
    const shownIds = new Set(shown.map(({ model }) => model.id));
    const hidden = all.filter((line) => !there.has(line.id) && !shownIds.has(line.id));
    return shown.map(({ model }) => {
      if (!isKept(model, there) || freshTouches(model.id).length > 0) return model;
      const swap = hidden.findIndex(({ text }) => text === model.text);
      return swap < 0 ? model : (hidden.splice(swap, 1)[0] as Line);
    });
  };
  const addedLines = stand(shownAdded, now, before);
  const removedLines = stand(shownRemoved, was, after);
  const movers = new Set(now.flatMap(({ id }) => (before.has(id) ? freshTouches(id) : [])));
  return {
    path,
    added: new Map(shownAdded.map(({ line, text, hunk }, i) => [line, { text, hunk, by: (addedLines[i] as Line).author }])),
    removed: shownRemoved.map(({ text, hunk }, i) => {
      const { id } = removedLines[i] as Line;
      // Where only half of a move was committed, who moved the line took it away.
      if (!after.has(id)) return { text, hunk, by: tree.gone.get(id) ?? freshTouches(id).at(-1) ?? committer };
      const by = new Set(freshTouches(id));
      const blamed = by.size > 0 ? by : movers;
      return { text, hunk, by: blamed.size === 1 ? ([...blamed][0] as Kind) : 'either' };
    }),
  };
}

function readDiff(text: string): Diffed[] {
  const files: Diffed[] = [];
  let [oldLine, newLine, hunk, inHunk] = [0, 0, 0, false];
  let names: { from: string; to: string } = { from: '', to: '' };
  for (const row of text.split('\n')) {
    const head = /^diff --git a\/(.*) b\/(.*)$/.exec(row);
    if (head !== null) {
      names = { from: head[1] as string, to: head[2] as string };
      files.push({ path: names.to, previousPath: names.from, added: [], removed: [] });
      inHunk = false;
      continue;
    }
    const begin = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(row);
    if (begin !== null) {
      [oldLine, newLine, inHunk] = [Number(begin[1]), Number(begin[2]), true];
      hunk++;
      continue;
    }
    const file = files.at(-1);
    if (file === undefined || !inHunk) continue;
    if (row.startsWith('+')) file.added.push({ line: newLine++, text: row.slice(1), hunk });
    else if (row.startsWith('-')) file.removed.push({ line: oldLine++, text: row.slice(1), hunk });
  }
  return files;
}
