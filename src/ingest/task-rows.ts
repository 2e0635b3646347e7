import { sql } from 'kysely';
import type { TaskName, TaskReading } from '../model/reading.ts';
import { isoTime, spanRowId, taskRowId, taskRowRange } from '../model/row-ids.ts';
import type { SpanNode } from '../model/span-node.ts';
import { nearestTask } from '../resolve/ancestry.ts';
import { attemptCancelledAt, byStart, type TaskState, taskState } from '../resolve/task-state.ts';
import type { Db, Statement } from '../store/open.ts';
import { prepareQuery, sqlBuilder } from '../store/sql.ts';
import type { ChangeCounter } from './change-counter.ts';
import type { SpanMemory } from './span-memory.ts';
import { newValue, oldValue, prepareUpsert } from './upsert.ts';

const T = 'task_executions';

/** Ids of rows known to be there; beyond this many they are looked up again. About 10 MB. */
const REMEMBERED_TASKS = 100_000;

/**
 * The row's status is derived from all spans of its key, so it is simply replaced; but a task that was lost with its
 * session is not running again because its start is told once more. Its end, or another session's span, corrects it.
 */
const status = sql`case when ${newValue('status')} = 'running' and ${oldValue(T, 'status')} = 'lost'
    and ${newValue('session_id')} is ${oldValue(T, 'session_id')} then 'lost' else ${newValue('status')} end`;

/** A start that a span told stays the earliest, also when the memory of that span is gone; what a child told gives way. */
const earliestStart = sql`case when ${oldValue(T, 'start_source')} = 'span' then min(${newValue('started_at')}, ${oldValue(T, 'started_at')})
    else ${newValue('started_at')} end`;

const RULES = {
  session_id: 'derived',
  agent_id: 'derived',
  task_id: 'derived',
  task_type: 'derived',
  attempt: 'replace',
  source: 'replace',
  start_source: 'replace',
  parent_task_execution_id: 'derived',
  parent_task_id: 'derived',
  workflow_run_id: 'derived',
  conversation_id: 'derived',
  started_at: earliestStart,
  completed_at: 'replace',
  status,
  duration_ms: 'replace',
  error_type: 'replace',
  error_message: 'replace',
  trace_id: 'replace',
  span_id: 'replace',
  parent_span_id: 'replace',
} as const;

interface AttemptRow {
  id: string;
  session_id: string | null;
  attempt: number;
  started_at: string;
  workflow_run_id: string | null;
  trace_id: string | null;
}

/** What tells of a task that is not its own span, as `start_source` says it; of tellings at one time the lesser word counts. */
export type TaskTeller = 'child' | 'hook' | 'log';

/** A task told of by something else than its own span: a child that names it. */
export interface ToldTask {
  readonly task: TaskName;
  readonly by: TaskTeller;
  readonly startMs: number;
  readonly traceId: string | null;
  readonly sessionId: string | null;
  readonly agentId: string | null;
}

export interface Told {
  /** The session that the row stood under before; undefined where there was no row. */
  readonly leftSession: string | null | undefined;
  /** Traces that gained or lost a task by it. */
  readonly traces: readonly (string | null)[];
}

const NOTHING_NEW: Told = { leftSession: null, traces: [] };

/** What is remembered of a row that was derived from spans of its own. */
interface KnownRow {
  readonly sessionId: string | null;
  readonly traceId: string | null;
  readonly startedAt: string;
}

export interface Derived {
  readonly state: TaskState;
  /** All known spans of the attempt. */
  readonly spans: readonly SpanNode[];
  /** The session that the row stood under before, undefined where there was no row; and the one that it stands under now. */
  readonly leftSession: string | null | undefined;
  readonly session: string | null;
  /** Its start or its trace is another than before, or it is derived for the first time in this process. */
  readonly hasMoved: boolean;
  /** The trace that the row stood in before. */
  readonly leftTrace: string | null;
}

/** Of two tellings of one start: rows hold whole milliseconds, so equal ones are told apart by trace. */
export const isEarlier = (startA: string, traceA: string | null, startB: string, traceB: string | null): boolean =>
  startA < startB || (startA === startB && (traceA ?? '') < (traceB ?? ''));

/** Tellings of one trace and time differ in who told. */
const isToldEarlier = (told: ToldTask, startedAt: string, row: AttemptRow & { start_source: string }): boolean =>
  isEarlier(startedAt, told.traceId, row.started_at, row.trace_id) ||
  (startedAt === row.started_at && (told.traceId ?? '') === (row.trace_id ?? '') && told.by < row.start_source);

/** The row id of the task that a span is. */
export const taskIdOfSpan = (node: SpanNode): string | null => {
  const reading = node.facts.reading;
  return reading?.what === 'task' ? taskIdOfReading(reading, node.traceId, node.spanId) : null;
};

export const taskIdOfReading = (reading: TaskReading, traceId: string, spanId: string): string =>
  reading.taskId === null
    ? spanRowId(traceId, spanId)
    : taskRowId({ source: reading.source, taskId: reading.taskId, attempt: reading.attempt });

