import type { FoundRepository } from '../../git/find-repository.ts';
import { readRepoId } from '../../git/repo-id.ts';
import { recordedCommits } from '../../query/commits.ts';
import { editsById } from '../../query/edits.ts';
import type { OpenFiles } from '../../query/open-files.ts';
import type { Context } from '../command.ts';
import { type CommitReport, commitReport } from './commit-report.ts';
import { lineAuthors } from './line-authors.ts';
import { RememberedLines } from './remembered-lines.ts';
import { authorsOf, unseenCommit, unseenReport, wantedLinesOf } from './unseen-commit.ts';

/**
 * Whose the lines of a commit are: as it was recorded, else as far as it can be told.
 * @param repository null: only what was recorded @returns null where nothing tells of any line
 */
export async function reportOfCommit(
  context: Context,
  files: OpenFiles,
  sha: string,
  repository: FoundRepository | null,
): Promise<CommitReport | null> {
  const recorded = reportOfRows(files, sha);
  if (recorded !== null || repository === null) return recorded;
  const { folders } = repository;
  const remembered = new RememberedLines(context, folders);
  try {
    const missed = (await remembered.lookForMissed()) ? reportOfRows(files, sha) : null;
    if (missed !== null) return missed;
    const unseen = unseenCommit(folders, sha);
    if (unseen === null) return null;
    const repoId = readRepoId(folders.top) ?? folders.commonDir;
    const question = { files, repository, repoId, remembered, cutOff: new Set<string>() };
    const authors = await lineAuthors(question, wantedLinesOf(unseen));
    const lines = unseen.files.flatMap((file) => authorsOf(file, sha, authors));
    const isEmpty = lines.length === 0 && unseen.files.every(({ removed }) => removed === 0);
    if (!isEmpty && lines.every(({ kind }) => kind === 'unknown')) return null;
    const edits = editsById(
      files,
      lines.flatMap((author) => (author.kind === 'agent' ? (author.modificationId ?? []) : [])),
    );
    return unseenReport(unseen, repoId, authors, edits);
  } finally {
    remembered.close();
  }
}

function reportOfRows(files: OpenFiles, sha: string): CommitReport | null {
  const recorded = recordedCommits(files, [sha]).get(sha);
  if (recorded === undefined) return null;
  const edits = editsById(
    files,
    recorded.lines.map((line) => line.file_modification_id),
  );
  return commitReport(recorded, edits);
}
