import { hasAiNotes } from '../../git/ai-notes.ts';
import { type CommitFacts, commitFacts } from '../../git/commit-facts.ts';
import { mergedCommits } from '../../git/commit-range.ts';
import { type CountedFile, countedFiles } from '../../git/counted-files.ts';
import { cutOffCommits } from '../../git/cut-off-commits.ts';
import type { FoundRepository } from '../../git/find-repository.ts';
import { generatedFiles } from '../../git/generated-files.ts';
import { readRepoId } from '../../git/repo-id.ts';
import { pullRequestOf } from '../../ingest/pull-request.ts';
import { earliestCommit, type RecordedCommit, recordedCommits } from '../../query/commits.ts';
import type { OpenFiles } from '../../query/open-files.ts';
import type { Context } from '../command.ts';
import { lineAuthors } from './line-authors.ts';
import { RememberedLines } from './remembered-lines.ts';
import { type UnseenCommit, unseenCommit, wantedLinesOf } from './unseen-commit.ts';

/** Added lines of one file of one commit with one and the same author. */
export interface LineShare {
  readonly sha: string;
  readonly path: string;
  readonly kind: 'agent' | 'human' | 'unknown';
  readonly lines: number;
  readonly agentId: string | null;
  /** `file_modifications.id` */
  readonly modificationId: string | null;
  /** The recorded commit from which equal lines told whose these are; null: this commit itself. */
  readonly from: string | null;
}

export interface RangeLines {
  readonly repoId: string;
  readonly shares: readonly LineShare[];
  /** Commits of which no hook told. */
  readonly inferred: ReadonlySet<string>;
  /** Commits that git cannot compare with their parents: they were not fetched. */
  readonly uncompared: number;
  readonly pullRequests: ReadonlyMap<string, number>;
  readonly removed: { readonly ai: number; readonly human: number; readonly unknown: number };
  readonly leftOut: { readonly files: ReadonlySet<string>; readonly lines: number };
}

/** Whose the added lines of these commits are; what was generated is left out. */
export async function rangeLines(
  context: Context,
  files: OpenFiles,
  repository: FoundRepository,
  shas: readonly string[],
): Promise<RangeLines> {
  const { folders } = repository;
  const repoId = readRepoId(folders.top) ?? folders.commonDir;
  const facts = commitFacts(folders, shas);
  const remembered = new RememberedLines(context, folders);
  try {
    let recorded = recordedCommits(files, shas);
    if (shas.some((sha) => !tellsLines(recorded.get(sha))) && (await remembered.lookForMissed()))
      recorded = recordedCommits(files, shas);
    const missing = shas.filter((sha) => !tellsLines(recorded.get(sha)));
    const old = oldCommits(files, repository, missing, facts);
    const unseen = missing.flatMap((sha) => (old.has(sha) ? [] : (unseenCommit(folders, sha) ?? [])));
    const seen = new Set([...old.keys(), ...unseen.map((one) => one.facts.sha)]);
    const question = { files, repository, repoId, remembered, cutOff: new Set<string>() };
    const authors = await lineAuthors(question, unseen.flatMap(wantedLinesOf));
    const shares = [
      ...shas.flatMap((sha) => recordedShares(recorded.get(sha))),
      ...unseen.flatMap((one) => unseenShares(one, authors)),
      ...[...old].flatMap(([sha, counted]) => unknownShares(sha, counted)),
    ];
    const touched = new Set([
      ...shares.map(({ path }) => path),
      ...shas.flatMap((sha) => recorded.get(sha)?.files.map((file) => file.file_path) ?? []),
    ]);
    const generated = generatedFiles(folders, touched);
    return {
      repoId,
      shares: shares.filter(({ path }) => !generated.has(path)),
      inferred: new Set(missing),
      uncompared: missing.filter((sha) => !seen.has(sha)).length,
      pullRequests: pullRequests(repository, facts),
      removed: removedLines(
        shas.map((sha) => recorded.get(sha)),
        [
          ...unseen.flatMap(({ files: all }) => all.map(({ file, removed }) => ({ path: file.path, removed }))),
          ...[...old.values()].flat(),
        ],
        generated,
      ),
      leftOut: {
        files: generated,
        lines: shares.reduce((sum, { path, lines }) => sum + (generated.has(path) ? lines : 0), 0),
      },
    };
  } finally {
    remembered.close();
  }
}

