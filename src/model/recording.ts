import type { CommitChanges } from './commit-attribution.ts';
import type { RecorderReport } from './health.ts';
import type { ProcessSession, SpanBatch } from './span-record.ts';

/**
 * What became of a batch. `written`: every row of it is committed. `retry`: `rest` (all or part of it, by agent) could
 * not be written now and may be later: the file is locked, the disk is full, this build is too old for the file.
 * Applying a batch again, whole or in part, changes nothing that is already written. What `apply` throws is a mistake of
 * ours in these spans, which no later try mends.
 */
export type ApplyOutcome =
  | { readonly status: 'written' }
  | {
      readonly status: 'retry';
      readonly rest: SpanBatch;
      readonly reason: 'locked' | 'disk' | 'too-old' | 'failed';
      /** What was tried, on which file, and why it failed. */
      readonly message: string;
    };

/** What became of commits: all of them are committed, or none. */
export type CommitsOutcome = { readonly status: 'written' } | Omit<Extract<ApplyOutcome, { status: 'retry' }>, 'rest'>;

/** What the writer thread, the receiver and the command line drive. Synchronous: it lives where blocking is allowed, or with a busy timeout of 0. */
export interface Recording {
  apply(batch: SpanBatch): ApplyOutcome;
  /** Writes commits into the file of the agent that made them. @param agentId null: the file for those without one */
  recordCommits(agentId: string | null, changes: CommitChanges): CommitsOutcome;
  /** Counts something that makes no row and never becomes a span: a hook event of which nothing is read. */
  ignore(dialect: string, reason: string): void;
  /** Opens the session's row if need be and says that the process lives. Never throws; a locked file is tried at the next beat. */
  beat(session: ProcessSession, agentId: string | null): void;
  /** Sets `ended_at` of the session. */
  end(session: ProcessSession, agentId: string | null): void;
  /** Marks tasks of dead sessions `lost`, forgets what is too old, deletes by retention; in small steps. */
  sweep(): void;
  /** The same, a step at each `next`: batches may be applied between two. */
  sweepInSteps(): Iterator<void>;
  /** Spans whose time to wait is over go on, and what a restart needs is written; each second, where spans of others come. */
  tick(): void;
  report(): RecorderReport;
  close(): void;
}
