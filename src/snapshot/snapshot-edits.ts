import { createHash } from 'node:crypto';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { forgetOldFilters, noteBrokenFilter } from '../git/broken-filters.ts';
import { noteForcedFiles } from '../git/forced-files.ts';
import { type GitFolders, gitFolders } from '../git/git-folders.ts';
import { prepareSnapshots } from '../git/prepare-snapshots.ts';
import { dropState, type SnapshotStore, snapshotStore } from '../git/snapshot-store.ts';
import { SnapshotTrees } from '../git/snapshot-tree.ts';
import { type SnapshotAges, tendSnapshots } from '../git/tend-snapshots.ts';
import type { BatchEvent, FileEdit, HookEvent, SessionEvent, ToolEvent } from '../hook/hook-event.ts';
import { findMark, markFolders, removeMarks, type StateMark, type Stretch, writeMark } from './call-marks.ts';
import { callName, markEnded, markStateless } from './ended-calls.ts';
import type { FoundEdit } from './found-edit.ts';
import { foundEdits } from './found-edits.ts';
import { MAX_HOOK_MS, stretchOf } from './hook-stretch.ts';
import { ownSteps } from './own-steps.ts';
import { pathHistories } from './path-history.ts';
import { type Surroundings, surroundings } from './surroundings.ts';
import { TreeDiffs } from './tree-diffs.ts';
import { hasUndrainedStates } from './undrained-states.ts';

/** What the states before and after a command show. */
export interface FoundChanges {
  readonly edits: readonly FoundEdit[];
  /** Epoch milliseconds at which the command began, and was done. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The commit that was checked out before it, and what the work tree was, a tree of git's. */
  readonly head: string | null;
  readonly tree: string | null;
}

const TEND_EACH_MS = 3_600_000;

/** How well the spool is known: all that was in it was seen before, or more of it may come. */
export type Look = 'first' | 'last';

export interface Completion {
  /** The event; behind it the event of the call's end once more, where that came first and is complete only now. */
  readonly events: ToolEvent[];
  /** What the command changed hangs on calls beside it that have no end yet: the event is to be shown again, and is told bare until then. */
  readonly isWaiting: boolean;
}

type Decision = 'unknown' | 'waiting' | readonly FoundEdit[];

const bare = (event: ToolEvent): Completion => ({ events: [event], isWaiting: false });

/**
 * Completes events of commands with the files that they changed, as the states of the work tree before and after them tell: hours
 * later, in any order, and by several drains at once. Nothing is lost by it: where states are missing, the event stays as it is.
 */
export class SnapshotEdits {
  readonly #trees = new SnapshotTrees();
  /** Work trees that events came from, by their top folder. */
  readonly #seen = new Map<string, GitFolders>();
  /** For a person. */
  readonly #said = new Set<string>();
  readonly #diffs = new Map<string, TreeDiffs>();

  /**
   * @param snapshot the state that the hook kept, a path
   * @param hookMs when the hook ran, where it is known
   */
  complete(
    event: ToolEvent,
    snapshot: string | null,
    hookMs: Stretch | null = null,
    look: Look = 'last',
    nowMs: number = Date.now(),
  ): Completion {
    try {
      const place = this.#placeOf(event);
      if (place === null) return bare(event);
      const { folders, store } = place;
      const call = callName(event.sessionId, event.toolUseId);
      if (snapshot === null) {
        markStateless(call, event, folders, store);
        return bare(event);
      }
      const isEnd = event.phase !== 'started';
      this.#keepState(isEnd ? 'after' : 'before', call, event, { snapshot, hookMs }, folders, store);
      const end = isEnd ? event : (findMark(store.marks, 'after', call)?.event ?? null);
      if (end === null) return bare(event);
      const edits = this.#editsOf(call, end.timeMs, folders, store, look, nowMs);
      if (edits === 'unknown') return bare(event);
      if (edits === 'waiting') return { events: [event], isWaiting: true };
      const complete = withEdits(end, edits, folders);
      return { events: isEnd ? [complete] : [event, complete], isWaiting: false };
    } catch {
      // The store cannot be written, or was removed meanwhile.
      return bare(event);
    }
  }

