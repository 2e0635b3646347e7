import type { Source, TaskName } from '../model/reading.ts';
import { isoTime, taskRowId } from '../model/row-ids.ts';
import type { SpanNode } from '../model/span-node.ts';
import type { Db, Statement } from '../store/open.ts';
import { prepareQuery, sqlBuilder } from '../store/sql.ts';
import { type BareTasks, isBare } from './bare-tasks.ts';
import type { Fates } from './fates.ts';
import { HOOK_ID } from './hook-span.ts';
import type { InferredOwners } from './inferred-owners.ts';
import { LOG_ID } from './log-span.ts';
import type { SessionRows } from './session-rows.ts';
import { isEarlier, type TaskRows, type TaskTeller, type ToldTask } from './task-rows.ts';

/** Cancels of tasks that never show up stay counted as ignored; beyond this many the oldest are not waited for. */
const MAX_EARLY_SIGNALS = 10_000;

export interface TaskSettlerParts {
  readonly rows: TaskRows;
  readonly bare: BareTasks;
  readonly sessions: SessionRows;
  readonly inferred: InferredOwners;
  readonly fates: Fates;
}

const tellerOf = ({ spanId }: SpanNode): TaskTeller =>
  spanId.startsWith(HOOK_ID) ? 'hook' : spanId.startsWith(LOG_ID) ? 'log' : 'child';

function isToldBefore(a: ToldTask, b: ToldTask): boolean {
  const [startA, startB] = [isoTime(a.startMs) ?? '', isoTime(b.startMs) ?? ''];
  return isEarlier(startA, a.traceId, startB, b.traceId) || (startA === startB && a.traceId === b.traceId && a.by < b.by);
}

/** Rewrites the rows of the tasks that a batch touched: by their own spans, by children that name them, by cancel spans. */
export class TaskSettler {
  readonly #parts: TaskSettlerParts;
  readonly #signal: Statement;
  /** Cancel spans of this process whose task has no row yet, by task; for the books only. */
  readonly #earlySignals = new Map<string, readonly SpanNode[]>();
  readonly #touched = new Set<string>();
  readonly #told = new Map<string, ToldTask>();
  readonly #signalled = new Map<string, { source: string; taskId: string }>();

