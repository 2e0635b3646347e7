import { copyFileSync, existsSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { snapshotConfig } from './broken-filters.ts';
import { startsAnew } from './forced-files.ts';
import { firstLine, type GitFolders, gitFolders } from './git-folders.ts';
import { runGit } from './run-git.ts';
import { linkLast, makeStore, type SnapshotStore, snapshotStore } from './snapshot-store.ts';

/** An agent waits for it, twice a command. */
export const SNAPSHOT_LIMIT_MS = 2000;

/** Why no state was kept; the names of counters, with `snapshot_` before them. */
export type SnapshotMiss = 'no_git' | 'suspended' | 'timeout' | 'failed';

export type SnapshotOutcome =
  /** `index` is what the state lies in. */
  | { readonly status: 'taken'; readonly index: string }
  | { readonly status: 'missed'; readonly miss: SnapshotMiss; readonly message: string };

export interface SnapshotWish {
  /** Top folder of the work tree. */
  readonly top: string;
  /** No two hooks choose the same. */
  readonly name: string;
}

/**
 * Keeps the state of a work tree: all of its files that git does not ignore, without a touch of the repository's own index and
 * objects. What the shell hook does, for where there is no shell. It takes as long as `git status`.
 */
export function takeSnapshot({ top, name }: SnapshotWish): SnapshotOutcome {
  const folders = gitFolders(top);
  if (folders === null) return missed('no_git', `${top} is no work tree of git`);
  const store = snapshotStore(folders);
  if (existsSync(store.slow)) return missed('suspended', `keeping the state of ${top} took more than ${SNAPSHOT_LIMIT_MS} ms`);
  const index = join(store.folder, `${name}.index`);
  try {
    makeStore(store);
    const last = join(store.folder, firstLine(store.last) ?? '');
    if (startsAnew(folders, last) || !linkLast(store, index)) copyIndex(folders, index);
  } catch (error) {
    return missed('failed', `cannot keep the state of ${top} in ${store.folder}: ${(error as Error).message}`);
  }
  const outcome = addAll(folders, store, index, SNAPSHOT_LIMIT_MS);
  if (outcome.status === 'done' || (outcome.status === 'failed' && outcome.code === 1)) {
    writeFileSync(store.last, `${basename(index)}\n`, { mode: 0o600 });
    return { status: 'taken', index };
  }
  for (const file of [index, `${index}.lock`, store.last]) rmSync(file, { force: true });
  writeFileSync(store.error, `${outcome.message}\n`, { mode: 0o600 });
  if (outcome.status === 'no git') return missed('no_git', outcome.message);
  if (outcome.status === 'failed') return missed('failed', outcome.message);
  writeFileSync(store.slow, '', { mode: 0o600 });
  return missed('timeout', outcome.message);
}

const missed = (miss: SnapshotMiss, message: string): SnapshotOutcome => ({ status: 'missed', miss, message });

/**
 * The repository's own index, which spares git a look into files that are as they were when it was written. With its time, by which
 * git knows which files may have changed within that tick.
 */
export function copyIndex({ top, gitDir }: GitFolders, index: string): void {
  const own = join(gitDir, 'index');
  const found = statSync(own, { throwIfNoEntry: false });
  if (found === undefined) {
    // Nothing was added yet, and git writes no index where there is nothing to add.
    runGit({ cwd: top, args: ['read-tree', '--empty'], limitMs: SNAPSHOT_LIMIT_MS, env: { GIT_INDEX_FILE: index } });
    return;
  }
  copyFileSync(own, index);
  utimesSync(index, found.atimeMs / 1000, found.mtimeMs / 1000);
}

/** Ends with 1 where some files could not be read: all others are in. */
export function addAll(folders: GitFolders, store: SnapshotStore, index: string, limitMs: number): ReturnType<typeof runGit> {
  const paths = existsSync(store.paths) ? [`--pathspec-from-file=${store.paths}`, '--pathspec-file-nul'] : [];
  return runGit({
    cwd: folders.top,
    args: [...SNAPSHOT_CONFIG, '-c', `include.path=${snapshotConfig(folders)}`, 'add', '-A', '--ignore-errors', ...paths],
    limitMs,
    env: { GIT_INDEX_FILE: index, GIT_OBJECT_DIRECTORY: store.objects },
  });
}

/** An index in one piece and without a checksum, line ends that do not agree are no error, and no wait for the disk. */
const SNAPSHOT_CONFIG = ['core.splitIndex=false', 'core.safecrlf=false', 'core.fsync=none', 'index.skipHash=true'].flatMap(
  (setting) => ['-c', setting],
);
