import { askRepository } from './ask-repository.ts';
import type { GitFolders } from './git-folders.ts';

/** Commits that a ref or a work tree leads to and that were committed since, the newest first. Null where git cannot tell. @param sinceMs epoch milliseconds */
export function commitsSince(folders: GitFolders, sinceMs: number): string[] | null {
  const since = `--since=${Math.floor(sinceMs / 1000)}`;
  const outcome = askRepository(folders, {
    args: ['rev-list', since, '--exclude=refs/original/*', '--exclude=refs/stash', '--exclude=refs/notes/*', '--all', '--'],
  });
  return outcome.status === 'done' ? outcome.output.toString('latin1').split('\n').filter(Boolean) : null;
}
