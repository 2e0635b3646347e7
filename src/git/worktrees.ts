import { readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { askRepository } from './ask-repository.ts';
import { firstLine, type GitFolders } from './git-folders.ts';

/** The repository's work trees, the main one first where there is one, from git's files. `top` may be gone; what git keeps of it is there. */
export function worktreesOf(folders: GitFolders): GitFolders[] {
  const { commonDir } = folders;
  const linked = linkedNames(commonDir).flatMap((name): GitFolders[] => {
    const gitDir = join(commonDir, 'worktrees', name);
    const dotGit = firstLine(join(gitDir, 'gitdir'));
    return dotGit === null ? [] : [{ top: dirname(resolve(gitDir, dotGit)), gitDir, commonDir, tree: `work-${name}` }];
  });
  const main = folders.gitDir === commonDir ? folders : mainTree(folders);
  return main === null ? linked : [main, ...linked];
}

function linkedNames(commonDir: string): string[] {
  try {
    return readdirSync(join(commonDir, 'worktrees')).sort();
  } catch {
    return [];
  }
}

/** Beside `.git`; of a submodule, and wherever else it was put, where the configuration says. Null for a bare repository. */
function mainTree({ commonDir }: GitFolders): GitFolders | null {
  const main = { top: dirname(commonDir), gitDir: commonDir, commonDir, tree: 'main' };
  const outcome = askRepository(main, { args: ['config', '--null', '--get-regexp', String.raw`^core\.(bare|worktree)$`] });
  const said = outcome.status === 'done' ? outcome.output.toString('utf8').split('\0') : [];
  const named = said.findLast((pair) => pair.startsWith('core.worktree\n'))?.slice('core.worktree\n'.length);
  if (named !== undefined) return { ...main, top: resolve(commonDir, named) };
  const isBare = said.findLast((pair) => pair.startsWith('core.bare\n')) === 'core.bare\ntrue';
  return isBare || basename(commonDir) !== '.git' ? null : main;
}
