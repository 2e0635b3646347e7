import { anchorsOf, changeOf, countFile, type FileChange } from './commit-lines.ts';
import { addedPlaces, removedPlaces } from './count-lines.ts';
import type { LineHistory, Origin } from './line-history.ts';
import { HUMAN, type LineState, type WorkState } from './line-states.ts';
import { isBinary } from './line-text.ts';
import { moveBetweenFiles } from './moved-lines.ts';
import { allOf, type Offered } from './offered-states.ts';
import { replayEdit } from './replay-edit.ts';
import type { ChangedFile, CommitFacts, RepositoryReader } from './repository-reader.ts';
import type { ToldCommit } from './told-commit.ts';

export interface CommitTelling {
  readonly facts: CommitFacts;
  /** Work tree that it was made in; null where nobody saw it made. */
  readonly worktree: string | null;
  /** The agent's command that made it, where it did. */
  readonly within: RunningCall | null;
  /** Contents of a file that git may have made this one of. */
  readonly offered: (path: string, previousPath: string | null) => Offered;
  /** The commit that it was made of anew, and what is known of its removed lines. */
  readonly removers: (path: string) => ReadonlyMap<number, boolean[]>;
  readonly atMs: number;
}

/** An agent's command around a commit, which may have changed files and taken the change back. */
export interface RunningCall {
  /** What the work tree was before it, a tree of git's. */
  readonly tree: string;
  readonly agent: string | null;
  /** file_modifications.id of what it did to that file; null: that was told. */
  readonly modificationOf: (path: string) => string | null;
}

/** Whose the lines of a commit are. Null where git cannot tell of it any more. */
export function replayCommit(history: LineHistory, reader: RepositoryReader, telling: CommitTelling): ToldCommit | null {
  const { facts, worktree, atMs } = telling;
  const [parent = null, ...others] = facts.parents;
  const changes = reader.changes(parent, facts.sha)?.filter(({ isFile }) => isFile) ?? null;
  if (changes === null) return null;
  const oids = changes.flatMap(({ blobBefore, blobAfter }) => [blobBefore, blobAfter]).filter((oid) => oid !== null);
  const places = new MergedPlaces(reader, facts.sha, others);
  const contents = history.contentsOf([...oids, ...places.blobs()], reader, atMs);
  const hunks = reader.hunks(parent, facts.sha);
  const files: { readonly change: FileChange; readonly blobAfter: string | null }[] = [];
  const states: { path: string; state: LineState }[] = [];
  const gone = changes.flatMap(({ path, blobAfter }) => {
    return blobAfter === null && worktree !== null ? (history.states.current(worktree, path) ?? []) : [];
  });
  for (const file of changes) {
    const { path, previousPath, blobBefore, blobAfter } = file;
    const own = hunks.get(path);
    const before = blobBefore === null ? null : contents.get(blobBefore);
    const after = blobAfter === null ? null : contents.get(blobAfter);
    if (before === undefined || after === undefined) continue;
    // Binary on one side.
    if ((before === null) !== (blobBefore === null) || (after === null) !== (blobAfter === null)) continue;
    if (telling.within !== null && after !== null) withinCall(history, reader, telling.within, telling, path, after);
    const { old, fresh } = statesOf(history, telling, file, gone, before, after);
    if (fresh !== null) states.push({ path, state: fresh });
    if (worktree !== null) keepCurrent(history, worktree, file, old, fresh, atMs);
    const change = changeOf(path, previousPath, old, fresh, own ?? []);
    files.push({ change: places.within(change, history, contents), blobAfter });
  }
  if (worktree !== null) {
    const changes = files.flatMap(({ change: { before, after } }) => ({ before, after }));
    moveBetweenFiles(history, changes, (line) => history.states.isNew(line, HUMAN, atMs));
  }
  const counted = files.map(({ change }) => countFile(history, change, worktree !== null, telling.removers(change.path)));
  const wanted = files.flatMap(({ blobAfter, change }) => (blobAfter === null || change.added.length === 0 ? [] : [blobAfter]));
  const read = reader.blobs(wanted);
  const texts = new Map(wanted.map((oid, i) => [oid, read[i] ?? null]));
  return {
    states,
    removed: counted.map(({ file, removedByAgents, removedByOthers }) => ({
      path: file.path,
      byAgents: removedByAgents,
      byOthers: removedByOthers,
    })),
    files: counted.map(({ file }, i) => {
      const { blobAfter = null, change } = files[i] ?? {};
      const bytes = blobAfter === null ? null : (texts.get(blobAfter) ?? null);
      const added = change?.added ?? [];
      const anchors = bytes === null || isBinary(bytes) ? [] : anchorsOf(bytes.toString('utf8'), added, file.ranges);
      return { ...file, anchors };
    }),
  };
}

