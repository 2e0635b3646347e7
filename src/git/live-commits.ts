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
export const refsState = (folders: GitFolders): string | null => refsOf(folders)?.state ?? null;

/** What refs and HEADs name, each once. `own`: without what only a remote's branch names. */
export interface RefTips {
  readonly all: readonly string[];
  readonly own: readonly string[];
}

/** The state as above, and where the refs lead that make a commit live. */
export function refsOf(folders: GitFolders): { readonly state: string; readonly tips: RefTips } | null {
  const outcome = askRepository(folders, { args: ['for-each-ref', '--format=%(objectname) %(refname)'] });
  if (outcome.status !== 'done') return null;
  const state = createHash('sha256').update(outcome.output);
  const [all, own] = [new Set<string>(), new Set<string>()];
  for (const line of outcome.output.toString('utf8').split('\n')) {
    const [, sha, name] = /^([0-9a-f]+) (.+)$/.exec(line) ?? [];
    if (sha === undefined || name === undefined || name.startsWith('refs/original/')) continue;
    all.add(sha);
    if (!name.startsWith('refs/remotes/')) own.add(sha);
  }
  for (const head of headFiles(folders.commonDir)) {
    const text = textOf(head);
    state.update(`${head}\0${text}\0`);
    const sha = text.trim();
    if (!/^[0-9a-f]{40,64}$/.test(sha)) continue;
    all.add(sha);
    own.add(sha);
  }
  return { state: state.digest('hex').slice(0, 32), tips: { all: [...all], own: [...own] } };
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
