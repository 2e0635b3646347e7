import { statSync } from 'node:fs';
import type { GitFolders } from './git-folders.ts';
import { type GitOutcome, runGit } from './run-git.ts';
import { snapshotStore } from './snapshot-store.ts';

const LIMIT_MS = 10_000;

/**
 * Commands on kept states need no work tree. With the repository named, git doesn't ask whose it is (`safe.directory`): a drain may run
 * as root. None of these commands starts a program that the repository's configuration names.
 */
export function askStore(folders: GitFolders, args: readonly string[], env: Readonly<Record<string, string>> = {}): GitOutcome {
  const store = snapshotStore(folders);
  const repository = { GIT_DIR: folders.gitDir, GIT_OBJECT_DIRECTORY: store.objects };
  return runGit({ cwd: store.folder, args, limitMs: LIMIT_MS, env: { ...repository, ...env } });
}

/** Trees of kept states. States in which nothing had changed are links to one file. */
export class SnapshotTrees {
  readonly #byFile = new Map<string, string>();

  /** Writes a state's tree into the store's objects. Null where the state has gone or an object of it is missing. */
  of(folders: GitFolders, index: string): string | null {
    const found = statSync(index, { throwIfNoEntry: false });
    if (found === undefined) return null;
    const file = `${found.dev}:${found.ino}:${found.mtimeMs}:${found.size}`;
    const known = this.#byFile.get(file);
    if (known !== undefined) return known;
    // missing-ok: in a partial clone git would fetch.
    const outcome = askStore(folders, ['write-tree', '--missing-ok'], { GIT_INDEX_FILE: index });
    if (outcome.status !== 'done') return null;
    const tree = outcome.output.toString('latin1').trim();
    if (this.#byFile.size >= MAX_KNOWN) this.#byFile.clear();
    this.#byFile.set(file, tree);
    return tree;
  }
}

const MAX_KNOWN = 1000;
