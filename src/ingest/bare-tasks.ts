import { sql } from 'kysely';
import { SOURCES, type Source, type TaskName } from '../model/reading.ts';
import { taskRowId, taskRowRange } from '../model/row-ids.ts';
import type { Db, Statement } from '../store/open.ts';
import { prepareQuery, sqlBuilder } from '../store/sql.ts';
import type { ChangeCounter } from './change-counter.ts';

/** Of a task that was named without its source (a hook's AI_TRACKER_TASK_ID). */
const BARE: Source = 'hook';
const PREFIX = `${BARE}:`;
/** Ids that begin so lie below this. */
const AFTER_PREFIX = `${BARE};`;
const FIRST_ATTEMPT = ':0';
const OTHERS = SOURCES.filter((source) => source !== BARE && source !== 'import');

/** Names whose source is known, or known to be unknown; beyond so many they are looked up again. */
const REMEMBERED = 10_000;

export const isBare = ({ source }: TaskName): boolean => source === BARE;

const bareId = (taskId: string): string => taskRowId({ source: BARE, taskId, attempt: 0 });

/** The row that stood for a task until its source was known. */
export interface BareRow {
  readonly id: string;
  readonly session_id: string | null;
  readonly agent_id: string | null;
  readonly started_at: string;
  readonly trace_id: string | null;
}

/**
 * Tasks that are named by an id alone. Until another source tells of a task of that id, such a name has a row of its own,
 * `hook:<id>:0`; from then on it means that task, whichever came first, and the row is taken back. As where a source is named
 * without an attempt, the first one is meant: that another one's span came first changes nothing.
 */
export class BareTasks {
  readonly #counter: ChangeCounter;
  readonly #ofSource: Statement<[string, string], { agent_id: string | null }>;
  readonly #row: Statement<[string], BareRow>;
  readonly #delete: Statement;
  readonly #calls: Statement<[string], { id: string }>;
  readonly #moveCall: Statement;
  readonly #commits: Statement<[string], { id: string }>;
  readonly #moveCommit: Statement;
  /** By agent and id. */
  readonly #known = new Map<string, Source | null>();
  readonly #any: Statement<[string, string]>;
  #hasRows: boolean | null = null;
  readonly #moved: (callId: string) => void;

  /** @param moved hears of every call whose task has another id now. */
  constructor(db: Db, counter: ChangeCounter, moved: (callId: string) => void) {
    this.#counter = counter;
    this.#moved = moved;
    const tasks = sqlBuilder.selectFrom('task_executions');
    this.#ofSource = prepareQuery(db, tasks.select('agent_id').distinct().where('id', '>=', '').where('id', '<', ''));
    this.#row = prepareQuery(db, tasks.select(['id', 'session_id', 'agent_id', 'started_at', 'trace_id']).where('id', '=', ''));
    this.#any = prepareQuery(db, tasks.select('id').where('id', '>=', '').where('id', '<', '').limit(sql.lit(1)));
    this.#delete = prepareQuery(db, sqlBuilder.deleteFrom('task_executions').where('id', '=', ''));
    this.#calls = prepareQuery(db, sqlBuilder.selectFrom('tool_calls').select('id').where('task_execution_id', '=', ''));
    const owner = { task_execution_id: '', change_seq: 0 };
    this.#moveCall = prepareQuery(db, sqlBuilder.updateTable('tool_calls').set(owner).where('id', '=', ''));
    this.#commits = prepareQuery(db, sqlBuilder.selectFrom('commits').select('id').where('task_execution_id', '=', ''));
    this.#moveCommit = prepareQuery(db, sqlBuilder.updateTable('commits').set(owner).where('id', '=', ''));
  }

  /** The task that is meant; null: nobody but hooks tells of one. */
  meant({ taskId }: TaskName, agentId: string | null): TaskName | null {
    const key = `${agentId ?? ''}\0${taskId}`;
    let source = this.#known.get(key);
    if (source === undefined) {
      source = OTHERS.find((other) => this.#hasTask(other, taskId, agentId)) ?? null;
      if (this.#known.size >= REMEMBERED) this.#known.clear();
      this.#known.set(key, source);
    }
    return source === null ? null : { source, taskId, attempt: 0 };
  }

  /** The same for an owner's row id. */
  ownerId(id: string, agentId: string | null): string {
    if (!id.startsWith(PREFIX) || !id.endsWith(FIRST_ATTEMPT)) return id;
    const task = this.meant({ source: BARE, taskId: id.slice(PREFIX.length, -FIRST_ATTEMPT.length), attempt: 0 }, agentId);
    return task === null ? id : taskRowId(task);
  }

  /** A task of that id has got a row: what nobody knew of it is asked again. @returns the row that stood for it, if there is one */
  appeared(taskId: string, agentId: string | null): BareRow | null {
    if (this.#known.size > 0) this.#known.clear();
    // Most files have no such row, and every new task asks.
    this.#hasRows ??= this.#any.get(PREFIX, AFTER_PREFIX) !== undefined;
    if (!this.#hasRows) return null;
    const row = this.#row.get(bareId(taskId));
    return row !== undefined && isSame(row.agent_id, agentId) ? row : null;
  }

  /** A row was made that stands for a task. */
  rowMade(): void {
    this.#hasRows = true;
  }

  /** Takes back the row that stood for the task. */
  bury({ id }: BareRow): void {
    this.#delete.run(id);
    this.#counter.bury('task_executions', id);
  }

  /** What was of the bare name is the task's. */
  move(task: TaskName): void {
    const [from, to] = [bareId(task.taskId), taskRowId(task)];
    for (const { id } of this.#calls.all(from)) {
      this.#run(this.#moveCall, to, id);
      this.#moved(id);
    }
    for (const { id } of this.#commits.all(from)) this.#run(this.#moveCommit, to, id);
  }

  forget(): void {
    this.#known.clear();
    this.#hasRows = null;
  }

  #run(update: Statement, to: string, id: string): void {
    const seq = this.#counter.next();
    if (update.run(to, seq, id).changes > 0) this.#counter.took(seq);
  }

  #hasTask(source: Source, taskId: string, agentId: string | null): boolean {
    return this.#ofSource.all(...taskRowRange(source, taskId)).some((row) => isSame(row.agent_id, agentId));
  }
}

/** One file may be that of all agents, and a queue's jobs are called 1, 2, 3. */
const isSame = (a: string | null, b: string | null): boolean => a === null || b === null || a === b;
