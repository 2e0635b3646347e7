import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GitFolders } from './git-folders.ts';
import { runGit } from './run-git.ts';
import { type SnapshotStore, snapshotStore } from './snapshot-store.ts';
import { addAll, copyIndex, SNAPSHOT_LIMIT_MS } from './take-snapshot.ts';

/** Of one file. Reading and packing takes about a second for 100 MB, which a hook hasn't got. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const LONGEST_MS = 60_000;
const RETRY_MS = 600_000;

export type Preparing =
  /** Nothing to do, or not yet. */
  | { readonly status: 'ready' | 'waiting' }
  /** Hooks keep states again; without files that are too large. */
  | { readonly status: 'prepared'; readonly leftOut: readonly string[] }
  /** It takes too long here, with all files known. */
  | { readonly status: 'too slow'; readonly message: string };

/**
 * Where keeping a state took too long: does it once with time, beside the agent, without what is too large, and lets hooks go on if it is
 * quick from then on. Else it tries again after ten minutes.
 */
export function prepareSnapshots(folders: GitFolders, nowMs: number): Preparing {
  const store = snapshotStore(folders);
  const slow = statSync(store.slow, { throwIfNoEntry: false });
  if (slow === undefined) return { status: 'ready' };
  // Empty: not tried since.
  if (slow.size > 0 && nowMs - slow.mtimeMs < RETRY_MS) return { status: 'waiting' };
  const index = store.base;
  const tooSlow = (message: string): Preparing => {
    writeFileSync(store.slow, `${message}\n`, { mode: 0o600 });
    return { status: 'too slow', message };
  };
  rmSync(index, { force: true });
  copyIndex(folders, index);
  const leftOut = leaveOutLarge(folders, store, index);
  const first = addAll(folders, store, index, LONGEST_MS);
  if (first.status !== 'done' && !(first.status === 'failed' && first.code === 1)) return tooSlow(first.message);
  const startedMs = performance.now();
  addAll(folders, store, index, LONGEST_MS);
  const tookMs = performance.now() - startedMs;
  // With room for a machine that has more to do then.
  if (tookMs > SNAPSHOT_LIMIT_MS / 2)
    return tooSlow(`keeping the state of ${folders.top} takes ${Math.round(tookMs)} ms where nothing changed`);
  writeFileSync(store.last, `base-${folders.tree}.index\n`, { mode: 0o600 });
  rmSync(store.slow, { force: true });
  return { status: 'prepared', leftOut };
}

/** What git would have to read, and is too large: others are left as the index has them. */
function leaveOutLarge({ top }: GitFolders, store: SnapshotStore, index: string): string[] {
  rmSync(store.paths, { force: true });
  const outcome = runGit({
    cwd: top,
    args: ['ls-files', '--others', '--modified', '--exclude-standard', '-z'],
    limitMs: LONGEST_MS,
    env: { GIT_INDEX_FILE: index },
  });
  if (outcome.status !== 'done') return [];
  const large = outcome.output
    .toString('utf8')
    .split('\0')
    .filter((path) => path !== '' && (statSync(join(top, path), { throwIfNoEntry: false })?.size ?? 0) > MAX_FILE_BYTES);
  if (large.length === 0) return [];
  const pathspecs = [':(top)', ...large.map((path) => `:(top,exclude,literal)${path}`)];
  writeFileSync(store.paths, pathspecs.map((pathspec) => `${pathspec}\0`).join(''), { mode: 0o600 });
  return large;
}
