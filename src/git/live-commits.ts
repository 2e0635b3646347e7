import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { askRepository } from './ask-repository.ts';
import type { GitFolders } from './git-folders.ts';

/** What filter-branch keeps of what it rewrote. */
const LEFT_OUT = '--exclude=refs/original/*';

/**
 * Those of the commits that a ref or the HEAD of a work tree still leads to. Null where git cannot tell. It takes a walk down to the oldest of
 * them: ask again only where `refsState` says something else.
 * @param shas full names
 * @param by `own refs`: what only a remote's branch leads to is not counted
 */
export function liveCommits(
  folders: GitFolders,
  shas: readonly string[],
  by: 'any ref' | 'own refs' = 'any ref',
): Set<string> | null {
  if (shas.length === 0) return new Set();
  const input = shas.map((sha) => `${sha}\n`).join('');
  const there = askRepository(folders, { args: ['cat-file', '--batch-check=%(objectname) %(objecttype)', '--buffer'], input });
  if (there.status !== 'done') return null;
  const commits = there.output
    .toString('latin1')
    .split('\n')
    .flatMap((line) => /^([0-9a-f]+) commit$/.exec(line)?.[1] ?? []);
  if (commits.length === 0) return new Set();
  const unreached = askRepository(folders, {
    // The HEADs of all work trees are among `--all`.
    args: ['rev-list', '--stdin', '--not', LEFT_OUT, ...(by === 'own refs' ? ['--exclude=refs/remotes/*'] : []), '--all'],
    input: commits.map((sha) => `${sha}\n`).join(''),
  });
  if (unreached.status !== 'done') return null;
  const dead = new Set(unreached.output.toString('latin1').split('\n'));
  return new Set(commits.filter((sha) => !dead.has(sha)));
}

/** Changes whenever a ref or the HEAD of a work tree does, and with them perhaps what is live. Null where git cannot tell. */
export function refsState(folders: GitFolders): string | null {
  const outcome = askRepository(folders, { args: ['for-each-ref', '--format=%(objectname) %(refname)'] });
  if (outcome.status !== 'done') return null;
  const state = createHash('sha256').update(outcome.output);
  for (const head of headFiles(folders.commonDir)) state.update(`${head}\0${textOf(head)}\0`);
  return state.digest('hex').slice(0, 32);
}

function headFiles(commonDir: string): string[] {
  const trees = join(commonDir, 'worktrees');
  return [join(commonDir, 'HEAD'), ...namesIn(trees).map((name) => join(trees, name, 'HEAD'))];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