/** What a command wrote and committed, and had taken out of the work tree again when it ended: `git switch` at its end. */
function withinCall(
  history: LineHistory,
  reader: RepositoryReader,
  { tree, agent, modificationOf }: RunningCall,
  { worktree, facts, offered: offeredTo, atMs }: CommitTelling,
  path: string,
  after: number,
): void {
  const modification = modificationOf(path);
  if (modification === null || worktree === null || history.states.exact(path, after) !== null) return;
  const name = `${tree}:${path}`;
  const before = history.contentsOf([name], reader, atMs).get(name) ?? 'absent';
  const head = facts.parents[0] ?? null;
  const told = {
    kind: 'edit',
    worktree,
    path,
    previousPath: null,
    before,
    after,
    hunks: null,
    modification,
    call: modification,
    agent,
    head,
  } as const;
  replayEdit(history, reader, told, offeredTo(path, null), atMs);
}

function statesOf(
  history: LineHistory,
  { worktree, offered: offeredTo, facts, atMs }: CommitTelling,
  { path, previousPath }: ChangedFile,
  gone: readonly WorkState[],
  before: number | null,
  after: number | null,
): { readonly old: LineState | null; readonly fresh: LineState | null } {
  const { states } = history;
  const from = previousPath ?? path;
  const known = worktree === null ? null : (states.current(worktree, path) ?? states.current(worktree, from));
  const isUnknown = known === null && before === null && after !== null;
  const current = isUnknown ? history.mostAlike(after, gone) : known;
  const offers = offeredTo(path, previousPath);
  const offered = allOf(offers);
  const origin: Origin = { current, committed: null, offered, previousPaths: from === path ? [] : [from] };
  if (worktree === null && before !== null) knownElsewhere(history, from, before, atMs);
  const renamed = from === path ? [] : [path];
  const old = before === null ? null : history.committedState(from, before, { ...origin, previousPaths: renamed }, atMs);
  if (after === null) {
    // Whoever took the file away told so; else it was a person, now.
    if (old !== null && worktree !== null)
      history.foundState(path, history.emptyState(path, atMs).content, { ...origin, committed: old }, atMs);
    return { old, fresh: null };
  }
  // A renamed file that is what it was.
  if (from !== path && after === before && old !== null) {
    return { old, fresh: states.exact(path, after) ?? history.sameElsewhere(path, old, atMs) };
  }
  const whole: Origin = { ...origin, committed: old };
  if (worktree === null) {
    knownElsewhere(history, path, after, atMs);
    return { old, fresh: history.committedState(path, after, whole, atMs) };
  }
  const fresh =
    facts.parents.length > 1
      ? mergedState(history, path, after, whole, atMs)
      : committedNow(history, path, after, whole, offers.anew, atMs);
  return { old, fresh };
}

/** In a history that was made anew a file may stand elsewhere. */
function knownElsewhere(history: LineHistory, path: string, content: number, atMs: number): void {
  if (history.states.exact(path, content) !== null) return;
  const elsewhere = history.states.anywhere(content);
  if (elsewhere !== null && elsewhere.lines.length > 0) history.sameElsewhere(path, elsewhere, atMs);
}

