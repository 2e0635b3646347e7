import type { GitFolders } from './git-folders.ts';
import { askStore } from './snapshot-tree.ts';

/** One file's difference between two trees. */
export interface TreeChange {
  /** Below the top folder, with forward slashes. */
  readonly path: string;
  /** Null: was not there, or is not. */
  readonly blobBefore: string | null;
  readonly blobAfter: string | null;
  /** As git counts them; null for binary content. */
  readonly linesAdded: number | null;
  readonly linesRemoved: number | null;
}

const SUBMODULE = '160000';
const NONE = /^0+$/;

/**
 * What differs between two trees, file by file; a moved file is one that went and one that came. Modes alone are no difference, and
 * what a submodule holds belongs to the submodule. Null where git cannot tell.
 */
export function treeChanges(folders: GitFolders, before: string, after: string): TreeChange[] | null {
  if (before === after) return [];
  const outcome = askStore(folders, [
    ...['diff-tree', '-r', '-z', '--raw', '--numstat', '--no-renames', '--no-abbrev', '--no-ext-diff', '--no-textconv'],
    ...[before, after, '--'],
  ]);
  return outcome.status === 'done' ? readChanges(outcome.output.toString('utf8')) : null;
}

/** `:<mode> <mode> <blob> <blob> <letter>\0<path>\0` for each file, then `<added>\t<removed>\t<path>\0` for each. */
function readChanges(text: string): TreeChange[] {
  const parts = text.split('\0');
  const counts = new Map<string, readonly [added: number | null, removed: number | null]>();
  const files: { path: string; blobBefore: string | null; blobAfter: string | null }[] = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? '';
    if (part.startsWith(':')) {
      const [modeBefore = '', modeAfter = '', before = '', after = ''] = part.slice(1).split(' ');
      const path = parts[++i] ?? '';
      if (modeBefore === SUBMODULE || modeAfter === SUBMODULE || before === after) continue;
      files.push({ path, blobBefore: NONE.test(before) ? null : before, blobAfter: NONE.test(after) ? null : after });
    } else {
      const [added = '', removed = '', ...path] = part.split('\t');
      counts.set(path.join('\t'), [countOf(added), countOf(removed)]);
    }
  }
  return files.map((file) => {
    const [linesAdded, linesRemoved] = counts.get(file.path) ?? [null, null];
    return { ...file, linesAdded, linesRemoved };
  });
}

const countOf = (text: string): number | null => (/^\d+$/.test(text) ? Number(text) : null);
