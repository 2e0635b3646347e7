import type { Selectable } from 'kysely';
import type { CallKind } from '../model/reading.ts';
import type { OpenFile } from '../store/open.ts';
import { sqlBuilder } from '../store/sql.ts';
import type { ToolCallTable } from '../store/tables.ts';
import { type Answers, acrossFiles, type Selection } from './across-files.ts';
import { runQuery } from './run-query.ts';
import { newestFirst } from './tasks.ts';

/** A row of `tool_calls`, with the type of the task that owns it. */
export type CallRow = Omit<Selectable<ToolCallTable>, 'change_seq'> & { readonly task_type: string | null };

export interface CallFilter {
  /** `task_executions.id` of owners; null: any, or none. */
  readonly tasks: readonly string[] | null;
  readonly kind: CallKind | null;
  readonly failedOnly: boolean;
  /** Called at or after; ISO text. */
  readonly since: string | null;
  /** The newest so many; null: all. */
  readonly limit: number | null;
}

const COLUMNS = [
  'id',
  'task_execution_id',
  'owner_match',
  'parent_tool_call_id',
  'session_id',
  'agent_id',
  'sub_agent',
  'conversation_id',
  'kind',
  'tool_name',
  'call_id',
  'called_at',
  'duration_ms',
  'duration_quality',
  'model',
  'provider',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'cost_usd',
  'cost_source',
  'price_version',
  'success',
  'error_type',
  'error_message',
  'status_code',
  'retry_count',
  'request_id',
  'trace_id',
  'span_id',
  'parent_span_id',
  'source',
] as const;

/** Calls of all files, the newest first. */
export function listCalls(selection: Selection, filter: CallFilter): Answers<CallRow> {
  const { answers, ...rest } = acrossFiles(selection, (file) => callsOf(file, selection, filter));
  return { answers: newestFirst(answers.flat(), (row) => row.called_at, filter.limit), ...rest };
}

function callsOf(file: OpenFile, { agentId }: Selection, { tasks, kind, failedOnly, since, limit }: CallFilter): CallRow[] {
  let query = sqlBuilder
    .selectFrom('tool_calls')
    .select(COLUMNS.map((column) => `tool_calls.${column}` as const))
    .select((eb) =>
      eb
        .selectFrom('task_executions')
        .select('task_type')
        .whereRef('task_executions.id', '=', 'tool_calls.task_execution_id')
        .as('task_type'),
    )
    .orderBy('called_at', 'desc')
    .orderBy('id', 'desc');
  if (agentId !== null) query = query.where('agent_id', '=', agentId);
  if (tasks !== null) query = query.where('task_execution_id', 'in', [...tasks]);
  if (kind !== null) query = query.where('kind', '=', kind);
  if (failedOnly) query = query.where('success', '=', 0);
  if (since !== null) query = query.where('called_at', '>=', since);
  if (limit !== null) query = query.limit(limit);
  return runQuery(file, query);
}
