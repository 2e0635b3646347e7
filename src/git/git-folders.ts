import { readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

export interface GitFolders {
  /** Top folder of the work tree. */
  readonly top: string;
  /** What is this work tree's own: HEAD, index. */
  readonly gitDir: string;
  /** What all work trees of the repository share: objects, refs, configuration. */
  readonly commonDir: string;
  /** The work tree among those of the repository: `main`, `work-<name>`. Fit for a file name. */
  readonly tree: string;
}

/** The folders behind a work tree's top folder, read from git's files. Null where it is none, or is gone. */
export function gitFolders(top: string): GitFolders | null {
  const dotGit = join(top, '.git');
  const found = statSync(dotGit, { throwIfNoEntry: false });
  if (found === undefined) return null;
  // A work tree of `git worktree` and a submodule have a file that names the folder.
  const named = found.isDirectory() ? dotGit : /^gitdir: (.+)$/m.exec(firstLine(dotGit) ?? '')?.[1];
  if (named === undefined) return null;
  const gitDir = resolve(top, named);
  const shared = firstLine(join(gitDir, 'commondir'));
  if (shared === null) return { top, gitDir, commonDir: gitDir, tree: 'main' };
  return { top, gitDir, commonDir: resolve(gitDir, shared), tree: `work-${basename(gitDir)}` };
}

/** Null where the file cannot be read or is empty. */
export function firstLine(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').split('\n', 1)[0]?.trim() || null;
  } catch {
    return null;
  }
}
