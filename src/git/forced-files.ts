import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GitFolders } from './git-folders.ts';
import { runGit } from './run-git.ts';
import { snapshotStore } from './snapshot-store.ts';

const LIMIT_MS = 10_000;

/** Not empty: some files are tracked although ignore rules name them. The shell hook knows it. */
export const forcedNote = (folders: GitFolders): string => join(snapshotStore(folders).folder, `forced-${folders.tree}`);

/**
 * Notes whether files are tracked that git ignores (`git add -f`). They get into a state only with the repository's own index: where there are
 * any, hooks start from that one whenever it is newer than the last state. Once is enough: where a branch without them is checked out,
 * they may come back. @throws the file system's error
 */
export function noteForcedFiles(folders: GitFolders): void {
  const note = statSync(forcedNote(folders), { throwIfNoEntry: false });
  const index = statSync(join(folders.gitDir, 'index'), { throwIfNoEntry: false });
  if (index === undefined || (note !== undefined && (note.size > 0 || note.mtimeMs > index.mtimeMs))) return;
  const outcome = runGit({
    cwd: folders.top,
    args: ['ls-files', '--cached', '--ignored', '--exclude-standard', '-z'],
    limitMs: LIMIT_MS,
  });
  if (outcome.status === 'done') writeFileSync(forcedNote(folders), outcome.output.length > 0 ? '1\n' : '', { mode: 0o600 });
}

/** Whether a state is to start from the repository's own index rather than from the last state. */
export function startsAnew(folders: GitFolders, last: string): boolean {
  const timeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return (
    (statSync(forcedNote(folders), { throwIfNoEntry: false })?.size ?? 0) > 0 &&
    timeOf(join(folders.gitDir, 'index')) > timeOf(last)
  );
}
