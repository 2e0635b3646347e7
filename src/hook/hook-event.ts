import type { HookContext } from '../model/hook-context.ts';

/**
 * What a coding agent's hook tells, parsed. A hook call becomes one of these, whichever way it came (spooled by the shell
 * script, `ai-tracker hook claude`, POST /v1/hooks/claude-code), and then a pseudo span (`ingest/hook-span.ts`), so that it
 * finds agent, owner and row as spans do.
 */

export interface FileEdit {
  /** Absolute where the hook knows it so, with the separators of its machine. */
  readonly path: string;
  readonly previousPath: string | null;
  readonly type: 'create' | 'edit' | 'delete' | 'rename';
  /** null: the hook was not handed what it takes to count them. */
  readonly linesAdded: number | null;
  readonly linesRemoved: number | null;
  /** `inferred`: other calls ran when the file was changed, and one of them may have done it. Absent: exact. */
  readonly match?: 'exact' | 'inferred';
}

/** Where the hook ran, as it could be read without starting a process. */
export interface HookPlace {
  readonly cwd: string | null;
  readonly projectDir: string | null;
  /** Work tree's top folder, branch (null on a detached head) and commit that was checked out. */
  readonly git: {
    readonly top: string;
    readonly branch: string | null;
    readonly headSha: string | null;
    readonly repoId: string | null;
  } | null;
}

export type { HookContext };

interface EventBase {
  readonly source: 'claude-code';
  /** Epoch milliseconds at which the hook ran. */
  readonly timeMs: number;
  readonly sessionId: string;
  /** `agent_id`: the sub-agent in which it ran. */
  readonly subAgent: string | null;
  readonly place: HookPlace;
  readonly context: HookContext;
}

export interface ToolEvent extends EventBase {
  readonly what: 'tool';
  readonly phase: 'started' | 'succeeded' | 'failed' | 'denied' | 'interrupted';
  readonly toolUseId: string;
  readonly toolName: string;
  readonly durationMs: number | null;
  readonly error: string | null;
  readonly edits: readonly FileEdit[];
}

/** All calls of one model turn: what has no other event was denied (it had started) or never ran (rejected by validation). */
export interface BatchEvent extends EventBase {
  readonly what: 'batch';
  readonly calls: readonly { readonly toolUseId: string; readonly toolName: string; readonly isToolUseError: boolean }[];
}

export interface SessionEvent extends EventBase {
  readonly what: 'session';
  readonly phase: 'started' | 'ended';
}

export type HookEvent = ToolEvent | BatchEvent | SessionEvent;

export type HookReading =
  | { readonly what: 'event'; readonly event: HookEvent }
  /** Of no use to us (`unknown_event`, `no_session`, `not_json` …): counted, never an error. */
  | { readonly what: 'ignored'; readonly reason: string };
