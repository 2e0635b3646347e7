import type { NotedSession } from '../../git/ai-notes.ts';
import type { BlamedCommit } from '../../git/blame.ts';
import type { ChainCall } from '../../query/chain-rows.ts';
import type { CommitRow } from '../../query/commits.ts';
import type { EditRow } from '../../query/edits.ts';
import type { TaskDetail } from '../../query/task-detail.ts';

export type Link = 'line' | 'commit' | 'edit' | 'tool_call' | 'llm_request' | 'task' | 'parent_task' | 'agent';

/** What stands behind a line, as far as it was recorded. */
export interface KnownLinks {
  readonly commit: (BlamedCommit & { readonly path: string; readonly recorded: CommitRow | null }) | null;
  readonly edit: EditRow | null;
  readonly tool_call: ChainCall | null;
  readonly llm_request: ChainCall | null;
  readonly task: TaskDetail['task'] | null;
  readonly parent_task: TaskDetail['task'] | null;
  readonly agent_id: string | null;
  readonly session: NotedSession | null;
}