  /** What a call was found to have changed, when it began and on which commit; null: nothing is known (yet). */
  found(event: ToolEvent): FoundChanges | null {
    const top = event.place.git?.top;
    const folders = top === undefined ? null : gitFolders(top);
    if (folders === null) return null;
    const { marks } = snapshotStore(folders);
    const call = `${event.sessionId}:${event.toolUseId}`;
    try {
      const mark = findMark(marks, 'found', call);
      if (mark === null) return null;
      const before = findMark(marks, 'before', call);
      const fromMs = before?.timeMs ?? event.timeMs - (event.durationMs ?? 0);
      return { edits: mark.edits, fromMs, toMs: event.timeMs, head: before?.head ?? null, tree: before?.tree ?? null };
    } catch {
      return null;
    }
  }

  /** What ends with a turn or a session is waited for no longer. */
  end(event: BatchEvent | SessionEvent): void {
    try {
      const place = this.#placeOf(event);
      if (place !== null) markEnded(event, place.store);
    } catch {
      // As above: they are waited for until they are old.
    }
  }

  #placeOf({ place }: HookEvent): { readonly folders: GitFolders; readonly store: SnapshotStore } | null {
    const top = place.git?.top;
    const folders = top === undefined ? null : gitFolders(top);
    if (folders === null) return null;
    const store = snapshotStore(folders);
    if (!existsSync(store.folder)) return null;
    this.#seen.set(folders.top, folders);
    return { folders, store };
  }

  /**
   * Deletes what is too old in the stores of the work trees that were seen, at most once an hour.
   *
   * @param isPatient whether this process may take a minute, to get a work tree ready where keeping states took too long
   * @returns what became of those, for a person
   */
  tend(ages: SnapshotAges, isPatient: boolean, nowMs: number = Date.now()): string[] {
    const said = [...this.#said];
    this.#said.clear();
    for (const folders of this.#seen.values()) {
      try {
        noteForcedFiles(folders);
        tendStore(folders, ages, nowMs);
        const prepared = isPatient ? prepareSnapshots(folders, nowMs) : null;
        if (prepared?.status === 'too slow') said.push(prepared.message);
        if (prepared?.status === 'prepared' && prepared.leftOut.length > 0) {
          said.push(`too large for the states of ${folders.top}: ${prepared.leftOut.join(', ')}`);
        }
      } catch (error) {
        said.push(`cannot tend ${snapshotStore(folders).folder}: ${(error as Error).message}`);
      }
    }
    this.#seen.clear();
    this.#trees.forget();
    this.#diffs.clear();
    return said;
  }

  /** What was found once stays so: what came to be known since had its part without it. */
  #editsOf(call: string, timeMs: number, folders: GitFolders, store: SnapshotStore, look: Look, nowMs: number): Decision {
    const found = findMark(store.marks, 'found', call);
    if (found !== null) return found.edits;
    const before = findMark(store.marks, 'before', call);
    const after = before === null ? null : findMark(store.marks, 'after', call);
    if (before === null || after === null) return 'unknown';
    const isAllKnown = !hasUndrainedStates(store);
    if (!isAllKnown && look === 'first') return 'waiting';
    const around = surroundingsOf(store.marks, before, after, nowMs);
    // A hook that looked at the tree meanwhile is done by then, and what it kept is in a spool.
    const endMs = around.states.reduce((most, state) => Math.max(most, stretchOf(state).toMs), 0);
    if (!isAllKnown && nowMs < endMs + MAX_HOOK_MS) return 'waiting';
    const diffs = this.#diffsOf(folders);
    const histories = pathHistories(diffs, around.states);
    if (histories === null) return 'unknown';
    const { groups, isOpen } = ownSteps(call, histories, around, folders.top);
    const lastMs = groups.flat().reduce((most, { toMs }) => Math.max(most, toMs), Number.NEGATIVE_INFINITY);
    if (isOpen || around.editingSinceMs <= lastMs) return 'waiting';
    const edits = foundEdits(diffs, groups, around.edited);
    if (edits === null) return 'unknown';
    const steps = groups
      .flat()
      .map(({ path, blobBefore, blobAfter, fromMs, toMs }) => ({ path, blobBefore, blobAfter, fromMs, toMs }));
    writeMark(store.marks, { what: 'found', call, timeMs, steps, edits });
    return edits;
  }

  #diffsOf(folders: GitFolders): TreeDiffs {
    const diffs = this.#diffs.get(folders.top) ?? new TreeDiffs(folders);
    this.#diffs.set(folders.top, diffs);
    return diffs;
  }

  #keepState(
    what: 'before' | 'after',
    call: string,
    event: ToolEvent,
    { snapshot, hookMs }: { readonly snapshot: string; readonly hookMs: Stretch | null },
    folders: GitFolders,
    store: SnapshotStore,
  ): void {
    const file = fileOf(snapshot, store);
    const tree = file === null ? null : this.#trees.of(folders, file);
    if (file === null || tree === null) {
      const known = findMark(store.marks, what, call);
      const reason = known === null ? noteBrokenFilter(folders) : null;
      if (reason !== null) this.#said.add(reason);
      // Drained before, or its content is gone: nobody waits for it.
      if (what === 'after' && known === null) markStateless(call, event, folders, store);
      return;
    }
    const head = event.place.git?.headSha ?? null;
    const ran = hookMs !== null && isNear(hookMs, event.timeMs) ? { hookMs } : {};
    const timeMs = event.timeMs + partOfTick(`${what} ${call}`);
    writeMark(store.marks, { what, call, timeMs, ...ran, tree, head, event: what === 'after' ? event : null });
    dropState(file, store);
  }
}

