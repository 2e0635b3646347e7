import type { NotedSession } from '../../git/ai-notes.ts';

/** What tells whose a line is: its commit's rows, the repository's memory, an equal line of a recorded commit, or a note of git-ai's. */
export type Telling = 'commit' | 'memory' | 'anchor' | 'note';

/** Why nothing does. */
export type UnknownReason =
  /** No hook saw the commit, and no recorded line is equal. */
  | 'not recorded'
  /** The clone is shallow: the line may be older than the commit that git names. */
  | 'cut off'
  /** Not committed, and the repository remembers nothing. */
  | 'not committed';

export type LineAuthor =
  | {
      readonly kind: 'agent';
      readonly match: 'exact' | 'inferred';
      readonly by: Telling;
      /** `file_modifications.id`; null: a note names a session only. */
      readonly modificationId: string | null;
      readonly agentId: string | null;
      readonly session: NotedSession | null;
      /** The recorded commit that an equal line was added by. */
      readonly sha: string | null;
    }
  | { readonly kind: 'human'; readonly match: 'exact' | 'inferred'; readonly by: Telling }
  | { readonly kind: 'unknown'; readonly why: UnknownReason };

export const unknown = (why: UnknownReason): LineAuthor => ({ kind: 'unknown', why });

export const agentOf = (
  by: Telling,
  match: 'exact' | 'inferred',
  { modificationId, agentId }: { readonly modificationId: string | null; readonly agentId: string | null },
  sha: string | null = null,
): LineAuthor => ({ kind: 'agent', match, by, modificationId, agentId, session: null, sha });
