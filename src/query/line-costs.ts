import { sql } from 'kysely';
import { sqlBuilder } from '../store/sql.ts';
import { tasksById } from './chain-rows.ts';
import type { OpenFiles } from './open-files.ts';
import { runQuery } from './run-query.ts';

/** Work whose cost is shared by its lines: a task with all its attempts, else a conversation without one. */
export type WorkKey = string;

export interface WorkCost {
  /** US dollars, of the calls whose cost is known. */
  readonly usd: number;
  readonly unpricedCalls: number;
}

export interface LineCosts {
  /** By work; null: calls of neither task nor conversation. */
  readonly costs: ReadonlyMap<WorkKey | null, WorkCost>;
  /** The work of an edit, by `file_modifications.id`. */
  readonly workOfEdit: ReadonlyMap<string, WorkKey>;
  /** task_executions.id of an edit. */
  readonly taskOfEdit: ReadonlyMap<string, string>;
}

interface CostRow {
  readonly task: string | null;
  readonly conversation: string | null;
  readonly usd: number | null;
  readonly unpriced: number;
}

interface EditOwner {
  readonly id: string;
  readonly task: string | null;
  readonly conversation: string | null;
}

/** What every task of the files cost, and which edits were its. */
export function lineCosts(files: OpenFiles): LineCosts {
  const costRows = files.ask((file) =>
    runQuery<CostRow>(
      file,
      sqlBuilder
        .selectFrom('tool_calls')
        .select([
          'task_execution_id as task',
          sql<string | null>`CASE WHEN task_execution_id IS NULL THEN conversation_id END`.as('conversation'),
          sql<number | null>`sum(cost_usd)`.as('usd'),
          sql<number>`sum(kind = 'llm' AND cost_usd IS NULL)`.as('unpriced'),
        ])
        .groupBy(['task', 'conversation']),
    ),
  );
  const edits = files.ask((file) =>
    runQuery<EditOwner>(
      file,
      sqlBuilder.selectFrom('file_modifications').select(['id', 'task_execution_id as task', 'conversation_id as conversation']),
    ),
  );
  const tasks = tasksById(
    files,
    [...costRows, ...edits].flatMap(({ task }) => task ?? []),
  );
  const workOf = ({ task, conversation }: Pick<EditOwner, 'task' | 'conversation'>): WorkKey | null => {
    if (task === null) return conversation === null ? null : `conversation ${conversation}`;
    const row = tasks.get(task);
    return row?.task_id == null ? task : `${row.source}:${row.task_id}`;
  };
  const costs = new Map<WorkKey | null, WorkCost>();
  for (const row of costRows) {
    const key = workOf(row);
    const known = costs.get(key) ?? { usd: 0, unpricedCalls: 0 };
    costs.set(key, { usd: known.usd + (row.usd ?? 0), unpricedCalls: known.unpricedCalls + row.unpriced });
  }
  return {
    costs,
    workOfEdit: new Map(edits.flatMap((edit) => pair(edit.id, workOf(edit)))),
    taskOfEdit: new Map(edits.flatMap((edit) => pair(edit.id, edit.task))),
  };
}

const pair = (key: string, value: string | null): [string, string][] => (value === null ? [] : [[key, value]]);

/** Committed lines of each edit, by path, each commit once: `file_modifications.id`, path and number. */
export function committedLines(
  files: OpenFiles,
): { readonly edit: string; readonly path: string; readonly sha: string; readonly lines: number }[] {
  const rows = files.ask((file) =>
    runQuery<{ edit: string; path: string; sha: string; lines: number }>(
      file,
      sqlBuilder
        .selectFrom('commit_lines')
        .innerJoin('commits', 'commits.id', 'commit_lines.commit_id')
        .select([
          'file_modification_id as edit',
          'file_path as path',
          'commit_sha as sha',
          sql<number>`sum(last_line - first_line + 1)`.as('lines'),
        ])
        .groupBy(['edit', 'path', 'sha']),
    ),
  );
  // A commit that lies in two agents' files counts once.
  return [...new Map(rows.map((row) => [`${row.sha} ${row.edit} ${row.path}`, row])).values()];
}

/** Values of one label, by task_executions.id. */
export function labelsOfTasks(files: OpenFiles, key: string): Map<string, string> {
  const rows = files.ask((file) =>
    runQuery<{ task_execution_id: string; value: string }>(
      file,
      sqlBuilder.selectFrom('task_labels').select(['task_execution_id', 'value']).where('key', '=', key),
    ),
  );
  return new Map(rows.map((row) => [row.task_execution_id, row.value]));
}
