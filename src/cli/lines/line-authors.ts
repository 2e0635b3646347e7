import { type Anchor, type AnchorSource, linesByAnchors } from '../../attribution/by-anchors.ts';
import { aiNotes } from '../../git/ai-notes.ts';
import { commitFacts } from '../../git/commit-facts.ts';
import type { FoundRepository } from '../../git/find-repository.ts';
import { readBlobs } from '../../git/read-blobs.ts';
import { earliestCommit, type RecordedCommit, recordedCommits } from '../../query/commits.ts';
import { type AnchorRow, LineAnchors } from '../../query/line-anchors.ts';
import type { OpenFiles } from '../../query/open-files.ts';
import { agentOf, type LineAuthor, unknown } from './line-author.ts';
import type { RememberedLines } from './remembered-lines.ts';

/** Lines of one file of one commit, counted from 1. */
export interface WantedLines {
  readonly sha: string;
  readonly path: string;
  readonly lines: ReadonlySet<number>;
}

export interface LineAuthors {
  readonly recorded: ReadonlyMap<string, RecordedCommit>;
  /** Of a line that was asked for. */
  of(sha: string, path: string, line: number): LineAuthor;
}

export interface LineQuestion {
  readonly files: OpenFiles;
  readonly repository: FoundRepository;
  readonly repoId: string;
  readonly remembered: RememberedLines;
  /** Commits at which a shallow clone ends. */
  readonly cutOff: ReadonlySet<string>;
}

/** Commits of which the memory is asked: each takes some processes of git. Those that come first. */
const MOST_REMEMBERED = 200;

/**
 * Whose lines are, from the surest to the weakest: the rows of the commit that added them, what this repository remembers of a commit
 * that no hook saw, equal lines of recorded commits, notes of git-ai.
 */
export async function lineAuthors(question: LineQuestion, wanted: readonly WantedLines[]): Promise<LineAuthors> {
  const { files, remembered } = question;
  const shas = new Set(wanted.map(({ sha }) => sha));
  const paths = new Set(wanted.map(({ path }) => path));
  let recorded = recordedCommits(files, shas, paths);
  const unseen = [...shas].filter((sha) => !recorded.has(sha));
  if (unseen.length > 0 && (await remembered.lookForMissed())) recorded = recordedCommits(files, shas, paths);
  const found = new Map<string, LineAuthor>();
  let open = wanted.map((one) => fromRows(one, recorded.get(one.sha), found)).filter(({ lines }) => lines.size > 0);
  open = fromMemory(question, open, found);
  open = fromAnchors(question, open, found);
  fromNotes(question, open, found);
  return {
    recorded,
    of: (sha, path, line) => found.get(keyOf(sha, path, line)) ?? unknown(question.cutOff.has(sha) ? 'cut off' : 'not recorded'),
  };
}

const keyOf = (sha: string, path: string, line: number): string => `${sha} ${line} ${path}`;

/** Those of the lines of which nothing is found yet. */
function left({ sha, path, lines }: WantedLines, found: ReadonlyMap<string, LineAuthor>): WantedLines {
  return { sha, path, lines: new Set([...lines].filter((line) => !found.has(keyOf(sha, path, line)))) };
}

function fromRows(wanted: WantedLines, commit: RecordedCommit | undefined, found: Map<string, LineAuthor>): WantedLines {
  const { sha, path, lines } = wanted;
  // What cc-ai-tracker recorded tells of no lines.
  if (commit === undefined || commit.row.committed_at === null) return wanted;
  const isListed = commit.files.some(({ file_path }) => file_path === path);
  const ranges = commit.lines.filter(({ file_path }) => file_path === path);
  if (!isListed && ranges.length === 0) return wanted;
  for (const line of lines) {
    const range = ranges.find(({ first_line, last_line }) => first_line <= line && line <= last_line);
    const author: LineAuthor =
      range === undefined
        ? { kind: 'human', match: 'exact', by: 'commit' }
        : agentOf('commit', range.match, { modificationId: range.file_modification_id, agentId: range.agent_id });
    found.set(keyOf(sha, path, line), author);
  }
  return { sha, path, lines: new Set() };
}

