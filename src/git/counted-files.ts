import { askRepository } from './ask-repository.ts';
import { DIFF_RULES } from './diff-rules.ts';
import type { GitFolders } from './git-folders.ts';

/** How many lines a commit added to a file and removed from it. */
export interface CountedFile {
  readonly path: string;
  readonly added: number;
  readonly removed: number;
}

/** Options of `diff-tree` that hold for many commits at once. */
const RULES = DIFF_RULES.filter((rule) => rule !== '--no-commit-id');

/**
 * Counts lines of many commits in one process of git, as `git show --numstat` does; binary files and merges have none. Null where git
 * cannot tell: an object is missing.
 */
export function countedFiles(folders: GitFolders, shas: readonly string[]): Map<string, CountedFile[]> | null {
  const found = new Map<string, CountedFile[]>();
  if (shas.length === 0) return found;
  const outcome = askRepository(folders, {
    args: [...RULES, '--stdin', '--root', '--find-renames', '--numstat'],
    input: shas.map((sha) => `${sha}\n`).join(''),
  });
  if (outcome.status !== 'done') return null;
  const parts = outcome.output.toString('utf8').split('\0');
  let files: CountedFile[] = [];
  for (let n = 0; n < parts.length; n++) {
    const part = parts[n] ?? '';
    // A commit's name ends with NUL under `-z`; of a renamed file the two paths follow.
    const sha = /^\n?([0-9a-f]{40}(?:[0-9a-f]{24})?)\n?$/.exec(part)?.[1];
    if (sha !== undefined) {
      found.set(sha, (files = []));
      continue;
    }
    const [, added, removed, path] = /^\n?(\d+|-)\t(\d+|-)\t(.*)$/s.exec(part) ?? [];
    if (added === undefined) continue;
    const name = path === '' ? (parts[(n += 2)] ?? '') : (path ?? '');
    if (added !== '-') files.push({ path: name, added: Number(added), removed: Number(removed) });
  }
  return found;
}
