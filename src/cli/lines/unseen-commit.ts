import { type ChangedFile, changedFiles } from '../../git/changed-files.ts';
import { type CommitFacts, commitFacts } from '../../git/commit-facts.ts';
import { fileHunks, type Hunk } from '../../git/file-hunks.ts';
import type { GitFolders } from '../../git/git-folders.ts';
import type { EditRow } from '../../query/edits.ts';
import type { CommitFileReport, CommitReport } from './commit-report.ts';
import type { LineAuthor } from './line-author.ts';
import type { LineAuthors, WantedLines } from './line-authors.ts';

/** A file of a commit that no hook saw, as git compares it. */
export interface UnseenFile {
  readonly file: ChangedFile;
  /** Counted from 1. */
  readonly added: ReadonlySet<number>;
  readonly removed: number;
}

export interface UnseenCommit {
  readonly facts: CommitFacts;
  readonly files: readonly UnseenFile[];
}

/** Null where git cannot tell: no such commit, or its parent was not fetched. */
export function unseenCommit(folders: GitFolders, sha: string): UnseenCommit | null {
  const facts = commitFacts(folders, [sha]).get(sha) ?? null;
  if (facts === null) return null;
  const [first = null, ...others] = facts.parents;
  const changed = changedFiles(folders, first, sha);
  const hunks = fileHunks(folders, first, sha);
  const besides = others.map((parent) => fileHunks(folders, parent, sha));
  if (changed === null || hunks === null || besides.includes(null)) return null;
  const files = changed.flatMap((file): UnseenFile[] => {
    if (file.isGitlink) return [];
    let added = addedLines(hunks.get(file.path) ?? []);
    let removed = removedLines(hunks.get(file.path) ?? []);
    // Of a merge, what is in none of its parents.
    for (const beside of besides) {
      const own = addedLines(beside?.get(file.path) ?? []);
      added = new Set([...added].filter((line) => own.has(line)));
      removed = 0;
    }
    return besides.length > 0 && added.size === 0 ? [] : [{ file, added, removed }];
  });
  return { facts, files };
}

export const wantedLinesOf = ({ facts, files }: UnseenCommit): WantedLines[] =>
  files.map(({ file, added }) => ({ sha: facts.sha, path: file.path, lines: added }));

function addedLines(hunks: readonly Hunk[]): Set<number> {
  const lines = new Set<number>();
  for (const { newStart, newLines } of hunks) for (let n = 0; n < newLines; n++) lines.add(newStart + n);
  return lines;
}

const removedLines = (hunks: readonly Hunk[]): number => hunks.reduce((sum, { oldLines }) => sum + oldLines, 0);

/** Whose each added line of a file is. */
export const authorsOf = ({ file, added }: UnseenFile, sha: string, authors: LineAuthors): LineAuthor[] =>
  [...added].map((line) => authors.of(sha, file.path, line));

/** The same as of a recorded commit, all of it inferred. Who removed lines nobody can tell. */
export function unseenReport(
  { facts, files }: UnseenCommit,
  repoId: string,
  authors: LineAuthors,
  edits: ReadonlyMap<string, EditRow>,
): CommitReport {
  const reports = files.map((one): CommitFileReport => {
    const lines = authorsOf(one, facts.sha, authors);
    const agents = lines.filter((author) => author.kind === 'agent');
    const behind = agents.map(({ modificationId }) => (modificationId === null ? undefined : edits.get(modificationId)));
    return {
      file_path: one.file.path,
      previous_path: one.file.previousPath,
      ai_lines_added: agents.length,
      human_lines_added: lines.filter(({ kind }) => kind === 'human').length,
      unknown_lines_added: lines.filter(({ kind }) => kind === 'unknown').length,
      ai_lines_removed: 0,
      human_lines_removed: 0,
      unknown_lines_removed: one.removed,
      agents: [...new Set(agents.flatMap(({ agentId }) => agentId ?? []))].sort(),
      tasks: [...new Set(behind.flatMap((edit) => edit?.task_execution_id ?? []))].sort(),
      match: agents.length === 0 ? null : 'inferred',
    };
  });
  const sum = (of: (file: CommitFileReport) => number): number => reports.reduce((total, file) => total + of(file), 0);
  return {
    commit_sha: facts.sha,
    repo_id: repoId,
    repo_name: null,
    branch: null,
    authored_at: new Date(facts.authoredMs).toISOString(),
    committed_at: new Date(facts.committedMs).toISOString(),
    pr_number: null,
    agent_id: null,
    task_execution_id: null,
    tool_call_id: null,
    trace_id: null,
    match: 'inferred',
    ai_lines_added: sum((file) => file.ai_lines_added),
    human_lines_added: sum((file) => file.human_lines_added),
    unknown_lines_added: sum((file) => file.unknown_lines_added),
    ai_lines_removed: 0,
    human_lines_removed: 0,
    unknown_lines_removed: sum((file) => file.unknown_lines_removed),
    files: reports,
  };
}
