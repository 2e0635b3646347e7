import { askRepository } from './ask-repository.ts';
import type { GitFolders } from './git-folders.ts';

/** A repository's newest; who made 20,000 commits anew has to ask for theirs. */
const MAX_COMMITS = 20_000;

/** Commits that a ref or a work tree leads to and that are not among those known, the newest first. Empty where git cannot tell. */
export function unlistedCommits(folders: GitFolders, known: ReadonlySet<string>): string[] {
  const outcome = askRepository(folders, {
    args: ['rev-list', `--max-count=${MAX_COMMITS}`, '--exclude=refs/original/*', '--exclude=refs/stash', '--all'],
  });
  if (outcome.status !== 'done') return [];
  return outcome.output
    .toString('latin1')
    .split('\n')
    .filter((sha) => sha !== '' && !known.has(sha));
}
