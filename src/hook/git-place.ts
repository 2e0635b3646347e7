import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export interface GitPlace {
  /** The work tree's top folder. */
  readonly top: string;
  /** Null on a detached head. */
  readonly branch: string | null;
  /** Null before the first commit, and where refs are stored as no file can tell (reftable). */
  readonly headSha: string | null;
}

const SHA = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Where a folder lies in git, read from git's files: starting git costs more than the whole of a hook may. */
export function gitPlace(folder: string): GitPlace | null {
  for (let top = resolve(folder), above = dirname(top); ; top = above, above = dirname(top)) {
    const dotGit = join(top, '.git');
    const found = statSync(dotGit, { throwIfNoEntry: false });
    if (found !== undefined) {
      // A work tree of `git worktree` and a submodule have a file that names the folder.
      const named = found.isDirectory() ? dotGit : /^gitdir: (.+)$/m.exec(read(dotGit) ?? '')?.[1];
      return named === undefined ? null : { top, ...headOf(resolve(top, named)) };
    }
    if (above === top) return null;
  }
}

/** @param gitFolder of the work tree, where its HEAD is */
export function headOf(gitFolder: string): Pick<GitPlace, 'branch' | 'headSha'> {
  const head = (read(join(gitFolder, 'HEAD')) ?? '').trim();
  const ref = /^ref: (\S+)$/.exec(head)?.[1];
  if (ref === undefined) return { branch: null, headSha: SHA.test(head) ? head : null };
  const common = resolve(gitFolder, (read(join(gitFolder, 'commondir')) ?? '.').trim());
  const sha = (read(join(common, ref)) ?? packed(common, ref) ?? '').trim();
  const isBranch = ref.startsWith('refs/heads/') && !ref.endsWith('/.invalid');
  return { branch: isBranch ? ref.slice('refs/heads/'.length) : null, headSha: SHA.test(sha) ? sha : null };
}

function packed(common: string, ref: string): string | null {
  const line = (read(join(common, 'packed-refs')) ?? '').split('\n').find((text) => text.endsWith(` ${ref}`));
  return line === undefined ? null : line.slice(0, line.indexOf(' '));
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
