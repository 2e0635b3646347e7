import type { CommitFileAttribution, LineAnchor, LineRange } from '../model/commit-attribution.ts';
import { lineHash, normalHash } from '../model/line-anchor.ts';
import { addedPlaces, type DiffHunk, linesOfDiff, removedPlaces } from './count-lines.ts';
import type { LineHistory } from './line-history.ts';
import type { LineState } from './line-states.ts';
import { endsWithoutNewline, linesOf } from './line-text.ts';
import { whoRemoved } from './who-removed.ts';

export interface FileChange {
  readonly path: string;
  readonly previousPath: string | null;
  readonly before: LineState | null;
  readonly after: LineState | null;
  /** By place from 0: those that git calls added in `after`, and removed of `before`. */
  readonly added: readonly number[];
  readonly removed: readonly number[];
}

export const changeOf = (
  path: string,
  previousPath: string | null,
  before: LineState | null,
  after: LineState | null,
  hunks: readonly DiffHunk[],
): FileChange => ({ path, previousPath, before, after, added: addedPlaces(hunks), removed: removedPlaces(hunks) });

const NO_LINES = new Int32Array(0);

/** What became of the lines of a file in a commit. */
export interface CountedFile {
  readonly file: Omit<CommitFileAttribution, 'anchors'>;
  /** texts.id of the removed lines, by whether an agent removed them: a commit that git makes anew removes the same. */
  readonly removedByAgents: readonly number[];
  readonly removedByOthers: readonly number[];
}

/**
 * @param isKnown whether the commit's own hook told of it; else everything is inferred
 * @param removers what is known of the removed lines of the commit that this one was made of, by text
 */
export function countFile(
  history: LineHistory,
  { path, previousPath, before, after, added, removed }: FileChange,
  isKnown: boolean,
  removers: ReadonlyMap<number, boolean[]>,
): CountedFile {
  const { states } = history;
  const oldSide = { lines: before?.lines ?? NO_LINES, texts: states.textsOf(before?.lines ?? NO_LINES) };
  const newSide = { lines: after?.lines ?? NO_LINES, texts: states.textsOf(after?.lines ?? NO_LINES) };
  const ranges: LineRange[] = [];
  let aiAdded = 0;
  for (const [place, id] of linesOfDiff(newSide, added, new Set(oldSide.lines))) {
    const { author, isInferred } = states.line(id);
    const edit = states.editOf(author);
    if (edit === null) continue;
    aiAdded++;
    const match = isInferred || !isKnown ? 'inferred' : 'exact';
    const line = place + 1;
    const last = ranges.at(-1);
    if (last !== undefined && last.last === line - 1 && last.modificationId === edit.modification && last.match === match) {
      ranges[ranges.length - 1] = { ...last, last: line };
    } else ranges.push({ first: line, last: line, modificationId: edit.modification, agentId: edit.agent, match });
  }
  const removedByAgents: number[] = [];
  const removedByOthers: number[] = [];
  const gone = linesOfDiff(oldSide, removed, new Set(newSide.lines));
  const end = after ?? history.knownEmpty(path);
  const by = end === null ? new Map<number, number>() : whoRemoved(states, end, new Set(gone.values()));
  for (const [place, id] of gone) {
    const text = oldSide.texts[place] as number;
    const author = by.get(id);
    const known = removers.get(text)?.shift();
    const isAgents = author === undefined ? (known ?? false) : states.editOf(author) !== null;
    (isAgents ? removedByAgents : removedByOthers).push(text);
  }
  const counts = { added: added.length, removed: removed.length, aiAdded, aiRemoved: removedByAgents.length };
  return { file: { path, previousPath, ...counts, ranges }, removedByAgents, removedByOthers };
}

/** What recognises the added lines of a file later. */
export function anchorsOf(text: string, added: readonly number[], ranges: readonly LineRange[]): LineAnchor[] {
  const lines = linesOf(text).map((line) => (endsWithoutNewline(line) ? line.slice(0, -1) : line));
  const normals = new Map<number, string | null>();
  const normalAt = (place: number): string | null => {
    const line = lines[place];
    if (line === undefined) return null;
    let known = normals.get(place);
    if (known === undefined) normals.set(place, (known = normalHash(line)));
    return known;
  };
  return added.flatMap((place): LineAnchor[] => {
    const line = lines[place];
    if (line === undefined) return [];
    const range = ranges.find(({ first, last }) => first <= place + 1 && place + 1 <= last);
    return [
      {
        line: place + 1,
        modificationId: range?.modificationId ?? null,
        agentId: range?.agentId ?? null,
        lineHash: lineHash(line),
        normalHash: normalAt(place) as string,
        beforeHash: normalAt(place - 1),
        afterHash: normalAt(place + 1),
      },
    ];
  });
}
