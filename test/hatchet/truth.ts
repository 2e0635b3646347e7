import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Attempt } from '../../src/demo/engine-model.ts';

/** What a row says of an attempt, and what the engine says of it, in the same shape. */
export interface AttemptFacts {
  readonly task_id: string;
  readonly attempt: number;
  readonly task_type: string;
  readonly workflow_run_id: string;
  readonly parent_task_id: string | null;
  readonly status: string;
}

/** Two truths that no span tells (docs/dialects.md): a timeout looks like a cancellation, a thrown non-Error like success. */
function visibleStatus({ outcome, error }: Readonly<Attempt>): string {
  if (outcome === 'timed-out') return 'cancelled';
  return outcome === 'failed' && error === '{}' ? 'completed' : outcome;
}

const order = (a: AttemptFacts, b: AttemptFacts): number => a.task_id.localeCompare(b.task_id) || a.attempt - b.attempt;

/** One fact sheet per attempt that the engine has assigned, as far as spans can tell of it. */
export const truthOf = (attempts: readonly Readonly<Attempt>[]): AttemptFacts[] =>
  attempts
    .map((attempt) => ({
      task_id: attempt.stepRunId,
      attempt: attempt.retryCount,
      task_type: attempt.actionId,
      workflow_run_id: attempt.workflowRunId,
      parent_task_id: attempt.parentStepRunId,
      status: visibleStatus(attempt),
    }))
    .sort(order);

/** Runs a query on a database file; no rows where there is no file yet. */
export function rows<T = Record<string, unknown>>(file: string, sql: string): T[] {
  if (!existsSync(file)) return [];
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare(sql).all() as T[];
  } finally {
    db.close();
  }
}

export const recordedAttempts = (file: string): AttemptFacts[] =>
  rows<AttemptFacts>(
    file,
    'select task_id, attempt, task_type, workflow_run_id, parent_task_id, status from task_executions',
  ).sort(order);
