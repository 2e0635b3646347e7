import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { GitFolders } from './git-folders.ts';
import { type GitOutcome, runGit } from './run-git.ts';
import { snapshotStore } from './snapshot-store.ts';

const LIMIT_MS = 60_000;

export interface RepositoryQuestion {
  readonly args: readonly string[];
  readonly input?: string | Buffer;
  readonly maxOutputBytes?: number;
}

/**
 * Asks a repository about its commits, trees and blobs; contents of kept states (snapshot-store.ts) are among them.
 *
 * - With the repository named, git does not ask whose it is (`safe.directory`): a drain may run as root on another's.
 * - The index is left out, and so is fsmonitor: objects are what is asked for.
 * - The work tree is named where it is there, for its .gitattributes say which files are binary.
 * - A partial clone fetches nothing: since git 2.45 there is a variable for that; older ones find no protocol allowed.
 */
export function askRepository(folders: GitFolders, { args, input, maxOutputBytes }: RepositoryQuestion): GitOutcome {
  const { top, gitDir, commonDir } = folders;
  const { objects } = snapshotStore(folders);
  const hasTree = existsSync(join(top, '.git'));
  return runGit({
    cwd: hasTree ? top : commonDir,
    args: ['-c', 'core.fsmonitor=false', ...args],
    limitMs: LIMIT_MS,
    env: {
      GIT_DIR: gitDir,
      ...(hasTree ? { GIT_WORK_TREE: top } : {}),
      ...(existsSync(objects) ? { GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(objects) } : {}),
      GIT_INDEX_FILE: join(commonDir, 'ai-tracker', 'no.index'),
      GIT_NO_LAZY_FETCH: '1',
      GIT_ALLOW_PROTOCOL: 'none',
    },
    ...(input === undefined ? {} : { input }),
    ...(maxOutputBytes === undefined ? {} : { maxOutputBytes }),
  });
}

/** One path of a list that git reads: quoted where it holds what separates them. */
const quoted = (path: string): string =>
  path.includes(delimiter) || path.startsWith('"') ? `"${path.replace(/["\\]/g, String.raw`\$&`)}"` : path;
