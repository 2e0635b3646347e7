import { askRepository } from './ask-repository.ts';
import { type ChangedFile, changedFiles, readRawPart } from './changed-files.ts';
import { DIFF_RULES, type DiffRange, treesOf } from './diff-rules.ts';
import type { GitFolders } from './git-folders.ts';

/** A run of lines that `newLines` others took the place of. Lines count from 1; where there are none, the line before them, 0 at the top. */
export interface Hunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
}

/** Held in memory. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/**
 * Lines that differ, by the path after the change (of a deleted file, before it): in each file as many as `git show --numstat` counts
 * by default. Null for what git takes for binary; empty where only name or mode changed. One process of git, and two more
 * where its answer is larger than `maxBytes`. Null instead of the map where git cannot tell: an object is missing.
 * @param from null: the empty tree
 */
export function fileHunks(
  folders: GitFolders,
  from: string | null,
  to: string,
  maxBytes: number = MAX_ANSWER_BYTES,
): Map<string, Hunk[] | null> | null {
  const range = treesOf(from, to);
  return askHunks(folders, { ...range, maxBytes }, []) ?? hunksOfLarge(folders, { ...range, maxBytes });
}

interface HunkRange extends DiffRange {
  readonly maxBytes: number;
}

/**
 * A line of context: with none (`-U0`) git cuts the common end off before it compares, and counts differently from `--numstat`, if rarely.
 */
function askHunks(
  folders: GitFolders,
  { from, to, maxBytes }: HunkRange,
  filter: readonly string[],
): Map<string, Hunk[] | null> | null {
  const outcome = askRepository(folders, {
    args: [...DIFF_RULES, '--find-renames', '--raw', '--patch', '--unified=1', ...filter, from, to, '--'],
    maxOutputBytes: maxBytes,
  });
  return outcome.status === 'done' ? readHunks(outcome.output) : null;
}

/** What came and what went needs no contents to be told. */
function hunksOfLarge(folders: GitFolders, range: HunkRange): Map<string, Hunk[] | null> | null {
  const files = changedFiles(folders, range.from, range.to);
  const changed = files && askHunks(folders, range, ['--diff-filter=MTR']);
  if (changed === null) return null;
  return new Map(files?.map((file) => [file.path, changed.get(file.path) ?? wholeFile(file)]));
}

function wholeFile({ added, removed }: ChangedFile): Hunk[] | null {
  if (added === null || removed === null) return null;
  if (added === 0 && removed === 0) return [];
  return [{ oldStart: removed === 0 ? 0 : 1, oldLines: removed, newStart: added === 0 ? 0 : 1, newLines: added }];
}

const NEWLINE = 10;
const PLUS = 0x2b;
const MINUS = 0x2d;
const BACKSLASH = 0x5c;
const AT = 0x40;
const FILE_HEADER = 'diff --git ';
const HUNK_HEADER = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** Patches come in the order of the raw part; where the type of a file changed there are two, one that deletes and one that creates. */
function readHunks(output: Buffer): Map<string, Hunk[] | null> {
  const { files, end } = readRawPart(output);
  const found = new Map<string, Hunk[] | null>();
  // A NUL stands between the two.
  const lines = new PatchLines(output, output[end] === 0 ? end + 1 : end);
  let place = -1;
  let patchesLeft = 0;
  let hunks: Hunk[] | null = [];
  for (let line = lines.next(); line !== null; line = lines.next()) {
    const first = output[line.start];
    if (first === AT) {
      hunks?.push(...lines.hunk(line.start, line.end));
    } else if (lines.startsWith(line.start, FILE_HEADER)) {
      if (patchesLeft === 0) {
        place++;
        patchesLeft = isOtherType(files[place]) ? 2 : 1;
        hunks = [];
        found.set(files[place]?.path ?? '', hunks);
      }
      patchesLeft--;
    } else if (lines.startsWith(line.start, 'Binary files ')) {
      hunks = null;
      found.set(files[place]?.path ?? '', null);
    }
  }
  for (const [path, all] of found) if (all !== null && all.length > 1) found.set(path, joinSides(all));
  return found;
}

const kindOf = (mode: string | null): string | null => mode?.slice(0, -4) ?? null;

function isOtherType(file: Pick<ChangedFile, 'modeBefore' | 'modeAfter'> | undefined): boolean {
  const [before, after] = [kindOf(file?.modeBefore ?? null), kindOf(file?.modeAfter ?? null)];
  return before !== null && after !== null && before !== after;
}

/** A patch that deletes and one that creates the same path are one change of its lines. */
function joinSides(hunks: Hunk[]): Hunk[] {
  const [gone, come, ...more] = hunks;
  if (gone === undefined || come === undefined || more.length > 0 || gone.newStart !== 0 || come.oldStart !== 0) return hunks;
  return [{ oldStart: gone.oldStart, oldLines: gone.oldLines, newStart: come.newStart, newLines: come.newLines }];
}

/** The lines of patches, which are not made into text: a commit may have a hundred megabytes of them. */
class PatchLines {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  next(): { readonly start: number; readonly end: number } | null {
    const start = this.#at;
    if (start >= this.#bytes.length) return null;
    const found = this.#bytes.indexOf(NEWLINE, start);
    const end = found < 0 ? this.#bytes.length : found;
    this.#at = end + 1;
    return { start, end };
  }

  startsWith(start: number, text: string): boolean {
    return this.#bytes.toString('latin1', start, start + text.length) === text;
  }

  /** The changes within a hunk of git, without its context. */
  hunk(start: number, end: number): Hunk[] {
    const [, oldStart, oldLines = '1', newStart, newLines = '1'] =
      HUNK_HEADER.exec(this.#bytes.toString('latin1', start, Math.min(end, start + 100))) ?? [];
    if (oldStart === undefined) return [];
    let [oldLeft, newLeft] = [Number(oldLines), Number(newLines)];
    // The line before the next one, on either side: git names it itself where a side has no lines.
    let [oldDone, newDone] = [Number(oldStart) - (oldLeft > 0 ? 1 : 0), Number(newStart) - (newLeft > 0 ? 1 : 0)];
    const changes: Hunk[] = [];
    let [removed, added] = [0, 0];
    const flush = (): void => {
      if (removed + added === 0) return;
      changes.push({
        oldStart: removed === 0 ? oldDone : oldDone + 1,
        oldLines: removed,
        newStart: added === 0 ? newDone : newDone + 1,
        newLines: added,
      });
      oldDone += removed;
      newDone += added;
      [removed, added] = [0, 0];
    };
    while (oldLeft > 0 || newLeft > 0) {
      const line = this.next();
      if (line === null) break;
      const mark = this.#bytes[line.start];
      if (mark === BACKSLASH) continue;
      if (mark === MINUS) {
        removed++;
        oldLeft--;
      } else if (mark === PLUS) {
        added++;
        newLeft--;
      } else {
        flush();
        oldDone++;
        newDone++;
        oldLeft--;
        newLeft--;
      }
    }
    flush();
    return changes;
  }
}
