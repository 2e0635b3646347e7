import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GitFolders } from './git-folders.ts';
import { snapshotStore } from './snapshot-store.ts';

/** After that the filter is tried again: it may have been installed. */
const TRY_AGAIN_MS = 86_400_000;
const FAILED = /clean filter '([^'\n]+)' failed/;

/** What hooks have git read beside its configuration (`include.path`); not there as a rule. */
export const snapshotConfig = (folders: GitFolders): string => join(snapshotStore(folders).folder, `config-${folders.tree}`);

/**
 * A filter that `.gitattributes` ask for, that is required and cannot run (`git lfs` that is not installed) makes git give up a state as a
 * whole. The states that follow are kept without it: its files are seen as they lie there.
 *
 * @returns what a person should know; null where git failed for another reason
 * @throws the file system's error
 */
export function noteBrokenFilter(folders: GitFolders): string | null {
  const filter = FAILED.exec(read(snapshotStore(folders).error))?.[1];
  if (filter === undefined) return null;
  const config = snapshotConfig(folders);
  const known = read(config);
  const section = `[filter "${filter.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"]`;
  if (!known.includes(section))
    writeFileSync(config, `${known}${section}\n\tclean =\n\tprocess =\n\trequired = false\n`, { mode: 0o600 });
  return told(filter, folders);
}

/** What is left out of the states of a work tree; null where nothing is. */
export function brokenFilter(folders: GitFolders): { readonly filter: string; readonly message: string } | null {
  const filter = /^\[filter "(.*)"\]$/m.exec(read(snapshotConfig(folders)))?.[1];
  return filter === undefined ? null : { filter, message: told(filter, folders) };
}

/** @throws the file system's error */
export function forgetOldFilters(folders: GitFolders, nowMs: number): void {
  const config = snapshotConfig(folders);
  const found = statSync(config, { throwIfNoEntry: false });
  if (found !== undefined && nowMs - found.mtimeMs > TRY_AGAIN_MS) rmSync(config, { force: true });
}

const told = (filter: string, { top }: GitFolders): string =>
  `git’s filter ${filter} cannot run in ${top}: its files are seen as they lie there, not as git would store them`;

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