/** Writes rows of `task_executions`. */
export class TaskRows {
  readonly #memory: SpanMemory;
  readonly #counter: ChangeCounter;
  readonly #upsert: Statement;
  readonly #told: Statement;
  readonly #one: Statement<[string], AttemptRow & { start_source: string }>;
  readonly #attempts: Statement<[string, string], AttemptRow>;
  readonly #byWorkflowRun: Statement<[string], AttemptRow>;
  readonly #childrenOf: Statement<[string], { id: string }>;
  readonly #signals: Statement<[string, string], { at_ms: number }>;
  readonly #setParent: Statement;
  /** Rows that are known to be there with a start of their own, with their session: a child that names one has nothing to add. */
  readonly #started = new Map<string, KnownRow>();
  /** Names under which children may know a task that moved in this transaction. */
  readonly #toAdopt = new Set<string>();

  constructor(db: Db, memory: SpanMemory, counter: ChangeCounter) {
    this.#memory = memory;
    this.#counter = counter;
    this.#upsert = prepareUpsert(db, T, ['id'], RULES);
    this.#told = prepareUpsert(db, T, ['id'], TOLD_RULES);
    const attempt = sqlBuilder
      .selectFrom('task_executions')
      .select(['id', 'session_id', 'attempt', 'started_at', 'workflow_run_id', 'trace_id']);
    this.#one = prepareQuery(db, attempt.select('start_source').where('id', '=', ''));
    this.#attempts = prepareQuery(db, attempt.where('id', '>=', '').where('id', '<', ''));
    this.#byWorkflowRun = prepareQuery(db, attempt.where('workflow_run_id', '=', ''));
    this.#childrenOf = prepareQuery(db, sqlBuilder.selectFrom('task_executions').select('id').where('parent_task_id', '=', ''));
    this.#signals = prepareQuery(
      db,
      sqlBuilder
        .selectFrom('task_signals')
        .select('at_ms')
        .where('source', '=', '')
        .where('task_id', '=', '')
        .where('kind', '=', sql.lit('cancelled')),
    );
    this.#setParent = prepareQuery(
      db,
      sqlBuilder
        .updateTable('task_executions')
        .set({ parent_task_execution_id: '', change_seq: 0 })
        .where('id', '=', '')
        .where('parent_task_execution_id', 'is not', sql<string>`?`),
    );
  }

  /** Between transactions. */
  trim(): void {
    if (this.#started.size > REMEMBERED_TASKS) this.#started.clear();
  }

  /** Forgets what is only remembered: after a rollback, or when another connection wrote. */
  forget(): void {
    this.#toAdopt.clear();
    this.#started.clear();
  }

  exists(id: string): boolean {
    return this.#started.has(id) || this.#one.get(id) !== undefined;
  }

  /** A running row for a task whose own span has not come yet; the earliest child wins, of equals the one with the lesser trace id. */
  tell(told: ToldTask): Told {
    const id = taskRowId(told.task);
    if (this.#started.has(id)) return NOTHING_NEW;
    const row = this.#one.get(id);
    if (row?.start_source === 'span') {
      this.#started.set(id, { sessionId: row.session_id, traceId: row.trace_id, startedAt: row.started_at });
      return NOTHING_NEW;
    }
    const startedAt = isoTime(told.startMs);
    if (startedAt === null || (row !== undefined && !isToldEarlier(told, startedAt, row))) return NOTHING_NEW;
    const seq = this.#counter.next();
    const { changes } = this.#told.run(
      id,
      told.sessionId,
      told.agentId,
      told.task.taskId,
      told.task.attempt,
      told.task.source,
      told.by,
      startedAt,
      'running',
      told.traceId,
      seq,
    );
    if (changes === 0) return NOTHING_NEW;
    this.#counter.took(seq);
    this.#toAdopt.add(told.task.taskId);
    return { leftSession: row?.session_id, traces: row === undefined ? [told.traceId] : [told.traceId, row.trace_id] };
  }

  /**
   * Rewrites the row of one attempt from all spans of its key. Call after the memory was flushed.
   * @returns what was written, or null where no span of it is known.
   */
  derive(id: string): Derived | null {
    const spans = this.#memory.spansOfTask(id).sort(byStart);
    const state = taskState(spans, this.#isCancelled(id, spans));
    if (state === null) return null;
    const { reading, first, last } = state;
    const startedAt = isoTime(state.startMs);
    if (startedAt === null) return null;
    const known = this.#started.get(id);
    const row = known === undefined ? this.#one.get(id) : undefined;
    const before: KnownRow | undefined =
      known ?? (row === undefined ? undefined : { sessionId: row.session_id, traceId: row.trace_id, startedAt: row.started_at });
    const leftSession = before?.sessionId;
    const session = last.facts.sessionId ?? first.facts.sessionId ?? leftSession ?? null;
    const seq = this.#counter.next();
    const { changes } = this.#upsert.run(
      id,
      session,
      first.agentId,
      reading.taskId,
      reading.taskType,
      reading.attempt,
      reading.source,
      'span',
      this.#parentOf(id, state, spans),
      reading.parentTaskId,
      reading.workflowRunId,
      reading.conversationId,
      startedAt,
      state.endMs === null ? null : isoTime(state.endMs),
      state.status,
      state.durationMs,
      state.errorType,
      state.errorMessage,
      first.traceId,
      first.spanId,
      first.parentSpanId,
      seq,
    );
    if (changes > 0) this.#counter.took(seq);
    // What others decided by this row's place and start has to be decided again when these change.
    const hasMoved = known === undefined || known.traceId !== first.traceId || known.startedAt !== startedAt;
    this.#started.set(id, { sessionId: session, traceId: first.traceId, startedAt });
    if (hasMoved) for (const name of [reading.taskId, reading.workflowRunId]) if (name !== null) this.#toAdopt.add(name);
    return { state, spans, leftSession, session, hasMoved, leftTrace: before?.traceId ?? null };
  }

  /** Whether the attempt has a row of its own span, all of whose spans were forgotten: nothing can be derived anew. Reads the file. */
  isForgotten(id: string): boolean {
    return this.#one.get(id)?.start_source === 'span' && this.#memory.spansOfTask(id).length === 0;
  }

  hasSignals(source: string, taskId: string): boolean {
    return this.#signals.get(source, taskId) !== undefined;
  }

  /** The ids of all attempts of a task that have a row: a cancel signal may move from one to another. */
  attemptsOf(source: string, taskId: string): string[] {
    return this.#attempts.all(...taskRowRange(source, taskId)).map((row) => row.id);
  }

  #isCancelled(id: string, spans: readonly SpanNode[]): boolean {
    const reading = spans[0]?.facts.reading;
    if (reading?.what !== 'task' || reading.taskId === null) return false;
    const signals = this.#signals.all(reading.source, reading.taskId);
    if (signals.length === 0) return false;
    const attempts = this.#attempts
      .all(...taskRowRange(reading.source, reading.taskId))
      .filter((row) => row.id !== id)
      .map((row) => ({ attempt: row.attempt, startMs: Date.parse(row.started_at) }));
    attempts.push({ attempt: reading.attempt, startMs: Math.min(...spans.map((span) => span.facts.startMs)) });
    return signals.some((signal) => attemptCancelledAt(signal.at_ms, attempts) === reading.attempt);
  }

  /** By the emitter's word where it names parents, else the nearest task above. */
  #parentOf(id: string, state: TaskState, spans: readonly SpanNode[]): string | null {
    const { reading } = state;
    let above: SpanNode | null = null;
    for (const span of spans) above ??= nearestTask(this.#memory, span);
    const aboveId = above === null ? null : taskIdOfSpan(above);
    if (!reading.namesParents) return aboveId === id ? null : aboveId;
    if (reading.parentTaskId === null) return null;
    let candidates = this.#attempts.all(...taskRowRange(reading.source, reading.parentTaskId));
    if (candidates.length === 0) candidates = this.#byWorkflowRun.all(reading.parentTaskId);
    return chooseParent(
      candidates.filter((row) => row.id !== id),
      aboveId,
      isoTime(state.startMs) ?? '',
    );
  }

  /**
   * Children that named a task before its row stood, or that chose an earlier attempt, choose again: once a transaction,
   * after all of its rows, since a run of a thousand tasks has a thousand that its children could choose.
   */
  adopt(): void {
    const children = new Set<string>();
    for (const name of this.#toAdopt) for (const child of this.#childrenOf.all(name)) children.add(child.id);
    this.#toAdopt.clear();
    for (const id of children) this.#reparent(id);
  }

  #reparent(id: string): void {
    const spans = this.#memory.spansOfTask(id).sort(byStart);
    const state = taskState(spans, false);
    if (state === null) return;
    const parent = this.#parentOf(id, state, spans);
    const seq = this.#counter.next();
    if (this.#setParent.run(parent, seq, id, parent).changes > 0) this.#counter.took(seq);
  }
}

const TOLD_RULES = {
  session_id: 'derived',
  agent_id: 'derived',
  task_id: 'derived',
  attempt: 'replace',
  source: 'replace',
  start_source: 'replace',
  started_at: 'replace',
  status: 'first',
  trace_id: 'derived',
} as const;

/** The attempt above the child's span, else the latest that had started before the child; ties by id. */
function chooseParent(candidates: readonly AttemptRow[], aboveId: string | null, childStart: string): string | null {
  if (candidates.some((row) => row.id === aboveId)) return aboveId;
  let best: AttemptRow | null = null;
  for (const row of candidates) {
    if (row.started_at > childStart) continue;
    if (best === null || row.started_at > best.started_at || (row.started_at === best.started_at && row.id > best.id)) best = row;
  }
  return best?.id ?? null;
}
