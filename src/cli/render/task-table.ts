import type { TaskRow } from '../../query/tasks.ts';
import type { Output } from '../command.ts';
import { duration } from './duration.ts';
import { shortIds } from './short-id.ts';
import { type Column, table } from './table.ts';
import { failure, statusStyle, time } from './value.ts';

/** What a person calls the task: the emitter's id, else the row's. */
export const taskName = (row: TaskRow): string => row.task_id ?? row.id;

/** Hatchet says `step:step` of a workflow with one step of its own name. */
export function taskType(type: string | null): string {
  const [first, second, ...rest] = (type ?? '').split(':');
  return first !== undefined && first === second && rest.length === 0 ? first : (type ?? '');
}

/** Tasks, one a line. On a terminal ids are cut to what still names them. */
export function taskTable(rows: readonly TaskRow[], out: Pick<Output, 'width' | 'colour'>, nowMs: number): string {
  const short = Number.isFinite(out.width) ? shortIds(rows.map(taskName)) : (id: string) => id;
  const columns: readonly Column<TaskRow>[] = [
    { header: 'started', cell: (row) => time(row.started_at, nowMs) },
    { header: 'agent', cell: (row) => row.agent_id ?? '', least: 8 },
    { header: 'task', cell: (row) => short(taskName(row)), least: 8 },
    { header: 'type', cell: (row) => taskType(row.task_type), least: 12 },
    { header: 'try', cell: (row) => (row.attempt === 0 ? '' : String(row.attempt + 1)), align: 'right' },
    { header: 'status', cell: (row) => row.status, style: (row) => statusStyle(row.status) },
    { header: 'took', cell: (row) => duration(row.duration_ms), align: 'right' },
    { header: 'error', cell: (row) => failure(row.error_type, row.error_message), least: 10, spare: 1 },
  ];
  return table(columns, rows, out);
}
