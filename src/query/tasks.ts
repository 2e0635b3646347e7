import { type Selectable, sql } from 'kysely';
import type { TaskStatus } from '../model/reading.ts';
import type { OpenFile } from '../store/open.ts';
import { sqlBuilder } from '../store/sql.ts';
import type { TaskExecutionTable } from '../store/tables.ts';
import { type Answers, acrossFiles, type Selection } from './across-files.ts';
import { goneSessions } from './gone-sessions.ts';
import { runQuery } from './run-query.ts';

/** A row of `task_executions`, `status` as it is now: `lost` where the process of a running task is gone. */
export type TaskRow = Omit<Selectable<TaskExecutionTable>, 'change_seq'>;

export interface TaskFilter {
  readonly status: TaskStatus | null;
  /** The whole `task_type`, or one of its parts between colons. */
  readonly type: string | null;
  /** Started at or after; ISO text. */
  readonly since: string | null;
  /** The newest so many; null: all. */
  readonly limit: number | null;
}

const COLUMNS = [
  'id',
  'session_id',
  'agent_id',
  'task_id',
  'task_type',
  'attempt',
  'source',
  'start_source',
  'parent_task_execution_id',
  'parent_task_id',
  'workflow_run_id',
  'conversation_id',
  'started_at',
  'completed_at',
  'duration_ms',
  'error_type',
  'error_message',
  'trace_id',
  'span_id',
  'parent_span_id',
] as const;

/** What SQL calls the status as it is now. */
export const statusNow = (gone: readonly string[]) =>
  sql<TaskStatus>`CASE WHEN status = 'running' AND coalesce(session_id, '') IN (${sql.join(gone)}) THEN 'lost' ELSE status END`;

/** Tasks of a file, with their status as it is now; to be narrowed by the caller. */
export const selectTasks = (gone: readonly string[], agentId: string | null) =>
  sqlBuilder
    .selectFrom('task_executions')
    .select(COLUMNS)
    .select(statusNow(gone).as('status'))
    .$if(agentId !== null, (query) => query.where('agent_id', '=', agentId));

/** Tasks of all files, the newest first. */
export function listTasks(selection: Selection, filter: TaskFilter): Answers<TaskRow> {
  const { answers, ...rest } = acrossFiles(selection, (file) => tasksOf(file, selection, filter));
  return { answers: newestFirst(answers.flat(), (row) => row.started_at, filter.limit), ...rest };
}

function tasksOf(file: OpenFile, selection: Selection, { status, type, since, limit }: TaskFilter): TaskRow[] {
  const gone = goneSessions(file, selection);
  let query = selectTasks(gone, selection.agentId).orderBy('started_at', 'desc').orderBy('id', 'desc');
  if (status !== null) query = query.where(statusNow(gone), '=', status);
  if (since !== null) query = query.where('started_at', '>=', since);
  if (type !== null)
    query = query.where(sql<string>`':' || task_type || ':'`, 'like', sql<string>`'%:' || ${likeText(type)} || ':%' ESCAPE '\\'`);
  if (limit !== null) query = query.limit(limit);
  return runQuery(file, query);
}

const likeText = (text: string): string => text.replace(/[\\%_]/g, '\\$&');

/** Sorts what several files gave, each already in this order. */
export function newestFirst<Row extends { readonly id: string }>(
  rows: Row[],
  at: (row: Row) => string,
  limit: number | null,
): Row[] {
  rows.sort((a, b) => compare(at(b), at(a)) || compare(b.id, a.id));
  return limit === null ? rows : rows.slice(0, limit);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
