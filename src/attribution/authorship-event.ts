import type { HookContext } from '../hook/hook-event.ts';

/** A content as an event keeps it: its number, no file, or not told. */
export type ToldContent = number | 'absent' | 'unknown';

/** Lines of a hunk as texts.id, and on which sides each is. */
export interface ToldHunk {
  readonly oldStart: number;
  readonly lines: readonly (readonly [side: ' ' | '-' | '+', text: number])[];
}

/** One file that one tool call of an agent changed. */
export interface ToldEdit {
  readonly kind: 'edit';
  readonly worktree: string;
  readonly path: string;
  readonly previousPath: string | null;
  readonly before: ToldContent;
  readonly after: ToldContent;
  /** Where the contents were not told. */
  readonly hunks: readonly ToldHunk[] | null;
  /** file_modifications.id */
  readonly modification: string;
  /** Of the call that may have changed other files too: its tool_calls.id. */
  readonly call: string;
  readonly agent: string | null;
  /** The commit that was checked out. */
  readonly head: string | null;
}

/** Whose file a commit's row goes to, and how that file looks: `SpoolTarget` and HOME, kept as they came. */
export interface CommitTarget {
  readonly target: unknown;
  readonly home: string | null;
}

/** A hook of git. */
export interface ToldGit {
  readonly kind: 'git';
  readonly worktree: string;
  readonly top: string | null;
  readonly hook: string;
  readonly args: readonly string[];
  readonly branch: string | null;
  readonly head: string | null;
  readonly stashes: readonly string[];
  readonly squashed: readonly string[];
  readonly rewritten: readonly { readonly from: string; readonly to: string }[];
  readonly context: HookContext;
  readonly claudeSession: string | null;
  /** It was started by a command of Claude Code. */
  readonly insideClaude: boolean;
  readonly owner: CommitTarget;
}

/** An agent's command, from before until after. */
export interface ToldRun {
  readonly kind: 'run';
  readonly worktree: string;
  /** What the work tree was before it. */
  readonly tree: string;
  readonly toMs: number;
  readonly agent: string | null;
  readonly session: string;
  /** Of its edits: what comes before the path in file_modifications.id, and the folder that paths lie below. */
  readonly call: string;
  readonly top: string;
  /** Files of which it is told what it did. */
  readonly paths: readonly string[];
  /** Its text speaks of commits. */
  readonly mayCommit: boolean;
}

export type Told = ToldEdit | ToldGit | ToldRun;
