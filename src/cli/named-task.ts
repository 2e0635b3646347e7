import type { Selection } from '../query/across-files.ts';
import { findTasks, isSameTask } from '../query/task-detail.ts';
import type { TaskRow } from '../query/tasks.ts';
import type { Context } from './command.ts';
import { CommandError, EXIT } from './exit-code.ts';
import { tellFailures } from './reading.ts';
import { taskTable } from './render/task-table.ts';

export interface NamedTask {
  /** The attempt that was named, else the last one. */
  readonly task: TaskRow;
  /** All attempts that the name means: one where it names a row, else every attempt of the task. */
  readonly attempts: readonly TaskRow[];
}

/**
 * The task that a person names by id, emitter's id or the beginning of either.
 * @throws {CommandError} where there is none, or where several tasks begin so.
 */
export function namedTask(context: Context, selection: Selection, name: string): NamedTask {
  const found = findTasks(selection, name);
  const failed = tellFailures(context, found);
  const rows = found.answers;
  const [first] = rows;
  if (first === undefined) {
    if (failed !== EXIT.done) throw new CommandError(failed, `cannot look for task ${name}: no file could be read`);
    throw new CommandError(EXIT.notFound, `there is no task ${name}; \`ai-tracker tasks\` lists them`);
  }
  if (rows.some((row) => !isSameTask(row, first))) {
    const { out, nowMs } = context;
    const list = taskTable(rows.slice(0, 10), { width: Number.POSITIVE_INFINITY, colour: false }, nowMs).trimEnd();
    out.note(`${new Set(rows.map((row) => row.task_id ?? row.id)).size} tasks begin with ${name}; give more of its id:`);
    for (const line of list.split('\n')) out.note(`  ${line}`);
    throw new CommandError(EXIT.notFound, `${name} is not unique`);
  }
  const last = rows.reduce((a, b) => (b.attempt > a.attempt ? b : a));
  return { task: last, attempts: rows };
}
