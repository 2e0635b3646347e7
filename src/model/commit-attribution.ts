import type { HookContext } from './hook-context.ts';

/** Whose the lines of one commit are. Made of a repository's memory, written to the file of the agent that committed. */
export interface CommitAttribution {
  readonly repoId: string;
  readonly repoName: string | null;
  /** Top folder of the work tree, on the machine of the commit. */
  readonly repoPath: string | null;
  readonly sha: string;
  /** Null on a detached head. */
  readonly branch: string | null;
  /** Read for a pull request's number; not kept. */
  readonly subject: string;
  /** Epoch milliseconds, as the next two. */
  readonly authoredMs: number;
  readonly committedMs: number;
  readonly recordedMs: number;
  /** Null where only the subject may tell. */
  readonly prNumber: number | null;
  /** Of the hook that saw the commit. */
  readonly context: HookContext;
  /** Claude Code's session in which the commit was made. */
  readonly claudeSession: string | null;
  readonly files: readonly CommitFileAttribution[];
}

export interface CommitFileAttribution {
  /** Below the top folder, with forward slashes, as the next. */
  readonly path: string;
  readonly previousPath: string | null;
  /** As `git show --numstat` counts them; of a merge, lines that no parent has. */
  readonly added: number;
  readonly removed: number;
  readonly aiAdded: number;
  readonly aiRemoved: number;
  /** Added lines of agents. */
  readonly ranges: readonly LineRange[];
  /** Of added lines, whosever they are. */
  readonly anchors: readonly LineAnchor[];
}

/** Lines of the committed file, counted from 1, the last one included, that one edit wrote. */
export interface LineRange {
  readonly first: number;
  readonly last: number;
  /** `file_modifications.id`; it may lie in another agent's file. */
  readonly modificationId: string;
  readonly agentId: string | null;
  /** `exact`: this content was seen. */
  readonly match: 'exact' | 'inferred';
}

/** By which a line is known again, on any machine. Hashes: see line-anchor.ts. */
export interface LineAnchor {
  /** From 1, in the committed file. */
  readonly line: number;
  /** Null: no agent's. */
  readonly modificationId: string | null;
  readonly agentId: string | null;
  readonly lineHash: string;
  readonly normalHash: string;
  /** Normal hashes of the neighbours; null at the top and at the end. */
  readonly beforeHash: string | null;
  readonly afterHash: string | null;
}

/** What changed of one agent's commits. */
export interface CommitChanges {
  readonly written: readonly CommitAttribution[];
  /** Not live any more. */
  readonly gone: readonly { readonly repoId: string; readonly sha: string }[];
}
