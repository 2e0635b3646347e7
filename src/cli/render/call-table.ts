import type { CallRow } from '../../query/tool-calls.ts';
import type { Output } from '../command.ts';
import { duration } from './duration.ts';
import { cutEndpoint } from './endpoint.ts';
import { type Column, table } from './table.ts';
import { taskType } from './task-table.ts';
import { failure, time } from './value.ts';

/** What became of a call: nothing is said where nobody knows. One that was denied or interrupted neither worked nor failed. */
function result(row: CallRow): string {
  if (row.success === null) return row.error_type ?? '';
  if (row.success === 1) return 'ok';
  const why = failure(row.error_type, row.error_message) || (row.status_code ?? '');
  return why === '' ? 'failed' : `failed: ${why}`;
}

/** Calls, one a line. `owned`: all are of one task, so that it and its agent need no column. */
export function callTable(rows: readonly CallRow[], out: Pick<Output, 'width' | 'colour'>, nowMs: number, owned = false): string {
  const whose: readonly Column<CallRow>[] = [
    { header: 'agent', cell: (row) => row.agent_id ?? '', least: 8 },
    { header: 'task', cell: (row) => taskType(row.task_type), least: 10 },
  ];
  const columns: readonly Column<CallRow>[] = [
    { header: 'called', cell: (row) => time(row.called_at, nowMs) },
    ...(owned ? [] : whose),
    { header: 'kind', cell: (row) => row.kind },
    { header: 'tool', cell: (row) => row.tool_name ?? row.model ?? '', least: 16, cut: cutEndpoint },
    { header: 'took', cell: (row) => duration(row.duration_ms), align: 'right' },
    {
      header: 'result',
      cell: result,
      least: 14,
      style: (row) => (row.success === 0 ? 'red' : row.success === 1 ? 'green' : null),
    },
  ];
  return table(columns, rows, out);
}
