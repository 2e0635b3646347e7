import { lineHash, normalHash } from '../model/line-anchor.ts';
import { isDistinctive } from './line-text.ts';

/** A line that a recorded commit added. */
export interface Anchor {
  /** Commit and file, as one text; with `line` it names the anchor. */
  readonly place: string;
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** Null: no agent's. */
  readonly modificationId: string | null;
  readonly agentId: string | null;
  readonly lineHash: string;
  readonly normalHash: string;
  readonly beforeHash: string | null;
  readonly afterHash: string | null;
  readonly repoId: string;
  readonly sha: string;
  /** Epoch milliseconds; null: not known. */
  readonly authoredMs: number | null;
}

export interface HashedLine {
  readonly lineHash: string;
  readonly normalHash: string;
  readonly beforeHash: string | null;
  readonly afterHash: string | null;
}

/** Where anchors are looked up. */
export interface AnchorSource {
  /** Anchors of lines that are equal, or equal but for white space; of very many the likeliest. */
  equal(line: HashedLine): readonly Anchor[];
  /** All anchors of a place, by line. */
  at(place: string): ReadonlyMap<number, Anchor>;
}

/** A file of a commit that no hook saw. */
export interface UnseenFile {
  readonly repoId: string;
  readonly path: string;
  readonly authoredMs: number;
  /** Of the whole file, without newlines. */
  readonly texts: readonly string[];
  /** Places from 0 of the lines that are asked for. */
  readonly asked: Iterable<number>;
}

/** Lines around those that are asked for that are looked at too: a brace is known by what it stands beside. */
const AROUND = 8;
/** Another repository's lines count where so many distinctive ones agree: a licence's header is in all of them. */
const LEAST_FOREIGN = 3;
/** A line in another file, with other neighbours, counts where it has so many letters and digits. */
const LEAST_ALONE = 12;
/** By how many of its two neighbours are equal. */
const EQUAL = [20, 40, 60] as const;
const RESPACED = [0, 10, 30] as const;

/**
 * Whose lines are that no hook saw being committed (a squash on a server, another clone, an imported history), by equal lines
 * of recorded commits. A line with equal neighbours goes before one that stands alone, one of this repository before others; a line
 * that says little (a brace, `return`) counts only within a run of lines that are known.
 *
 * @returns for each place the anchor that tells; absent: nothing does
 */
export function linesByAnchors(file: UnseenFile, source: AnchorSource): Map<number, Anchor> {
  const { texts, repoId } = file;
  const wanted = window(file);
  const normals = new Map<number, string>();
  const normalAt = (place: number): string | null => {
    const text = texts[place];
    if (text === undefined) return null;
    let known = normals.get(place);
    if (known === undefined) normals.set(place, (known = normalHash(text)));
    return known;
  };
  const candidates = new Map<number, readonly Scored[]>();
  for (const place of wanted) {
    const text = texts[place] ?? '';
    if (!isDistinctive(text)) continue;
    const line: HashedLine = {
      lineHash: lineHash(text),
      normalHash: normalAt(place) ?? '',
      beforeHash: normalAt(place - 1),
      afterHash: normalAt(place + 1),
    };
    const scored = source
      .equal(line)
      .filter((anchor) => lettersOf(text) >= LEAST_ALONE || anchor.path === file.path || neighbours(anchor, line) > 0)
      .map((anchor) => ({ anchor, score: scoreOf(anchor, line, file) }));
    if (scored.length > 0) candidates.set(place, scored);
  }
  const trusted = trustedRepositories(candidates.values(), file);
  const found = new Map<number, Anchor>();
  for (const [place, scored] of candidates) {
    const best = bestOf(scored.filter(({ anchor }) => anchor.repoId === repoId || trusted.has(anchor.repoId)));
    if (best !== null) found.set(place, best);
  }
  followRuns(found, wanted, normalAt, source);
  return found;
}

const lettersOf = (text: string): number => text.replace(/[^\p{L}\p{N}]+/gu, '').length;

const neighbours = (anchor: Anchor, line: HashedLine): 0 | 1 | 2 =>
  ((anchor.beforeHash === line.beforeHash ? 1 : 0) + (anchor.afterHash === line.afterHash ? 1 : 0)) as 0 | 1 | 2;

interface Scored {
  readonly anchor: Anchor;
  readonly score: number;
}

function window({ texts, asked }: UnseenFile): Set<number> {
  const wanted = new Set<number>();
  for (const place of asked) {
    for (let n = Math.max(0, place - AROUND); n <= Math.min(texts.length - 1, place + AROUND); n++) wanted.add(n);
  }
  return wanted;
}

function scoreOf(anchor: Anchor, line: HashedLine, { repoId, path, authoredMs }: UnseenFile): number {
  const worth = anchor.lineHash === line.lineHash ? EQUAL : RESPACED;
  return (
    (anchor.repoId === repoId ? 100 : 0) +
    worth[neighbours(anchor, line)] +
    // What git makes anew of a commit keeps the author's date.
    (anchor.authoredMs === authoredMs ? 4 : 0) +
    (anchor.path === path ? 2 : 0)
  );
}

/** Of equals the latest: what was written last is what was there to be taken over. */
function bestOf(scored: readonly Scored[]): Anchor | null {
  let best: Scored | null = null;
  for (const one of scored) {
    if (best === null || one.score > best.score || (one.score === best.score && isLater(one.anchor, best.anchor))) best = one;
  }
  return best?.anchor ?? null;
}

const isLater = (a: Anchor, b: Anchor): boolean => (a.authoredMs ?? 0) > (b.authoredMs ?? 0);

/**
 * A clone without a remote, or a part of a repository that was split off, has another id. Its commits keep the author's date, or many
 * of its lines agree.
 */
function trustedRepositories(lines: Iterable<readonly Scored[]>, { repoId, authoredMs }: UnseenFile): Set<string> {
  const agreeing = new Map<string, number>();
  const trusted = new Set<string>();
  for (const scored of lines) {
    const repositories = new Set<string>();
    for (const { anchor } of scored) {
      if (anchor.repoId === repoId) continue;
      if (anchor.authoredMs === authoredMs) trusted.add(anchor.repoId);
      repositories.add(anchor.repoId);
    }
    for (const id of repositories) agreeing.set(id, (agreeing.get(id) ?? 0) + 1);
  }
  for (const [id, count] of agreeing) if (count >= LEAST_FOREIGN) trusted.add(id);
  return trusted;
}

/** From each line that is known up and down, as long as the lines beside it are those that stood beside its anchor. */
function followRuns(
  found: Map<number, Anchor>,
  wanted: ReadonlySet<number>,
  normalAt: (place: number) => string | null,
  source: AnchorSource,
): void {
  for (const [start, anchor] of [...found]) {
    const around = source.at(anchor.place);
    for (const step of [-1, 1]) {
      for (let n = 1; ; n++) {
        const place = start + n * step;
        const beside = around.get(anchor.line + n * step);
        if (found.has(place) || !wanted.has(place) || beside === undefined || beside.normalHash !== normalAt(place)) break;
        found.set(place, beside);
      }
    }
  }
}
