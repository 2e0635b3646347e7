import type { Selectable } from 'kysely';
import type { OpenFile } from '../store/open.ts';
import { sqlBuilder } from '../store/sql.ts';
import type { TaskLabelTable } from '../store/tables.ts';
import { type Answers, acrossFiles, type Selection } from './across-files.ts';
import { goneSessions } from './gone-sessions.ts';
import { runQuery } from './run-query.ts';
import { newestFirst, selectTasks, type TaskRow } from './tasks.ts';
import { type CallRow, listCalls } from './tool-calls.ts';

export type LabelRow = Pick<Selectable<TaskLabelTable>, 'key' | 'value' | 'source'>;

/** One task with all that stands around it, in whichever agent's file that lies. */
export interface TaskDetail {
  readonly task: TaskRow;
  readonly labels: readonly LabelRow[];
  /** All attempts of the same task, this one among them, the first first. */
  readonly attempts: readonly TaskRow[];
  /** Null: it has none, or none that was recorded (`parent_task_id` tells). */
  readonly parent: TaskRow | null;
  readonly children: readonly TaskRow[];
  readonly calls: readonly CallRow[];
}

/** Tasks whose id or emitter's id is this, else those where one of them begins so; the newest first. */
export function findTasks(selection: Selection, idOrPrefix: string): Answers<TaskRow> {
  const { answers, ...rest } = acrossFiles(selection, (file) => candidatesOf(file, selection, idOrPrefix));
  const all = newestFirst(answers.flat(), (row) => row.started_at, null);
  const exact = all.filter((row) => row.id === idOrPrefix || row.task_id === idOrPrefix);
  return { answers: exact.length > 0 ? exact : all, ...rest };
}

function candidatesOf(file: OpenFile, selection: Selection, prefix: string): TaskRow[] {
  // Above every text that begins with the prefix; a range is answered by the key, LIKE is not.
  const above = `${prefix}\u{10ffff}`;
  return runQuery(
    file,
    selectTasks(goneSessions(file, selection), selection.agentId).where((eb) =>
      eb.or([
        eb.and([eb('id', '>=', prefix), eb('id', '<', above)]),
        eb.and([eb('task_id', '>=', prefix), eb('task_id', '<', above)]),
      ]),
    ),
  );
}

/** Whether both are attempts of one task. */
export const isSameTask = (a: TaskRow, b: TaskRow): boolean =>
  a.id === b.id || (a.task_id !== null && a.task_id === b.task_id && a.source === b.source);

export function taskDetail(selection: Selection, task: TaskRow): TaskDetail {
  // Parents and children may be another agent's.
  const everyone: Selection = { ...selection, agentId: null };
  const { answers } = acrossFiles(everyone, (file) => {
    const tasks = runQuery<TaskRow>(
      file,
      selectTasks(goneSessions(file, everyone), null).where((eb) =>
        eb.or([
          eb('parent_task_execution_id', '=', task.id),
          ...(task.parent_task_execution_id === null ? [] : [eb('id', '=', task.parent_task_execution_id)]),
          ...(task.task_id === null ? [] : [eb('task_id', '=', task.task_id)]),
        ]),
      ),
    );
    const labels = runQuery<LabelRow>(
      file,
      sqlBuilder
        .selectFrom('task_labels')
        .select(['key', 'value', 'source'])
        .where('task_execution_id', '=', task.id)
        .orderBy('key'),
    );
    return { tasks, labels };
  });
  const around = [...new Map(answers.flatMap(({ tasks }) => tasks).map((row) => [row.id, row])).values()];
  const oldestFirst = (rows: TaskRow[]): TaskRow[] => newestFirst(rows, (row) => row.started_at, null).reverse();
  const { answers: calls } = listCalls(everyone, { tasks: [task.id], kind: null, failedOnly: false, since: null, limit: null });
  return {
    task,
    labels: answers.flatMap(({ labels }) => labels),
    attempts: [task, ...around.filter((row) => row.id !== task.id && isSameTask(row, task))].sort(
      (a, b) => a.attempt - b.attempt,
    ),
    parent: around.find((row) => row.id === task.parent_task_execution_id) ?? null,
    children: oldestFirst(around.filter((row) => row.parent_task_execution_id === task.id)),
    calls: [...calls].reverse(),
  };
}
