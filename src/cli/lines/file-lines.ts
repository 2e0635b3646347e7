import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { type BlamedCommit, type BlamedLine, blameFile } from '../../git/blame.ts';
import { type FoundRepository, findRepository } from '../../git/find-repository.ts';
import { readRepoId } from '../../git/repo-id.ts';
import { resolveRevision } from '../../git/resolve-revision.ts';
import type { RecordedCommit } from '../../query/commits.ts';
import type { OpenFiles } from '../../query/open-files.ts';
import type { Context } from '../command.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { agentOf, type LineAuthor, unknown } from './line-author.ts';
import { lineAuthors, type WantedLines } from './line-authors.ts';
import { RememberedLines } from './remembered-lines.ts';

/** A line of a file, and whose it is. */
export interface AuthoredLine extends BlamedLine {
  readonly author: LineAuthor;
}

export interface AuthoredFile {
  /** Below the top folder, with forward slashes. */
  readonly path: string;
  readonly repository: FoundRepository;
  readonly repoId: string;
  readonly lines: readonly AuthoredLine[];
  readonly commits: ReadonlyMap<string, BlamedCommit>;
  readonly recorded: ReadonlyMap<string, RecordedCommit>;
}

export interface FileQuestion {
  /** As the user typed it. */
  readonly file: string;
  /** Null: the work tree as it is. */
  readonly revision: string | null;
  readonly lines: readonly [first: number, last: number] | null;
}

/**
 * Whose the lines of a file are, as git's blame leads to their commits.
 * @throws {CommandError} where git has no such file or no such lines
 */
export async function authoredFile(context: Context, files: OpenFiles, question: FileQuestion): Promise<AuthoredFile> {
  const { repository, path } = placeOf(question.file);
  const { folders } = repository;
  const revision = question.revision === null ? null : resolveRevision(folders, question.revision);
  if (question.revision !== null && revision === null)
    throw new CommandError(EXIT.notFound, `git knows no commit ${question.revision} in ${folders.top}`);
  const blame = blameFile(folders, { path, revision, lines: question.lines });
  if (blame.what === 'failed') throw new CommandError(EXIT.notFound, `cannot tell where the lines are from: ${blame.message}`);
  const repoId = readRepoId(folders.top) ?? folders.commonDir;
  const cutOff = new Set([...blame.commits.values()].flatMap(({ sha, isCutOff }) => (isCutOff ? [sha] : [])));
  const remembered = new RememberedLines(context, folders);
  try {
    const authors = await lineAuthors({ files, repository, repoId, remembered, cutOff }, wantedOf(blame.lines));
    const working = blame.lines.some(({ sha }) => sha === null) ? workingAuthors(remembered, repository, path) : null;
    const lines = blame.lines.map((line) => {
      const { sha, path: original, originalLine } = line;
      const author =
        sha === null ? (working?.[line.line - 1] ?? unknown('not committed')) : authors.of(sha, original, originalLine);
      return { ...line, author };
    });
    return { path, repository, repoId, lines, commits: blame.commits, recorded: authors.recorded };
  } finally {
    remembered.close();
  }
}

/** The file may be gone from the work tree, its folder too: git is asked from the nearest one that is there. */
function placeOf(file: string): { readonly repository: FoundRepository; readonly path: string } {
  const whole = resolve(file);
  let folder = dirname(whole);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const real = realpathSync(folder);
  const outcome = findRepository(real);
  if (outcome.what === 'none') throw new CommandError(EXIT.environment, `no git repository: ${outcome.message}`);
  const { repository } = outcome;
  const path = relative(realpathSync(repository.folders.top), join(real, relative(folder, whole)));
  return { repository, path: path.split(sep).join('/') };
}

function wantedOf(lines: readonly BlamedLine[]): WantedLines[] {
  const wanted = new Map<string, { sha: string; path: string; lines: Set<number> }>();
  for (const { sha, path, originalLine } of lines) {
    if (sha === null) continue;
    const key = `${sha} ${path}`;
    let one = wanted.get(key);
    if (one === undefined) wanted.set(key, (one = { sha, path, lines: new Set() }));
    one.lines.add(originalLine);
  }
  return [...wanted.values()];
}

/** Of all lines of the work tree's file. */
function workingAuthors(remembered: RememberedLines, { folders }: FoundRepository, path: string): LineAuthor[] | null {
  let text: string;
  try {
    text = readFileSync(join(folders.top, path), 'utf8');
  } catch {
    return null;
  }
  const known = remembered.workingLines(path, text, resolveRevision(folders, 'HEAD'));
  return (
    known?.map((line): LineAuthor => {
      if (line.kind === 'agent') return agentOf('memory', line.match, line);
      return line.kind === 'human' ? { kind: 'human', match: 'exact', by: 'memory' } : unknown('not committed');
    }) ?? null
  );
}
