import { createHash } from 'node:crypto';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type GitFolders, gitFolders } from '../git/git-folders.ts';
import { prepareSnapshots } from '../git/prepare-snapshots.ts';
import { dropState, type SnapshotStore, snapshotStore } from '../git/snapshot-store.ts';
import { SnapshotTrees } from '../git/snapshot-tree.ts';
import { type SnapshotAges, tendSnapshots } from '../git/tend-snapshots.ts';
import type { FileEdit, ToolEvent } from '../hook/hook-event.ts';
import {
  type EditedMark,
  type FoundMark,
  findMark,
  type Mark,
  markFolders,
  readMarks,
  removeMarks,
  type StateMark,
  type Stretch,
  writeMark,
} from './call-marks.ts';
import type { FoundEdit } from './found-edit.ts';
import { foundEdits } from './found-edits.ts';
import { ownStretches } from './own-stretches.ts';
import { stalePaths } from './stale-paths.ts';

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

/** A tool's hook runs a little after the tool wrote. */
const HOOK_LAG_MS = 100;
/** A hook gives a state up after 2 s. */
const MAX_HOOK_MS = 3000;
const TEND_EACH_MS = 3_600_000;

/**
 * Completes events of commands with the files that they changed, as the states of the work tree before and after them tell: hours
 * later, in any order, and by several drains at once. Nothing is lost by it: where states are missing, the event stays as it is.
 */
export class SnapshotEdits {
  readonly #trees = new SnapshotTrees();
  /** Work trees that events came from, by their top folder. */
  readonly #seen = new Map<string, GitFolders>();

  /**
   * @param snapshot the state that the hook kept, a path
   * @param hookMs when the hook ran, where it is known
   * @returns the event; behind it the event of the call's end once more, where that came first and is complete only now
   */
  complete(event: ToolEvent, snapshot: string | null, hookMs: Stretch | null = null): ToolEvent[] {
    const top = event.place.git?.top;
    const folders = top === undefined ? null : gitFolders(top);
    if (folders === null) return [event];
    const store = snapshotStore(folders);
    if (!existsSync(store.folder)) return [event];
    this.#seen.set(folders.top, folders);
    try {
      return this.#complete(event, snapshot, hookMs, folders, store);
    } catch {
      // The store cannot be written, or was removed meanwhile.
      return [event];
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

  /**
   * Deletes what is too old in the stores of the work trees that were seen, at most once an hour.
   *
   * @param isPatient whether this process may take a minute, to get a work tree ready where keeping states took too long
   * @returns what became of those, for a person
   */
  tend(ages: SnapshotAges, isPatient: boolean, nowMs: number = Date.now()): string[] {
    const said: string[] = [];
    for (const folders of this.#seen.values()) {
      try {
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
    return said;
  }

  #complete(
    event: ToolEvent,
    snapshot: string | null,
    hookMs: Stretch | null,
    folders: GitFolders,
    store: SnapshotStore,
  ): ToolEvent[] {
    const call = `${event.sessionId}:${event.toolUseId}`;
    if (snapshot === null) {
      if (event.phase !== 'started') markEdited(call, event, folders, store);
      return [event];
    }
    const isEnd = event.phase !== 'started';
    this.#keepState(isEnd ? 'after' : 'before', call, event, { snapshot, hookMs }, folders, store);
    const end = isEnd ? event : (findMark(store.marks, 'after', call)?.event ?? null);
    if (end === null) return [event];
    const edits = this.#editsOf(call, end.timeMs, folders, store);
    if (edits === null) return [event];
    const complete = withEdits(end, edits, folders);
    return isEnd ? [complete] : [event, complete];
  }

  /** Null where a state is missing. What was found once stays so: what came to be known since had its part without it. */
  #editsOf(call: string, timeMs: number, folders: GitFolders, store: SnapshotStore): readonly FoundEdit[] | null {
    const found = findMark(store.marks, 'found', call);
    if (found !== null) return found.edits;
    const before = findMark(store.marks, 'before', call);
    if (before === null) return null;
    const after = findMark(store.marks, 'after', call);
    // States that overlap it may be a little older.
    const known = readMarks(store.marks, before.timeMs - MAX_HOOK_MS);
    const marks = known.filter((mark) => Math.trunc(mark.timeMs) >= Math.trunc(before.timeMs));
    const given = marks.filter(isFound).flatMap(({ stretches }) => stretches);
    // The clock was set back meanwhile, or is too coarse for the call: what ran beside it can't be told, the call's two states can.
    const isBackward = after !== null && after.timeMs <= before.timeMs;
    const stretches = isBackward
      ? [{ fromMs: after.timeMs, toMs: after.timeMs, before, after }]
      : ownStretches(call, marks.filter(isState), given);
    const stale = isBackward ? new Map() : stalePaths(folders, known.filter(isState));
    const edits = stale === null ? null : foundEdits(folders, stretches, stale, marks.filter(isEdited));
    if (edits === null) return null;
    const times = stretches.map(({ fromMs, toMs }) => ({ fromMs, toMs }));
    writeMark(store.marks, { what: 'found', call, timeMs, stretches: times, edits });
    return edits;
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
    if (file === null || tree === null) return;
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
  for (const marks of markFolders(store.folder)) removeMarks(marks, nowMs - ages.contentMs);
}

const isState = (mark: Mark): mark is StateMark => mark.what === 'before' || mark.what === 'after';
const isEdited = (mark: Mark): mark is EditedMark => mark.what === 'edited';
const isFound = (mark: Mark): mark is FoundMark => mark.what === 'found';

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

/** So that a command that ran meanwhile is not given the same lines. */
function markEdited(call: string, { timeMs, durationMs, edits }: ToolEvent, { top }: GitFolders, store: SnapshotStore): void {
  const sinceMs = timeMs - (durationMs ?? 0) - HOOK_LAG_MS;
  for (const { path, linesAdded, linesRemoved } of edits) {
    const below = path.startsWith(`${top}/`) ? path.slice(top.length + 1) : null;
    if (below !== null) writeMark(store.marks, { what: 'edited', call, timeMs, sinceMs, path: below, linesAdded, linesRemoved });
  }
}

/** What the tool told stands; the states fill in where it told of a file and not of its lines. */
function withEdits(event: ToolEvent, found: readonly FoundEdit[], { top }: GitFolders): ToolEvent {
  const edits = found.map(({ path, previousPath, type, linesAdded, linesRemoved }): FileEdit => {
    const previous = previousPath === null ? null : join(top, previousPath);
    return { path: join(top, path), previousPath: previous, type, linesAdded, linesRemoved };
  });
  if (event.edits.length === 0) return event.toolName === 'NotebookEdit' ? event : { ...event, edits };
  const byPath = new Map(edits.map((edit) => [edit.path, edit]));
  const filled = event.edits.map((edit) => (edit.linesAdded === null ? (byPath.get(edit.path) ?? edit) : edit));
  return { ...event, edits: filled };
}
