import type { GitFolders } from '../git/git-folders.ts';
import { type TreeChange, treeChanges } from '../git/tree-changes.ts';

const MAX_KNOWN = 500;

export type Changes = ReadonlyMap<string, TreeChange>;

/** What differs between trees, by path, asked of git once: calls beside each other look at the same states. */
export class TreeDiffs {
  readonly #folders: GitFolders;
  readonly #known = new Map<string, Changes | null>();

  constructor(folders: GitFolders) {
    this.#folders = folders;
  }

  get folders(): GitFolders {
    return this.#folders;
  }

  /** Null where git cannot tell. */
  between(before: string, after: string): Changes | null {
    const key = `${before} ${after}`;
    let changes = this.#known.get(key);
    if (changes === undefined) {
      const found = treeChanges(this.#folders, before, after);
      changes = found === null ? null : new Map(found.map((change) => [change.path, change]));
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.set(key, changes);
    }
    return changes;
  }
}
