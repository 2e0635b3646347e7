import { remoteId } from './remote-id.ts';
import { runGit } from './run-git.ts';

/** A drain asks of many events; a repository's remote changes once in its life. */
const KEPT_MS = 60_000;
const LIMIT_MS = 5000;
const MAX_KNOWN = 1000;

/** Whether git has that commit there. @param top a folder of the repository */
export const hasCommit = (top: string, sha: string): boolean =>
  runGit({ cwd: top, args: ['cat-file', '-e', `${sha}^{commit}`], limitMs: LIMIT_MS }).status === 'done';

/** Ids of repositories by a folder within each, asked of git where they are not known. */
export class RepoIds {
  readonly #known = new Map<string, { readonly id: string | null; readonly untilMs: number }>();

  /**
   * Null where there is no repository (any more), git refuses it, or it has neither remote nor commit.
   *
   * @param headSha a commit that it has: a drain may run in another container, where the same path is another repository
   */
  of(top: string, headSha: string | null, nowMs: number = Date.now()): string | null {
    const key = `${headSha ?? ''} ${top}`;
    const known = this.#known.get(key);
    if (known !== undefined && nowMs < known.untilMs) return known.id;
    const id = headSha === null || hasCommit(top, headSha) ? readRepoId(top) : null;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(key, { id, untilMs: nowMs + KEPT_MS });
    return id;
  }
}

/**
 * The remote's URL without credentials, so that all clones of a repository have one id: that of `origin`, else of the first remote.
 * Without any, the commit at the end of the first-parent line, unless the clone is shallow and ends somewhere else.
 */
export function readRepoId(top: string): string | null {
  const ask = (...args: string[]): string | null => {
    const outcome = runGit({ cwd: top, args, limitMs: LIMIT_MS });
    return outcome.status === 'done' ? outcome.output.toString('utf8') : null;
  };
  const urls = (ask('config', '--null', '--get-regexp', String.raw`^remote\..*\.url$`) ?? '').split('\0').flatMap((pair) => {
    const end = pair.indexOf('\n');
    return end < 0 ? [] : [{ key: pair.slice(0, end), url: pair.slice(end + 1) }];
  });
  const chosen = urls.find(({ key }) => key === 'remote.origin.url') ?? urls[0];
  const id = chosen === undefined ? null : remoteId(chosen.url);
  if (id !== null) return id;
  if (ask('rev-parse', '--is-shallow-repository')?.trim() !== 'false') return null;
  const roots = ask('rev-list', '--first-parent', '--max-parents=0', 'HEAD')?.trim().split('\n') ?? [];
  return roots.at(-1) || null;
}
