import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstLine, type GitFolders } from './git-folders.ts';
import { runGit } from './run-git.ts';
import { type SnapshotStore, snapshotStore } from './snapshot-store.ts';

/**
 * Size of an index from which hooks ask `git status` first: about 10,000 files. Below, the second process that a change then takes costs
 * more than what the first one saves.
 */
const MANY_BYTES = 1024 * 1024;
/** Of git: the first whose untracked cache holds all untracked files, not only their folders. */
const SINCE = [2, 36] as const;
const LIMIT_MS = 2000;
/** A second that no clock shows again. */
const LONG_AGO_S = 1_000_000_000;

/**
 * Tells hooks whether to look for changes by `git status` with its untracked cache, which reads no folder again whose time is as it was: half
 * the time of `git add -A` in a work tree of 200,000 files. Not where folders have no such times. @throws the file system's error
 */
export function noteManyFiles(folders: GitFolders): void {
  const store = snapshotStore(folders);
  const last = firstLine(store.last);
  const size = last === null ? undefined : statSync(join(store.folder, last), { throwIfNoEntry: false })?.size;
  if (size === undefined) return;
  const isNoted = statSync(store.many, { throwIfNoEntry: false }) !== undefined;
  if (size < MANY_BYTES) {
    if (isNoted) rmSync(store.many, { force: true });
  } else if (!isNoted && isOneDisk(folders, store) && keepsFolderTimes(store.folder) && hasUntrackedCache(store)) {
    writeFileSync(store.many, '', { mode: 0o600 });
  }
}

/** The store's folder is where the next can be tried out. */
const isOneDisk = ({ top }: GitFolders, { folder }: SnapshotStore): boolean => statSync(top).dev === statSync(folder).dev;

/** Whether a folder's time changes with every entry that comes or goes: not so on some network disks and in some virtual machines. */
function keepsFolderTimes(folder: string): boolean {
  const tried = mkdtempSync(join(folder, 'tried-'));
  const changesBy = (work: () => void): boolean => {
    utimesSync(tried, LONG_AGO_S, LONG_AGO_S);
    work();
    return statSync(tried).mtimeMs !== LONG_AGO_S * 1000;
  };
  const file = join(tried, 'file');
  try {
    return changesBy(() => writeFileSync(file, '')) && changesBy(() => rmSync(file));
  } finally {
    rmSync(tried, { recursive: true, force: true });
  }
}

function hasUntrackedCache({ folder }: SnapshotStore): boolean {
  const outcome = runGit({ cwd: folder, args: ['--version'], limitMs: LIMIT_MS });
  const found = outcome.status === 'done' ? /(\d+)\.(\d+)/.exec(outcome.output.toString('latin1')) : null;
  if (found === null) return false;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  return major > SINCE[0] || (major === SINCE[0] && minor >= SINCE[1]);
}