/** A clean merge takes lines from its parents; what is in none of them is a person's. */
const mergedState = (history: LineHistory, path: string, content: number, origin: Origin, atMs: number): LineState =>
  history.states.exact(path, content) ?? history.foundState(path, content, origin, atMs);

function committedNow(
  history: LineHistory,
  path: string,
  content: number,
  origin: Origin,
  anew: readonly LineState[],
  atMs: number,
): LineState {
  const { states } = history;
  const { current } = origin;
  // What the tree's content already says of taken and returned lines stands; only what it does not is a person's doing, now.
  const isCurrent = current !== null && current.state.content === content && current.state.path === path;
  const exact = isCurrent ? current.state : states.exact(path, content);
  const state = exact ?? history.resolve(path, content, origin, HUMAN, atMs);
  // What git took over as it was came about where it was made first.
  const isTakenOver = anew.some(({ id }) => id === state.id);
  if (!isCurrent && !isTakenOver) history.foundFrom(origin, state, atMs);
  return state;
}

/** Whether the work tree's content has more than was committed: lines that the commit lacks, or lacks lines that it kept. */
function isPart(tree: LineState, old: LineState | null, fresh: LineState): boolean {
  const committed = new Set(fresh.lines);
  const before = new Set(old?.lines);
  if (tree.lines.some((line) => !committed.has(line) && !before.has(line))) return true;
  const there = new Set(tree.lines);
  return (old?.lines ?? new Int32Array(0)).some((line) => !there.has(line) && committed.has(line));
}

/** A commit of a part leaves in the work tree what was told of it. */
function keepCurrent(
  history: LineHistory,
  worktree: string,
  { path, previousPath }: ChangedFile,
  old: LineState | null,
  fresh: LineState | null,
  atMs: number,
): void {
  const { states } = history;
  const from = previousPath ?? path;
  const current = states.current(worktree, path) ?? states.current(worktree, from);
  const state = fresh ?? history.emptyState(path, atMs);
  if (from !== path) states.setCurrent(worktree, from, history.emptyState(from, atMs), atMs, true);
  const stays = current !== null && isPart(current.state, old, state);
  if (!stays) states.setCurrent(worktree, path, state, atMs, true);
  else if (current.state.path !== path) states.setCurrent(worktree, path, current.state, atMs);
}

/** Of a merge: places that every parent's diff calls added, and removed lines that every parent had. */
class MergedPlaces {
  readonly #parents: readonly {
    readonly hunks: ReturnType<RepositoryReader['hunks']>;
    readonly changes: readonly ChangedFile[];
  }[];

  constructor(reader: RepositoryReader, sha: string, others: readonly string[]) {
    this.#parents = others.map((parent) => ({ hunks: reader.hunks(parent, sha), changes: reader.changes(parent, sha) ?? [] }));
  }

  blobs(): string[] {
    return this.#parents.flatMap(({ changes }) =>
      changes.flatMap(({ blobBefore, isFile }) => (isFile ? (blobBefore ?? []) : [])),
    );
  }

  within(change: FileChange, history: LineHistory, contents: ReadonlyMap<string, number | null>): FileChange {
    let { added, removed } = change;
    for (const { hunks, changes } of this.#parents) {
      const ofFile = hunks.get(change.path);
      // The same as that parent's, or binary.
      if (ofFile == null) return { ...change, added: [], removed: [] };
      const fresh = new Set(addedPlaces(ofFile));
      added = added.filter((place) => fresh.has(place));
      const blob = changes.find(({ path }) => path === change.path)?.blobBefore ?? null;
      const content = blob === null ? null : (contents.get(blob) ?? null);
      const texts = content === null ? new Int32Array(0) : history.texts.textsOfContent(content);
      const gone = new Map<number, number>();
      for (const place of removedPlaces(ofFile)) gone.set(texts[place] as number, (gone.get(texts[place] as number) ?? 0) + 1);
      removed = removed.filter((place) => {
        const text = history.states.line(change.before?.lines[place] as number).text;
        const left = gone.get(text) ?? 0;
        gone.set(text, left - 1);
        return left > 0;
      });
    }
    return { ...change, added, removed };
  }
}