function tendStore(folders: GitFolders, ages: SnapshotAges, nowMs: number): void {
  const store = snapshotStore(folders);
  const done = join(store.folder, 'tended');
  const last = statSync(done, { throwIfNoEntry: false });
  if (last !== undefined && nowMs - last.mtimeMs < TEND_EACH_MS) return;
  writeFileSync(done, '', { mode: 0o600 });
  tendSnapshots(folders, ages, nowMs);
  forgetOldFilters(folders, nowMs);
  for (const marks of markFolders(store.folder)) removeMarks(marks, nowMs - ages.contentMs);
}

/** The clock was set back meanwhile, or is too coarse for the call: what ran beside it can't be told, the call's two states can. */
function surroundingsOf(marks: string, before: StateMark, after: StateMark, nowMs: number): Surroundings {
  if (after.timeMs > before.timeMs) return surroundings(marks, before, after, nowMs);
  const runs = [{ before, after, endMs: after.timeMs }];
  return { states: [before, after], runs, edited: [], editingSinceMs: Number.POSITIVE_INFINITY, found: [] };
}

/**
 * Less than 0.25 ms, the same each time. File systems' clocks tick each 4 ms on many a kernel, and the time between two states of one
 * tick could be given to several calls: it has no length. A double holds 1024 parts of it.
 */
const partOfTick = (state: string): number => createHash('sha256').update(state).digest().readUInt16BE() / 2 ** 18;

/** A record that was copied or touched since tells nothing of its hook. */
const isNear = ({ fromMs, toMs }: Stretch, timeMs: number): boolean =>
  fromMs <= timeMs && timeMs <= toMs && timeMs - fromMs < MAX_HOOK_MS && toMs - timeMs < MAX_HOOK_MS;

/** The state's file; null for what lies elsewhere: a record may name any path. */
const fileOf = (snapshot: string, { folder }: SnapshotStore): string | null =>
  /^[\w-]+\.index$/.test(basename(snapshot)) ? join(folder, basename(snapshot)) : null;

/** That it was the call's is what the tool told. */
const withLines = (edit: FileEdit, found: FileEdit | undefined): FileEdit =>
  found === undefined ? edit : { ...found, match: 'exact' };

/** What the tool told stands; the states fill in where it told of a file and not of its lines. */
function withEdits(event: ToolEvent, found: readonly FoundEdit[], { top }: GitFolders): ToolEvent {
  const edits = found.map(({ path, previousPath, type, linesAdded, linesRemoved, match }): FileEdit => {
    const previous = previousPath === null ? null : join(top, previousPath);
    return { path: join(top, path), previousPath: previous, type, linesAdded, linesRemoved, match };
  });
  if (event.edits.length === 0) return event.toolName === 'NotebookEdit' ? event : { ...event, edits };
  const byPath = new Map(edits.map((edit) => [edit.path, edit]));
  const filled = event.edits.map((edit) => (edit.linesAdded === null ? withLines(edit, byPath.get(edit.path)) : edit));
  return { ...event, edits: filled };
}
