import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { type GitFolders, gitFolders } from '../git/git-folders.ts';

export interface PlacedFile {
  readonly folders: GitFolders;
  /** Below the top folder, with forward slashes. */
  readonly path: string;
}

/** The repository in which a file lies, or lay: its folder may be gone. Null where there is none on this machine. */
export function repositoryOfPath(file: string): PlacedFile | null {
  if (!isAbsolute(file)) return null;
  const folder = realFolder(dirname(file));
  if (folder === null) return null;
  for (let top = folder.real, above = dirname(top); ; top = above, above = dirname(top)) {
    const folders = gitFolders(top);
    if (folders !== null) {
      const path = relative(top, join(folder.real, folder.rest, basename(file)));
      return path.startsWith('..') || path.startsWith(`.git${sep}`) ? null : { folders, path: path.split(sep).join('/') };
    }
    if (above === top) return null;
  }
}

/** Without links, as far as it is there. */
function realFolder(folder: string): { readonly real: string; readonly rest: string } | null {
  for (let at = folder, rest = ''; ; rest = join(basename(at), rest), at = dirname(at)) {
    try {
      return { real: realpathSync(at), rest };
    } catch {
      if (dirname(at) === at) return null;
    }
  }
}
