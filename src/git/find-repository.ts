import { resolve } from 'node:path';
import type { GitFolders } from './git-folders.ts';
import { runGit } from './run-git.ts';

export interface FoundRepository {
  readonly folders: GitFolders;
  /** Whether its history was cut off when it was cloned. */
  readonly isShallow: boolean;
  readonly isBare: boolean;
}

export type RepositoryOutcome =
  | { readonly what: 'found'; readonly repository: FoundRepository }
  /** There is none, or git refuses it; `message` says what git said. */
  | { readonly what: 'none'; readonly message: string };

const LIMIT_MS = 10_000;

/** The repository around a folder, asked of git: it knows of bare ones, submodules and `safe.directory`. */
export function findRepository(folder: string): RepositoryOutcome {
  const outcome = runGit({
    cwd: folder,
    args: ['rev-parse', '--is-shallow-repository', '--is-bare-repository', '--git-dir', '--git-common-dir', '--show-cdup'],
    limitMs: LIMIT_MS,
  });
  if (outcome.status !== 'done') return { what: 'none', message: outcome.message };
  const [shallow, bare, gitDir = '', commonDir = '', up = ''] = outcome.output.toString('utf8').split('\n');
  const isBare = bare === 'true';
  const folders = {
    top: isBare ? resolve(folder, gitDir) : resolve(folder, up),
    gitDir: resolve(folder, gitDir),
    commonDir: resolve(folder, commonDir),
  };
  const tree = folders.gitDir === folders.commonDir ? 'main' : `work-${folders.gitDir.split(/[/\\]/).at(-1)}`;
  return { what: 'found', repository: { folders: { ...folders, tree }, isShallow: shallow === 'true', isBare } };
}
