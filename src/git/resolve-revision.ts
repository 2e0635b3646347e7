import { askRepository } from './ask-repository.ts';
import type { GitFolders } from './git-folders.ts';

/** The full name of the commit that a revision means: an abbreviated name, a branch, `HEAD~2`. Null where there is none, or several begin so. */
export function resolveRevision(folders: GitFolders, revision: string): string | null {
  // A revision that begins with a dash would be an option.
  if (revision === '' || revision.startsWith('-') || /[\0\n]/.test(revision)) return null;
  const outcome = askRepository(folders, { args: ['rev-parse', '--verify', '--quiet', `${revision}^{commit}`] });
  return outcome.status === 'done' ? outcome.output.toString('latin1').trim() || null : null;
}
