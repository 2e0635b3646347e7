import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GitFolders } from './git-folders.ts';

/** Commits of a shallow clone whose parents were not fetched, by their full names. */
export function cutOffCommits({ commonDir }: Pick<GitFolders, 'commonDir'>): Set<string> {
  try {
    return new Set(readFileSync(join(commonDir, 'shallow'), 'utf8').split('\n').filter(Boolean));
  } catch {
    return new Set();
  }
}
