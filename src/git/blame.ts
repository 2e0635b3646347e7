import { cutOffCommits } from './cut-off-commits.ts';
import type { GitFolders } from './git-folders.ts';
import { runGit } from './run-git.ts';
import { unquotePath } from './unquote-path.ts';

/** A line of a file, and where it came into the history. */
export interface BlamedLine {
  /** From 1, in the file as it is now. */
  readonly line: number;
  readonly text: string;
  /** Null: not committed yet. */
  readonly sha: string | null;
  /** Where it stood in that commit: below the top folder, with forward slashes; counted from 1. */
  readonly path: string;
  readonly originalLine: number;
}

export interface BlamedCommit {
  readonly sha: string;
  readonly author: string;
  readonly authoredMs: number;
  readonly subject: string;
  /** History was cut off here: the line may be older. */
  readonly isCutOff: boolean;
}

export type BlameOutcome =
  | { readonly what: 'done'; readonly lines: readonly BlamedLine[]; readonly commits: ReadonlyMap<string, BlamedCommit> }
  | { readonly what: 'failed'; readonly message: string };

export interface BlameQuestion {
  /** Below the top folder, with forward slashes. */
  readonly path: string;
  /** A commit; null: the work tree as it is. */
  readonly revision: string | null;
  /** Counted from 1, the last one included; null: all. */
  readonly lines: readonly [first: number, last: number] | null;
}

const LIMIT_MS = 300_000;
const NOT_COMMITTED = /^0+$/;
const HEADER = /^([0-9a-f]{40,64}) (\d+) (\d+)/;

/**
 * `git blame`, with all that it follows: renames, merges, `blame.ignoreRevsFile`. Whose configuration it is does not matter: it runs
 * as the user who asks.
 */
export function blameFile(folders: GitFolders, { path, revision, lines }: BlameQuestion): BlameOutcome {
  const range = lines === null ? [] : ['-L', `${lines[0]},${lines[1]}`];
  const outcome = runGit({
    cwd: folders.top,
    args: ['blame', '--porcelain', ...range, ...(revision === null ? [] : [revision]), '--', path],
    limitMs: LIMIT_MS,
  });
  if (outcome.status !== 'done') return { what: 'failed', message: outcome.message };
  return readBlame(outcome.output.toString('utf8'), cutOffCommits(folders));
}

interface CommitHeaders {
  author: string;
  authoredMs: number;
  subject: string;
  path: string;
}

function readBlame(output: string, cutOff: ReadonlySet<string>): BlameOutcome {
  const lines: BlamedLine[] = [];
  const commits = new Map<string, BlamedCommit>();
  const headers = new Map<string, CommitHeaders>();
  let [sha, originalLine, line] = ['', 0, 0];
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf('\n', at);
    const text = output.slice(at, end < 0 ? output.length : end);
    at = end < 0 ? output.length : end + 1;
    if (text.startsWith('\t')) {
      const header = headers.get(sha);
      const isCommitted = !NOT_COMMITTED.test(sha);
      lines.push({ line, text: text.slice(1), sha: isCommitted ? sha : null, path: header?.path ?? '', originalLine });
      if (isCommitted && header !== undefined && !commits.has(sha)) {
        const { author, authoredMs, subject } = header;
        commits.set(sha, { sha, author, authoredMs, subject, isCutOff: cutOff.has(sha) });
      }
      continue;
    }
    const found = HEADER.exec(text);
    if (found !== null) {
      sha = found[1] ?? '';
      [originalLine, line] = [Number(found[2]), Number(found[3])];
      // A commit's headers come with its first line only; its path again wherever that is another.
      if (!headers.has(sha)) headers.set(sha, { author: '', authoredMs: 0, subject: '', path: '' });
      continue;
    }
    const header = headers.get(sha);
    const space = text.indexOf(' ');
    if (header === undefined || space < 0) continue;
    const value = text.slice(space + 1);
    switch (text.slice(0, space)) {
      case 'author':
        header.author = value;
        break;
      case 'author-time':
        header.authoredMs = Number(value) * 1000;
        break;
      case 'summary':
        header.subject = value;
        break;
      case 'filename':
        header.path = unquotePath(value);
        break;
    }
  }
  return { what: 'done', lines, commits };
}
