import { existsSync, linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from '../model/make-folder.ts';
import { firstLine, type GitFolders } from './git-folders.ts';

/**
 * Where states of work trees are kept: below what all work trees of a repository share. The shell hook
 * (src/hook/shell/claude-hook.sh) knows the same names.
 *
 *     objects/            what git stored of them, with the repository's own objects as alternates
 *     <name>.index        a state: an index into which all was added; `<name>` is that of the hook's record
 *     last-<tree>         name of the state that was kept last, from which the next one starts
 *     base-<tree>.index   that state, where its record was drained
 *     slow-<tree>         it took too long: nothing is kept until a drain has made ready for it
 *     paths-<tree>        pathspecs, NUL-separated, that leave out what is too large
 *     many-<tree>         there are so many files that hooks ask `git status` first (many-files.ts)
 *     error-<tree>        what git said last
 *     marks-<tree>/       what became of the states: before and after which call, and what those changed
 */
export interface SnapshotStore {
  readonly folder: string;
  readonly objects: string;
  readonly last: string;
  readonly base: string;
  readonly slow: string;
  readonly paths: string;
  readonly many: string;
  readonly error: string;
  readonly marks: string;
}

export function snapshotStore({ commonDir, tree }: GitFolders): SnapshotStore {
  const folder = join(commonDir, 'ai-tracker', 'snapshots');
  const at = (name: string): string => join(folder, name);
  return {
    ...{ folder, objects: at('objects'), last: at(`last-${tree}`), base: at(`base-${tree}.index`), slow: at(`slow-${tree}`) },
    ...{ paths: at(`paths-${tree}`), many: at(`many-${tree}`), error: at(`error-${tree}`) },
    marks: at(`marks-${tree}`),
  };
}

/** @throws the file system's error */
export function makeStore({ objects }: SnapshotStore): void {
  const alternates = join(objects, 'info', 'alternates');
  if (existsSync(alternates)) return;
  makeFolder(dirname(alternates));
  // Relative to the objects folder: a repository that is moved stays whole.
  writeFileSync(alternates, '../../../objects\n', { mode: 0o600 });
}

/** Starts a state from the last one, if there is one: as a link, for git replaces files and never writes into them. */
export function linkLast(store: SnapshotStore, index: string): boolean {
  const last = firstLine(store.last);
  if (last === null || last.includes('/')) return false;
  try {
    linkSync(join(store.folder, last), index);
    return true;
  } catch {
    return false;
  }
}

/**
 * Removes a state whose tree is known. The last one stays under another name, for the next to start from; a hook that keeps one
 * meanwhile has then started from an older one, which is only slower. @throws the file system's error
 */
export function dropState(index: string, store: SnapshotStore): void {
  if (firstLine(store.last) === basename(index) && existsSync(index)) {
    const temporary = `${store.base}.${process.pid}.tmp`;
    rmSync(temporary, { force: true });
    linkSync(index, temporary);
    renameSync(temporary, store.base);
    // A rename from one link of a file to another does nothing.
    rmSync(temporary, { force: true });
    writeFileSync(store.last, `${basename(store.base)}\n`, { mode: 0o600 });
  }
  rmSync(index, { force: true });
}
