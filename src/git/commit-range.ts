import { askRepository } from './ask-repository.ts';
import type { GitFolders } from './git-folders.ts';
import { resolveRevision } from './resolve-revision.ts';

export type RangeOutcome =
  | { readonly what: 'done'; readonly shas: readonly string[] }
  | { readonly what: 'failed'; readonly message: string };

/** Branches from which others are taken to have been started, the likeliest first. */
const BASES = ['refs/remotes/origin/HEAD', 'refs/remotes/origin/main', 'refs/remotes/origin/master', 'main', 'master'];

/**
 * The commits of a range, the newest first: `A..B` and all else that git has for it; of a branch, what its base lacks; of the base
 * itself, or what it has already, all of its history; of a pull request (`#12`), the commits that were squashed or merged as it.
 */
export function commitsOfRange(folders: GitFolders, range: string): RangeOutcome {
  const request = /^(?:#|pr[/:#]?)(\d+)$/i.exec(range)?.[1];
  if (request !== undefined) return commitsOfRequest(folders, Number(request));
  if (range.startsWith('-')) return { what: 'failed', message: `${range} is no range of commits` };
  if (range.includes('..')) return revList(folders, [range]);
  const sha = resolveRevision(folders, range);
  if (sha === null) return { what: 'failed', message: `git knows no ${range} here` };
  const base = BASES.map((name) => resolveRevision(folders, name)).find((found) => found !== null) ?? null;
  if (base === null || base === sha) return revList(folders, [sha]);
  const own = revList(folders, [sha, `^${base}`]);
  return own.what === 'done' && own.shas.length === 0 ? revList(folders, [sha]) : own;
}

function revList(folders: GitFolders, args: readonly string[]): RangeOutcome {
  const outcome = askRepository(folders, { args: ['rev-list', ...args, '--'] });
  if (outcome.status !== 'done') return { what: 'failed', message: outcome.message };
  return { what: 'done', shas: outcome.output.toString('latin1').split('\n').filter(Boolean) };
}

/** By the subjects that forges write. */
function commitsOfRequest(folders: GitFolders, number: number): RangeOutcome {
  const outcome = askRepository(folders, {
    args: [
      'log',
      '--exclude=refs/original/*',
      '--all',
      '--no-show-signature',
      '--format=%H %P%x00%s%x00',
      `--grep=#${number}`,
      '--fixed-strings',
    ],
  });
  if (outcome.status !== 'done') return { what: 'failed', message: outcome.message };
  const parts = outcome.output.toString('utf8').split('\0');
  const shas = new Set<string>();
  for (let n = 0; n + 1 < parts.length; n += 2) {
    const [sha = '', first, second] = (parts[n] ?? '').trim().split(' ');
    const subject = parts[n + 1] ?? '';
    if (new RegExp(`\\(#${number}\\)$`).test(subject)) shas.add(sha);
    if (!new RegExp(`^Merge pull request #${number}\\b`).test(subject)) continue;
    shas.add(sha);
    const merged = second === undefined ? null : revList(folders, [second, `^${first}`]);
    if (merged?.what === 'done') for (const one of merged.shas) shas.add(one);
  }
  return shas.size > 0
    ? { what: 'done', shas: [...shas] }
    : { what: 'failed', message: `no commit here says that it is of pull request #${number}` };
}

/** Commits that a merge brought in beside its first parent. */
export function mergedCommits(folders: GitFolders, first: string, second: string): readonly string[] {
  const outcome = revList(folders, [second, `^${first}`]);
  return outcome.what === 'done' ? outcome.shas : [];
}
