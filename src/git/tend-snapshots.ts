import { type Dirent, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { firstLine, type GitFolders } from './git-folders.ts';
import { noteManyFiles } from './many-files.ts';
import { type SnapshotStore, snapshotStore } from './snapshot-store.ts';
import { askStore } from './snapshot-tree.ts';

export interface SnapshotAges {
  /** States whose records nobody drained. */
  readonly stateMs: number;
  /** Contents, and what is known of the calls. */
  readonly contentMs: number;
}

/**
 * Deletes what is older from the store of a repository, for all of its work trees. The contents of the last states stay. Of this work tree it
 * notes whether it has many files.
 */
export function tendSnapshots(folders: GitFolders, { stateMs, contentMs }: SnapshotAges, nowMs: number): void {
  const store = snapshotStore(folders);
  const entries = listOf(store.folder);
  const lasts = entries.filter(({ name }) => name.startsWith('last-'));
  for (const { name } of lasts) {
    const index = firstLine(join(store.folder, name));
    // A work tree in which nothing runs any more: its contents would stay for ever.
    if (index === null || ageOf(join(store.folder, index), nowMs) > contentMs) rmSync(join(store.folder, name), { force: true });
  }
  const kept = new Set(lasts.map(({ name }) => firstLine(join(store.folder, name))));
  for (const { name } of entries) {
    const path = join(store.folder, name);
    const isState = /\.index(\.lock|\.status|\.paths|\..*tmp)?$/.test(name) && !kept.has(name);
    if (isState && ageOf(path, nowMs) > stateMs) rmSync(path, { force: true });
  }
  removeContents(folders, store, nowMs - contentMs);
  noteManyFiles(folders);
}

/** The change time: a link to an old state is new, and a content that is written again is as it was. */
function ageOf(path: string, nowMs: number): number {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? Number.POSITIVE_INFINITY : nowMs - Math.max(found.ctimeMs, found.mtimeMs);
}

function removeContents(folders: GitFolders, store: SnapshotStore, beforeMs: number): void {
  const old: { readonly id: string; readonly path: string }[] = [];
  for (const { name } of listOf(store.objects)) {
    if (!/^[0-9a-f]{2}$/.test(name)) continue;
    for (const object of listOf(join(store.objects, name))) {
      const path = join(store.objects, name, object.name);
      const found = statSync(path, { throwIfNoEntry: false });
      if (found !== undefined && found.mtimeMs < beforeMs) old.push({ id: `${name}${object.name}`, path });
    }
  }
  if (old.length === 0) return;
  const needed = new Set<string>();
  for (const { name } of listOf(store.folder)) {
    if (!name.endsWith('.index')) continue;
    const outcome = askStore(folders, ['ls-files', '--stage', '-z'], { GIT_INDEX_FILE: join(store.folder, name) });
    // Not known what it needs: all stays.
    if (outcome.status !== 'done') return;
    for (const [, id] of outcome.output.toString('latin1').matchAll(/(?:^|\0)\d+ ([0-9a-f]+) /g)) needed.add(id ?? '');
  }
  for (const { id, path } of old) if (!needed.has(id)) rmSync(path, { force: true });
}

function listOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
