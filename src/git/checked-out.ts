import type { GitFolders } from './git-folders.ts';
import { askStore } from './snapshot-tree.ts';

/** Clocks of commits count seconds. */
const SLACK_MS = 2000;
const MAX_COMMITS = 1000;

/**
 * Of a command that moved HEAD: the commit that it brought into the work tree and did not make (`git pull`, `checkout`, `reset`).
 * Null where all that is new on the way was made meanwhile (`git commit`), or HEAD stayed. A merge or a rebase that was made meanwhile
 * brings what it was made of: its newest parent from before.
 */
export function checkedOutCommit(folders: GitFolders, from: string, to: string, sinceMs: number): string | null {
  if (from === to) return null;
  const outcome = askStore(folders, [
    'rev-list',
    `--max-count=${MAX_COMMITS}`,
    '--topo-order',
    '--timestamp',
    '--parents',
    to,
    `^${from}`,
  ]);
  if (outcome.status !== 'done') return null;
  const lines = outcome.output.toString('latin1').trim().split('\n').filter(Boolean);
  // Back to an ancestor, or to what is known already.
  if (lines.length === 0) return to;
  const made = new Set<string>();
  for (const line of lines) {
    const [seconds = '', sha = ''] = line.split(' ');
    if (Number(seconds) * 1000 < sinceMs - SLACK_MS) return sha;
    made.add(sha);
  }
  // All of it is new: what it stands on is either where HEAD was, or where it was taken to before.
  const [, , ...parents] = (lines.at(-1) ?? '').split(' ');
  const base = parents.find((parent) => !made.has(parent)) ?? null;
  return base === from ? null : base;
}
