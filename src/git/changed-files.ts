import { askRepository } from './ask-repository.ts';
import { DIFF_RULES, type DiffRange, treesOf } from './diff-rules.ts';
import type { GitFolders } from './git-folders.ts';

/** One file that differs between two commits or trees. */
export interface ChangedFile {
  /** Below the top folder, with forward slashes. Of a deleted file, where it was. */
  readonly path: string;
  /** Of a renamed file only. */
  readonly previousPath: string | null;
  /** Null: was not there, or is not. Of a submodule, the commit. */
  readonly blobBefore: string | null;
  readonly blobAfter: string | null;
  /** As git writes them: `100644`; null as above. */
  readonly modeBefore: string | null;
  readonly modeAfter: string | null;
  /** A submodule, on one side at least. */
  readonly isGitlink: boolean;
  readonly isSymlink: boolean;
  /** As `git show --numstat` counts them; null: git takes the content for binary, or has not got it. */
  readonly added: number | null;
  readonly removed: number | null;
}

/**
 * What differs between two commits or trees, file by file; renames are found as git finds them by default. In one process.
 * Null where git cannot tell: an object is missing.
 * @param from null: the empty tree, for what a first commit brought
 */
export function changedFiles(folders: GitFolders, from: string | null, to: string): ChangedFile[] | null {
  const range = treesOf(from, to);
  // A partial clone may lack contents, and with them the counts and all renames but those of equal content.
  return ask(folders, range, ['--find-renames', '--numstat']) ?? ask(folders, range, ['--find-renames=100%']);
}

function ask(folders: GitFolders, { from, to }: DiffRange, wanted: readonly string[]): ChangedFile[] | null {
  const outcome = askRepository(folders, { args: [...DIFF_RULES, '--raw', ...wanted, from, to, '--'] });
  return outcome.status === 'done' ? readChangedFiles(outcome.output) : null;
}

type RawFile = Omit<ChangedFile, 'added' | 'removed'>;

const SUBMODULE = '160000';
const SYMLINK = '120000';
const NONE = /^0+$/;
const NUL = 0;

/** `end`: where the part ends that tells of all files before any content. */
export interface RawPart {
  readonly files: RawFile[];
  readonly end: number;
}

/** `:<mode> <mode> <blob> <blob> <letter>\0<path>\0` for each file, with two paths where it was renamed. */
export function readRawPart(output: Buffer): RawPart {
  const files: RawFile[] = [];
  let at = 0;
  const next = (): string => {
    const end = output.indexOf(NUL, at);
    const text = output.toString('utf8', at, end < 0 ? output.length : end);
    at = end < 0 ? output.length : end + 1;
    return text;
  };
  while (output[at] === 0x3a) {
    const [before = '', after = '', blobBefore = '', blobAfter = '', letter = ''] = next().slice(1).split(' ');
    const path = next();
    const isMoved = letter.startsWith('R');
    files.push({
      path: isMoved ? next() : path,
      previousPath: isMoved ? path : null,
      blobBefore: known(blobBefore),
      blobAfter: known(blobAfter),
      modeBefore: known(before),
      modeAfter: known(after),
      isGitlink: before === SUBMODULE || after === SUBMODULE,
      isSymlink: before === SYMLINK || after === SYMLINK,
    });
  }
  return { files, end: at };
}

const known = (text: string): string | null => (NONE.test(text) ? null : text);

/** Then `<added>\t<removed>\t<path>\0` for each, or `<added>\t<removed>\t\0<path>\0<path>\0` where it was renamed. */
function readChangedFiles(output: Buffer): ChangedFile[] {
  const { files, end } = readRawPart(output);
  const parts = output.toString('utf8', end).split('\0');
  const counts = new Map<string, readonly [added: number | null, removed: number | null]>();
  for (let i = 0; i < parts.length; i++) {
    const [added, removed, ...rest] = (parts[i] ?? '').split('\t');
    if (added === undefined || removed === undefined) continue;
    let path = rest.join('\t');
    if (path === '') path = parts[(i += 2)] ?? '';
    counts.set(path, [countOf(added), countOf(removed)]);
  }
  return files.map((file) => {
    const [added, removed] = counts.get(file.path) ?? [null, null];
    return { ...file, added, removed };
  });
}

const countOf = (text: string): number | null => (/^\d+$/.test(text) ? Number(text) : null);