function fromMemory(
  { remembered, repository }: LineQuestion,
  wanted: readonly WantedLines[],
  found: Map<string, LineAuthor>,
): WantedLines[] {
  if (wanted.length === 0 || !remembered.isThere) return [...wanted];
  const facts = commitFacts(repository.folders, [...new Set(wanted.map(({ sha }) => sha))]);
  const bornMs = remembered.bornMs();
  const young = [...facts].filter(([, fact]) => fact !== null && fact.committedMs >= bornMs).map(([sha]) => sha);
  for (const sha of young.slice(0, MOST_REMEMBERED)) {
    const told = remembered.commit(sha);
    if (told === null) continue;
    for (const { path, lines } of wanted.filter((one) => one.sha === sha)) {
      const ranges = told.files.find((file) => file.path === path)?.ranges ?? [];
      for (const line of lines) {
        const range = ranges.find(({ first, last }) => first <= line && line <= last);
        if (range !== undefined) found.set(keyOf(sha, path, line), agentOf('memory', 'inferred', range));
      }
    }
  }
  return wanted.map((one) => left(one, found)).filter(({ lines }) => lines.size > 0);
}

function fromAnchors(
  { files, repository, repoId }: LineQuestion,
  wanted: readonly WantedLines[],
  found: Map<string, LineAuthor>,
): WantedLines[] {
  const earliest = wanted.length === 0 ? null : earliestCommit(files);
  if (earliest === null) return [...wanted];
  const { folders } = repository;
  const facts = commitFacts(folders, [...new Set(wanted.map(({ sha }) => sha))]);
  const young = wanted.filter(({ sha }) => (facts.get(sha)?.committedMs ?? 0) >= earliest);
  const source = anchorSource(new LineAnchors(files));
  const blobs = readBlobs(
    folders,
    young.map(({ sha, path }) => `${sha}:${path}`),
  );
  young.forEach(({ sha, path, lines }, n) => {
    const texts = linesOf(blobs[n] ?? null);
    const asked = [...lines].map((line) => line - 1);
    const anchors = linesByAnchors({ repoId, path, authoredMs: facts.get(sha)?.authoredMs ?? 0, texts, asked }, source);
    for (const line of lines) {
      const anchor = anchors.get(line - 1);
      if (anchor === undefined) continue;
      const author: LineAuthor =
        anchor.modificationId === null
          ? { kind: 'human', match: 'inferred', by: 'anchor' }
          : agentOf('anchor', 'inferred', anchor, anchor.sha);
      found.set(keyOf(sha, path, line), author);
    }
  });
  return wanted.map((one) => left(one, found)).filter(({ lines }) => lines.size > 0);
}

function linesOf(blob: Buffer | null): string[] {
  if (blob === null || blob.length === 0) return [];
  const lines = blob.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function anchorSource(anchors: LineAnchors): AnchorSource {
  const places = new Map<string, ReadonlyMap<number, Anchor>>();
  return {
    equal: (line) => anchors.equal(line).map(anchorOf),
    at: (place) => {
      let known = places.get(place);
      if (known === undefined) {
        const [commitId = '', path = ''] = place.split('\0');
        known = new Map(anchors.of(commitId, path).map((row) => [row.line_number, anchorOf(row)]));
        places.set(place, known);
      }
      return known;
    },
  };
}

const anchorOf = (row: AnchorRow): Anchor => ({
  place: `${row.commit_id}\0${row.file_path}`,
  path: row.file_path,
  line: row.line_number,
  modificationId: row.file_modification_id,
  agentId: row.agent_id,
  lineHash: row.line_hash,
  normalHash: row.normal_hash,
  beforeHash: row.before_hash,
  afterHash: row.after_hash,
  repoId: row.repo_id,
  sha: row.commit_sha,
  authoredMs: row.authored_at === null ? null : Date.parse(row.authored_at),
});

function fromNotes({ repository }: LineQuestion, wanted: readonly WantedLines[], found: Map<string, LineAuthor>): void {
  const notes = aiNotes(repository.folders, [...new Set(wanted.map(({ sha }) => sha))]);
  if (notes.size === 0) return;
  for (const { sha, path, lines } of wanted) {
    const noted = notes.get(sha);
    if (noted === undefined) continue;
    for (const line of lines) {
      const range = noted.find((one) => one.path === path && one.first <= line && line <= one.last);
      // A commit with a note: what that names no agent for is a person's.
      const session = range?.session ?? null;
      const author: LineAuthor =
        session === null
          ? { kind: 'human', match: 'inferred', by: 'note' }
          : {
              ...{ kind: 'agent', match: 'inferred', by: 'note', modificationId: null, agentId: session.tool },
              ...{ session, sha: null },
            };
      found.set(keyOf(sha, path, line), author);
    }
  }
}
