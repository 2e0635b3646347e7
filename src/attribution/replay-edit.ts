import type { ToldEdit, ToldHunk } from './authorship-event.ts';
import type { LineHistory, Origin } from './line-history.ts';
import type { LineState } from './line-states.ts';
import { allOf, type Offered } from './offered-states.ts';
import type { RepositoryReader } from './repository-reader.ts';

/** Files of a work tree that are looked at for one that was moved. */
const RECENT_FILES = 200;

export interface EditedStates {
  readonly before: LineState | null;
  readonly after: LineState;
  /** authors.id of the edit. */
  readonly author: number;
}

/**
 * What an agent's call did to a file: what was there before it is somebody else's, what is new is the call's.
 *
 * @param offers contents of which git made commits within that call
 */
export function replayEdit(
  history: LineHistory,
  reader: RepositoryReader,
  edit: ToldEdit,
  offers: Offered,
  atMs: number,
): EditedStates | null {
  const { states } = history;
  const { worktree, path } = edit;
  const offered = allOf(offers);
  const from = edit.previousPath ?? path;
  const current = states.current(worktree, from);
  const committed = committedIn(history, reader, edit, from, atMs);
  const origin: Origin = { current, committed, offered: [], previousPaths: [] };
  const before = stateBefore(history, edit, from, origin, atMs);
  const after = contentAfter(history, edit, before);
  if (after === null) return null;
  const author = states.authorOfEdit(edit.modification, edit.agent);
  const renamed = edit.previousPath === null || typeof after !== 'number' ? null : states.exact(from, after);
  if (renamed !== null) {
    const state = history.sameElsewhere(path, renamed, atMs);
    states.setCurrent(worktree, path, state, atMs);
    states.setCurrent(worktree, from, history.emptyState(from, atMs), atMs);
    return { before: renamed, after: state, author };
  }
  const state =
    after === 'absent' ? history.emptyState(path, atMs) : history.resolveEdit(path, after, before, offered, author, atMs);
  // What git took over as it was came about where it was made first.
  if (!offers.anew.some(({ id }) => id === state.id)) {
    if (before !== null) history.changed(before, state, author, offered.length === 0, atMs);
    for (const from of offered) states.addOrigin(state, { from, author, isTold: false }, atMs);
  }
  states.setCurrent(worktree, path, state, atMs);
  if (from !== path) states.setCurrent(worktree, from, history.emptyState(from, atMs), atMs);
  return { before, after: state, author };
}

/** What the file is in the commit that was checked out; asked of git only where nothing nearer is known. */
function committedIn(
  history: LineHistory,
  reader: RepositoryReader,
  { head, worktree, before }: ToldEdit,
  path: string,
  atMs: number,
): LineState | null {
  if (typeof before === 'number' && history.states.exact(path, before) !== null) return null;
  if (before === 'absent' || head === null) return null;
  const name = `${head}:${path}`;
  const content = history.contentsOf([name], reader, atMs).get(name) ?? null;
  if (content === null) return null;
  const current = history.states.current(worktree, path);
  return history.committedState(path, content, { current, committed: null, offered: [], previousPaths: [] }, atMs);
}

function stateBefore(
  history: LineHistory,
  { before: told, worktree }: ToldEdit,
  path: string,
  origin: Origin,
  atMs: number,
): LineState | null {
  if (told === 'unknown') return origin.current?.state ?? origin.committed;
  if (told === 'absent') {
    if (origin.current === null || origin.current.state.lines.length === 0) return null;
    return history.foundState(path, history.emptyState(path, atMs).content, origin, atMs);
  }
  // A file that a person moved is known by its content.
  if (origin.current === null && origin.committed === null && history.states.exact(path, told) === null) {
    const elsewhere = history.states.anywhere(told);
    if (elsewhere !== null && elsewhere.lines.length > 0) return history.sameElsewhere(path, elsewhere, atMs);
    const moved = history.mostAlike(told, history.states.lately(worktree, RECENT_FILES));
    if (moved !== null) return history.foundState(path, told, { ...origin, current: moved }, atMs);
  }
  return history.foundState(path, told, origin, atMs);
}

/** Null where the tool did not tell, and nothing is known that its hunks could be laid over. */
function contentAfter(history: LineHistory, edit: ToldEdit, before: LineState | null): number | 'absent' | null {
  if (edit.after !== 'unknown') return edit.after;
  if (edit.hunks === null) return null;
  const texts = layOver(before === null ? new Int32Array(0) : history.states.textsOf(before.lines), edit.hunks);
  return texts === null ? null : history.texts.contentOf(texts);
}

/** A patch over lines; a hunk may lie elsewhere than it says. Null where one fits nowhere. */
export function layOver(texts: Int32Array, hunks: readonly ToldHunk[]): Int32Array | null {
  const made: number[] = [];
  let at = 0;
  let shift = 0;
  for (const { oldStart, lines } of hunks) {
    const old = lines.filter(([side]) => side !== '+').map(([, text]) => text);
    const place = placeOf(texts, old, at, Math.max(oldStart - 1, 0) + shift);
    if (place < 0) return null;
    shift = place - Math.max(oldStart - 1, 0);
    for (let n = at; n < place; n++) made.push(texts[n] as number);
    for (const [side, text] of lines) if (side !== '-') made.push(text);
    at = place + old.length;
  }
  for (let n = at; n < texts.length; n++) made.push(texts[n] as number);
  return Int32Array.from(made);
}

function placeOf(texts: Int32Array, old: readonly number[], from: number, likely: number): number {
  const last = texts.length - old.length;
  const fits = (place: number): boolean => old.every((text, n) => texts[place + n] === text);
  for (let away = 0; away <= texts.length; away++) {
    for (const place of [likely - away, likely + away]) if (place >= from && place <= last && fits(place)) return place;
  }
  return -1;
}
