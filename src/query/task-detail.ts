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
  const { answers } = acrossFiles(everyone, (file) => ({
    tasks: relativesOf(file, everyone, task),
    labels: labelsOf(file, task),
  }));
  const around = [...new Map(answers.flatMap(({ tasks }) => tasks).map((row) => [row.id, row])).values()];
  const { answers: calls } = listCalls(everyone, { tasks: [task.id], kind: null, failedOnly: false, since: null, limit: null });
  return {
    task,
    labels: answers.flatMap(({ labels }) => labels),
    attempts: [task, ...around.filter((row) => row.id !== task.id && isSameTask(row, task))].sort(
      (a, b) => a.attempt - b.attempt,
    ),
    parent: parentAmong(around, task),
    children: newestFirst(
      around.filter((row) => parentAmong(around, row)?.id === task.id),
      (row) => row.started_at,
      null,
    ).reverse(),
    calls: [...calls].reverse(),
  };
}

/** Every row that may be an attempt of the task, its parent or its child. */
function relativesOf(file: OpenFile, everyone: Selection, task: TaskRow): TaskRow[] {
  const names = [task.task_id, task.workflow_run_id].filter((name) => name !== null);
  return runQuery<TaskRow>(
    file,
    selectTasks(goneSessions(file, everyone), null).where((eb) =>
      eb.or([
        eb('id', 'in', [task.id, task.parent_task_execution_id ?? task.id]),
        eb('parent_task_execution_id', '=', task.id),
        eb('task_id', 'in', [...names, task.parent_task_id ?? '']),
        eb('workflow_run_id', 'in', [...names, task.parent_task_id ?? '']),
        eb('parent_task_id', 'in', names),
      ]),
    ),
  );
}

const labelsOf = (file: OpenFile, task: TaskRow): LabelRow[] =>
  runQuery<LabelRow>(
    file,
    sqlBuilder
      .selectFrom('task_labels')
      .select(['key', 'value', 'source'])
      .where('task_execution_id', '=', task.id)
      .orderBy('key'),
  );

/**
 * The parent in the row; else, since a writer knows only its own file, the one that the emitter names, found as a writer
 * would: by task id, else by workflow run, and of several the latest that had started when the child did.
 */
function parentAmong(rows: readonly TaskRow[], child: TaskRow): TaskRow | null {
  if (child.parent_task_execution_id !== null) return rows.find((row) => row.id === child.parent_task_execution_id) ?? null;
  const name = child.parent_task_id;
  if (name === null) return null;
  const others = rows.filter((row) => row.source === child.source && !isSameTask(row, child));
  const byTask = others.filter((row) => row.task_id === name);
  const candidates = byTask.length > 0 ? byTask : others.filter((row) => row.workflow_run_id === name);
  const [latest] = newestFirst(
    candidates.filter((row) => row.started_at <= child.started_at),
    (row) => row.started_at,
    1,
  );
  return latest ?? null;
}