  constructor(db: Db, parts: TaskSettlerParts) {
    this.#parts = parts;
    this.#signal = prepareQuery(
      db,
      sqlBuilder
        .insertInto('task_signals')
        .values({ source: '', task_id: '', kind: '', trace_id: '', span_id: '', at_ms: 0, seen_at: 0 })
        .onConflict((oc) => oc.doNothing()),
    );
  }

  touch(taskExecutionId: string): void {
    this.#touched.add(taskExecutionId);
  }

  isTouched(taskExecutionId: string): boolean {
    return this.#touched.has(taskExecutionId);
  }

  clear(): void {
    this.#touched.clear();
    this.#told.clear();
    this.#signalled.clear();
  }

  /** A span names the task; of all that do, the earliest start counts. */
  tell(node: SpanNode, task: TaskName): void {
    const key = taskRowId(task);
    const known = this.#told.get(key);
    const { startMs, sessionId } = node.facts;
    const told: ToldTask = { task, by: tellerOf(node), startMs, traceId: node.traceId, sessionId, agentId: node.agentId };
    if (known === undefined || isToldBefore(told, known)) this.#told.set(key, told);
  }

  takeSignal(node: SpanNode, source: string, taskId: string, nowSeconds: number): void {
    const key = `${source}:${taskId}`;
    this.#earlySignals.set(key, [...(this.#earlySignals.get(key) ?? []), node]);
    this.#signal.run(source, taskId, 'cancelled', node.traceId, node.spanId, node.facts.startMs, nowSeconds);
    this.#signalled.set(key, { source, taskId });
  }

  /** Call after the memory was flushed: rows are derived from the file. The set grows while it is walked. */
  settle(): void {
    const { rows } = this.#parts;
    for (const [key, { source, taskId }] of this.#signalled) {
      const attempts = rows.attemptsOf(source, taskId);
      for (const id of attempts) this.#touched.add(id);
      if (attempts.length > 0) this.#signalApplied(key);
    }
    for (const told of this.#told.values()) this.#tell(told);
    for (const id of this.#touched) {
      this.#touched.delete(id);
      this.#derive(id);
    }
    rows.adopt();
    this.#forgetOldSignals();
  }

  #derive(id: string): void {
    const { rows, inferred, fates } = this.#parts;
    const written = rows.derive(id);
    if (written === null) return;
    const { state, spans, leftSession, session, hasMoved, leftTrace } = written;
    this.#moveCount(leftSession, session);
    if (hasMoved) {
      inferred.traceChanged(state.first.traceId);
      inferred.traceChanged(leftTrace);
      this.#attemptAppeared(state.reading.source, state.reading.taskId);
      if (state.reading.taskId !== null) this.#sourceAppeared(state.reading.source, state.reading.taskId, state.first.agentId);
    }
    inferred.conversationChanged(state.reading.conversationId);
    fates.become(state.first, 'recorded');
    for (const span of spans) if (span !== state.first) fates.become(span, 'merged');
  }

  #tell(said: ToldTask): void {
    const { rows, bare, inferred } = this.#parts;
    const meant = isBare(said.task) ? bare.meant(said.task, said.agentId) : null;
    const told = meant === null ? said : { ...said, task: meant };
    // Calls of this batch were written before its tasks.
    if (meant !== null) bare.move(meant);
    const { leftSession, traces } = rows.tell(told);
    if (traces.length === 0) return;
    this.#moveCount(leftSession, told.sessionId ?? leftSession ?? null);
    for (const traceId of traces) inferred.traceChanged(traceId);
    this.#attemptAppeared(told.task.source, told.task.taskId);
    if (isBare(told.task)) bare.rowMade();
    else this.#sourceAppeared(told.task.source, told.task.taskId, told.agentId);
  }

  /** What hooks named by this task's id alone is the task's own. */
  #sourceAppeared(source: Source, taskId: string, agentId: string | null): void {
    const { rows, bare, inferred } = this.#parts;
    const row = bare.appeared(taskId, agentId);
    if (row === null) return;
    const task: TaskName = { source, taskId, attempt: 0 };
    bare.bury(row);
    this.#moveCount(row.session_id, undefined);
    inferred.traceChanged(row.trace_id);
    if (!rows.exists(taskRowId(task))) {
      const { session_id: sessionId, agent_id, trace_id: traceId, started_at } = row;
      this.#tell({ task, by: 'hook', startMs: Date.parse(started_at), traceId, sessionId, agentId: agent_id });
    }
    bare.move(task);
  }

  /** A task counts for the session that its row stands under: a child's word may come before its own span's. */
  #moveCount(from: string | null | undefined, to: string | null | undefined): void {
    if (from === to) return;
    const { sessions } = this.#parts;
    if (from !== undefined) sessions.countTask(from, -1);
    if (to !== undefined) sessions.countTask(to, 1);
  }

  /** A cancel may fall on this attempt now, and no longer on an earlier one. */
  #attemptAppeared(source: string, taskId: string | null): void {
    const { rows } = this.#parts;
    if (taskId === null || !rows.hasSignals(source, taskId)) return;
    this.#signalApplied(`${source}:${taskId}`);
    for (const id of rows.attemptsOf(source, taskId)) this.#touched.add(id);
  }

  /** The cancel spans of a task completed its row. */
  #signalApplied(key: string): void {
    for (const node of this.#earlySignals.get(key) ?? []) this.#parts.fates.become(node, 'merged');
    this.#earlySignals.delete(key);
  }

  #forgetOldSignals(): void {
    for (const key of this.#earlySignals.keys()) {
      if (this.#earlySignals.size <= MAX_EARLY_SIGNALS) return;
      this.#earlySignals.delete(key);
    }
  }
}