/**
 * Commits from before the first recorded one: no recorded line tells of them. A history of twenty thousand is counted by one process; one by
 * one it takes three each.
 */
function oldCommits(
  files: OpenFiles,
  { folders }: FoundRepository,
  shas: readonly string[],
  facts: ReadonlyMap<string, CommitFacts | null>,
): Map<string, CountedFile[]> {
  const earliest = earliestCommit(files) ?? Number.POSITIVE_INFINITY;
  const cutOff = cutOffCommits(folders);
  const old = shas.filter((sha) => !cutOff.has(sha) && (facts.get(sha)?.committedMs ?? Number.POSITIVE_INFINITY) < earliest);
  if (old.length === 0 || hasAiNotes(folders)) return new Map();
  const counted = countedFiles(folders, old);
  return counted === null ? new Map() : new Map(old.map((sha) => [sha, counted.get(sha) ?? []]));
}

const unknownShares = (sha: string, files: readonly CountedFile[]): LineShare[] =>
  files.flatMap(({ path, added }): LineShare[] =>
    added === 0 ? [] : [{ sha, path, kind: 'unknown', lines: added, agentId: null, modificationId: null, from: null }],
  );

/** What cc-ai-tracker recorded tells of no lines. */
const tellsLines = (commit: RecordedCommit | undefined): commit is RecordedCommit =>
  commit !== undefined && commit.row.committed_at !== null;

function recordedShares(commit: RecordedCommit | undefined): LineShare[] {
  if (!tellsLines(commit)) return [];
  const sha = commit.row.commit_sha;
  const agents = commit.lines.map(
    (line): LineShare => ({
      ...{ sha, path: line.file_path, kind: 'agent', lines: line.last_line - line.first_line + 1 },
      ...{ agentId: line.agent_id, modificationId: line.file_modification_id, from: null },
    }),
  );
  const people = commit.files.flatMap((file): LineShare[] => {
    const lines = file.lines_added - file.ai_lines_added;
    return lines === 0
      ? []
      : [{ sha, path: file.file_path, kind: 'human', lines, agentId: null, modificationId: null, from: null }];
  });
  return [...agents, ...people];
}

function unseenShares({ facts: { sha }, files }: UnseenCommit, authors: Awaited<ReturnType<typeof lineAuthors>>): LineShare[] {
  const shares = new Map<string, LineShare>();
  for (const { file, added } of files) {
    for (const line of added) {
      const author = authors.of(sha, file.path, line);
      const agent = author.kind === 'agent' ? author : null;
      const share = {
        ...{ sha, path: file.path, kind: author.kind, agentId: agent?.agentId ?? null },
        ...{ modificationId: agent?.modificationId ?? null, from: agent?.sha ?? null },
      };
      const key = JSON.stringify(share);
      shares.set(key, { ...share, lines: (shares.get(key)?.lines ?? 0) + 1 });
    }
  }
  return [...shares.values()];
}

function removedLines(
  recorded: readonly (RecordedCommit | undefined)[],
  unseen: readonly Pick<CountedFile, 'path' | 'removed'>[],
  generated: ReadonlySet<string>,
): RangeLines['removed'] {
  let [ai, human, unknown] = [0, 0, 0];
  for (const file of recorded.flatMap((commit) => (tellsLines(commit) ? commit.files : []))) {
    if (generated.has(file.file_path)) continue;
    ai += file.ai_lines_removed;
    human += file.lines_removed - file.ai_lines_removed;
  }
  for (const { path, removed } of unseen) if (!generated.has(path)) unknown += removed;
  return { ai, human, unknown };
}

/** A squashed one stands in its commit's subject; commits that a merge brought in are of the request that it names. */
function pullRequests({ folders }: FoundRepository, facts: ReadonlyMap<string, CommitFacts | null>): Map<string, number> {
  const found = new Map<string, number>();
  for (const [sha, fact] of facts) {
    const number = fact === null ? null : pullRequestOf(fact.subject);
    if (fact === null || number === null) continue;
    const [first, second] = fact.parents;
    if (first !== undefined && second !== undefined) {
      for (const one of mergedCommits(folders, first, second)) if (!found.has(one)) found.set(one, number);
    }
    found.set(sha, number);
  }
  return found;
}
