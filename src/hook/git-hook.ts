import { isAbsolute, resolve } from 'node:path';
import type { HookContext } from './hook-event.ts';
import { isObject } from './json-read.ts';
import { partsOfSpooledHook, type SpooledHookShape } from './spooled-hook.ts';

/** What one hook of git told: a commit, a rewrite, a merge, a checkout. */
export interface GitHookEvent {
  /** `post-commit`, `post-rewrite`, … */
  readonly hook: string;
  /** As git gave them. */
  readonly args: readonly string[];
  /** Epoch milliseconds at which the hook ran. */
  readonly timeMs: number;
  readonly place: {
    readonly cwd: string | null;
    /** The work tree's top folder. */
    readonly top: string | null;
    readonly gitDir: string;
    /** What all work trees of the repository share. */
    readonly commonDir: string;
    /** Null on a detached head. */
    readonly branch: string | null;
    readonly headSha: string | null;
  };
  /** Of `post-rewrite`: which commit took the place of which. */
  readonly rewritten: readonly { readonly from: string; readonly to: string }[];
  /** Commits of the stashes that are kept, newest last. */
  readonly stashes: readonly string[];
  /** Commits that a squash merge took, as `SQUASH_MSG` lists them. */
  readonly squashed: readonly string[];
  /** Last step of HEAD. */
  readonly reflog: { readonly from: string; readonly to: string; readonly message: string } | null;
  readonly context: HookContext;
  readonly claudeSession: string | null;
  /** git was started by a command of Claude Code. */
  readonly insideClaude: boolean;
}

export type GitHookReading =
  | { readonly what: 'event'; readonly event: GitHookEvent }
  /** Of no use to us: `not_json`, `no_hook`, `no_git_dir`. Counted, never an error. */
  | { readonly what: 'ignored'; readonly reason: string };

/** A record of the spool, as far as git's hooks concern it. */
export interface SpooledGitShape extends SpooledHookShape {
  readonly git?: {
    readonly hook: string;
    readonly args: string;
    readonly gitDir: string;
    readonly commonDir: string;
    readonly claudeSession: string | null;
    readonly insideClaude: boolean;
  };
}

/** What a hook of git found out, before it is read: the parts of a spooled payload, or the fields of a body. */
interface Told {
  readonly stdin: string;
  readonly stash: string;
  readonly reflog: string;
  readonly squash: string;
}

/** Reads a record of `git-hook.sh` or `ai-tracker hook git`, or a body of `POST /v1/hooks/git`. Pure. */
export function readGitHook(record: SpooledGitShape): GitHookReading {
  const [payload, context, place, timeMs] = partsOfSpooledHook(record);
  if (record.git === undefined) return readBody(payload, context, timeMs);
  const { hook, args, gitDir, commonDir, claudeSession, insideClaude } = record.git;
  const git = place.git;
  return {
    what: 'event',
    event: {
      ...{ hook, args: wordsOf(args), timeMs },
      place: {
        ...{ cwd: place.cwd, top: git?.top ?? null, gitDir, commonDir },
        ...{ branch: git?.branch ?? null, headSha: git?.headSha ?? null },
      },
      ...readTold(hook, args, partsOfPayload(payload)),
      ...{ context, claudeSession, insideClaude },
    },
  };
}

/** `<name>\0<content>\0 …`; of two parts of one name, the last. */
function partsOfPayload(payload: string): Told {
  const pieces = payload.split('\0');
  const found = new Map<string, string>();
  for (let i = 0; i + 1 < pieces.length; i += 2) found.set(pieces[i] ?? '', pieces[i + 1] ?? '');
  const part = (name: string): string => found.get(name) ?? '';
  return { stdin: part('stdin'), stash: part('stash'), reflog: part('reflog'), squash: part('squash') };
}

/** A sender on another machine has no spool of ours: its body has a field for each thing (docs/receiver.md). */
function readBody(payload: string, context: HookContext, timeMs: number): GitHookReading {
  let body: unknown;
  try {
    body = JSON.parse(payload);
  } catch {
    return { what: 'ignored', reason: 'not_json' };
  }
  if (!isObject(body)) return { what: 'ignored', reason: 'not_json' };
  const said = (name: string): string | null => {
    const value = body[name];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const hook = said('hook');
  if (hook === null) return { what: 'ignored', reason: 'no_hook' };
  const [cwd, gitDir] = [said('cwd'), said('git_dir')];
  if (gitDir === null || !isAbsolute(gitDir)) return { what: 'ignored', reason: 'no_git_dir' };
  const args = Array.isArray(body['args']) ? body['args'].filter((arg) => typeof arg === 'string') : wordsOf(said('args') ?? '');
  return {
    what: 'event',
    event: {
      ...{ hook, timeMs: typeof body['time_ms'] === 'number' ? body['time_ms'] : timeMs },
      args,
      place: {
        ...{ cwd, top: said('git_top'), gitDir, commonDir: resolve(gitDir, said('git_common') ?? '.') },
        ...{ branch: said('git_branch'), headSha: shaOf(said('git_head')) },
      },
      ...readTold(hook, args.join(' '), {
        ...{ stdin: said('stdin') ?? '', stash: said('stash') ?? '' },
        ...{ reflog: said('reflog') ?? '', squash: said('squash') ?? '' },
      }),
      context,
      claudeSession: said('claude_session'),
      insideClaude: body['inside_claude'] === true,
    },
  };
}

const SHA = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const shaOf = (text: string | null | undefined): string | null => (text && SHA.test(text) ? text : null);
const wordsOf = (text: string): string[] => text.split(' ').filter((word) => word !== '');

function readTold(hook: string, args: string, told: Told): Pick<GitHookEvent, 'rewritten' | 'stashes' | 'squashed' | 'reflog'> {
  const rewritten = told.stdin.split('\n').flatMap((line) => {
    const [from, to] = line.split(' ', 2).map(shaOf);
    return from && to ? [{ from, to }] : [];
  });
  const reflog = stepOf(told.reflog.split('\n').findLast((line) => line !== '') ?? '');
  // Who runs hooks for git may give none of its stdin on; an amended commit is the one before HEAD's last step.
  if (rewritten.length === 0 && hook === 'post-rewrite' && args === 'amend' && reflog !== null)
    rewritten.push({ from: reflog.from, to: reflog.to });
  const stashes = told.stash.split('\n').flatMap((line) => stepOf(line)?.to ?? []);
  const squashed = told.squash.split('\n').flatMap((line) => shaOf(/^commit (\S+)$/.exec(line)?.[1]) ?? []);
  return { rewritten, stashes, squashed, reflog };
}

/** A line of a reflog: `<from> <to> <who> <when>\t<message>`. */
function stepOf(line: string): GitHookEvent['reflog'] {
  const tab = line.indexOf('\t');
  const [from, to] = line.split(' ', 2).map(shaOf);
  return from && to ? { from, to, message: tab < 0 ? '' : line.slice(tab + 1) } : null;
}
