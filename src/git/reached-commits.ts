import { askRepository } from './ask-repository.ts';
import type { GitFolders } from './git-folders.ts';

/** A repository's newest; who made 20,000 commits anew has to ask for theirs. */
const MAX_COMMITS = 20_000;

/** Commits that a ref or a work tree leads to, the newest first. Empty where git cannot tell. */
export function newestCommits(folders: GitFolders, most: number = MAX_COMMITS): string[] {
  const outcome = askRepository(folders, {
    args: ['rev-list', `--max-count=${most}`, '--exclude=refs/original/*', '--exclude=refs/stash', '--all'],
  });
  return outcome.status === 'done' ? shasOf(outcome.output) : [];
}

/**
 * Commits that one of `after` leads to and none of `before`; git looks no further than where they differ. Null where it cannot tell: what one of
 * them led to is gone.
 */
export function commitsBetween(folders: GitFolders, before: readonly string[], after: readonly string[]): string[] | null {
  const known = new Set(before);
  const fresh = after.filter((sha) => !known.has(sha));
  if (fresh.length === 0) return [];
  const input = [...fresh, ...before.map((sha) => `^${sha}`)].map((line) => `${line}\n`).join('');
  const outcome = askRepository(folders, { args: ['rev-list', '--stdin'], input });
  return outcome.status === 'done' ? shasOf(outcome.output) : null;
}

const shasOf = (output: Buffer): string[] =>
  output
    .toString('latin1')
    .split('\n')
    .filter((sha) => sha !== '');
