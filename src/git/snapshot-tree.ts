import { statSync } from 'node:fs';
import type { GitFolders } from './git-folders.ts';
import { type GitOutcome, runGit } from './run-git.ts';
import { snapshotStore } from './snapshot-store.ts';

const LIMIT_MS = 10_000;
const MAX_KNOWN = 1000;
const KNOWN_MS = 60_000;

/**
 * Commands on kept states need no work tree. With the repository named, git doesn't ask whose it is (`safe.directory`): a drain may run
 * as root. None of these commands starts a program that the repository's configuration names.
 */
export function askStore(folders: GitFolders, args: readonly string[], env: Readonly<Record<string, string>> = {}): GitOutcome {
  const store = snapshotStore(folders);
  const repository = { GIT_DIR: folders.gitDir, GIT_OBJECT_DIRECTORY: store.objects };
  return runGit({ cwd: store.folder, args, limitMs: LIMIT_MS, env: { ...repository, ...env } });
}

/** Trees of kept states. States in which nothing had changed are links to one file: their tree is asked for once a minute. */
export class SnapshotTrees {
  readonly #byFile = new Map<string, string>();
  #sinceMs = performance.now();

  /** To be called where contents were removed: the tree of a state that lives on is then written anew. */
  forget(): void {
    this.#byFile.clear();
  }

  /** Writes a state's tree into the store's objects. Null where the state has gone or an object of it is missing. */
  of(folders: GitFolders, index: string): string | null {
    const found = statSync(index, { throwIfNoEntry: false });
    if (found === undefined) return null;
    const file = `${found.dev}:${found.ino}:${found.mtimeMs}:${found.size}`;
    if (performance.now() - this.#sinceMs > KNOWN_MS || this.#byFile.size >= MAX_KNOWN) {
      // Another process may have removed an old tree meanwhile.
      this.forget();
      this.#sinceMs = performance.now();
    }
    const known = this.#byFile.get(file);
    if (known !== undefined) return known;
    // missing-ok: in a partial clone git would fetch.
    const outcome = askStore(folders, ['write-tree', '--missing-ok'], { GIT_INDEX_FILE: index });
    if (outcome.status !== 'done') return null;
    const tree = outcome.output.toString('latin1').trim();
    this.#byFile.set(file, tree);
    return tree;
  }
}
