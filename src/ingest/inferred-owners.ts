import { sql } from 'kysely';
import type { Db, Statement } from '../store/open.ts';
import { prepareQuery, prepareRaw, sqlBuilder } from '../store/sql.ts';
import type { Owner, OwnerMatch } from './call-rows.ts';
import type { ChangeCounter } from './change-counter.ts';

interface Unsettled {
  id: string;
  task_execution_id: string | null;
  owner_match: OwnerMatch | null;
  call_id: string | null;
  conversation_id: string | null;
  trace_id: string | null;
  called_at: string;
}

/** As the partial index `tool_calls_unsettled` says it, word for word, or SQLite does not use it. */
const UNSETTLED = sql<boolean>`(owner_match is null or owner_match in ('call', 'session', 'trace'))`;
const EXACT = sql<boolean>`owner_match in ('ancestor', 'attribute')`;

/**
 * Owners that no chain and no attribute tells: by call id, by conversation, by trace, in this order. Each is a function
 * of the rows as they are, and is asked again whenever those rows change; so the order of arrival leaves no trace, and
 * a guess is taken back when a second candidate appears.
 */
export class InferredOwners {
  readonly #counter: ChangeCounter;
  readonly #changed: (id: string) => void;
  readonly #unsettled: Statement<[limit: number], Unsettled>;
  readonly #byTrace: Statement<[string], Unsettled>;
  readonly #byConversation: Statement<[string], Unsettled>;
  readonly #byCall: Statement<[string], Unsettled>;
  readonly #one: Statement<[string], Unsettled>;
  readonly #ownersOfCall: Statement<[string, string | null, string | null], { task_execution_id: string }>;
  readonly #ownersOfConversation: Statement<[string], { task_execution_id: string }>;
  readonly #tasksOfTrace: Statement<[string], { id: string }>;
  readonly #spanOfTask: Statement<[string], { started_at: string; completed_at: string | null }>;
  readonly #set: Statement;
  readonly #traces = new Set<string>();
  readonly #conversations = new Set<string>();
  readonly #calls = new Set<string>();
  readonly #rows = new Set<string>();

  /** @param changed hears of every row whose owner is another now. */
  constructor(db: Db, counter: ChangeCounter, changed: (id: string) => void) {
    this.#counter = counter;
    this.#changed = changed;
    const call = sqlBuilder
      .selectFrom('tool_calls')
      .select(['id', 'task_execution_id', 'owner_match', 'call_id', 'conversation_id', 'trace_id', 'called_at'])
      .where(UNSETTLED);
    this.#unsettled = prepareRaw(
      db,
      sql`select id, task_execution_id, owner_match, call_id, conversation_id, trace_id, called_at
        from tool_calls indexed by tool_calls_unsettled where ${UNSETTLED} limit ?`,
    ) as Statement<[limit: number], Unsettled>;
    this.#byTrace = prepareQuery(db, call.where('trace_id', '=', ''));
    this.#byConversation = prepareQuery(db, call.where('conversation_id', '=', ''));
    this.#byCall = prepareQuery(db, call.where('call_id', '=', ''));
    this.#one = prepareQuery(db, call.where('id', '=', ''));
    const owner = sqlBuilder.selectFrom('tool_calls').select('task_execution_id').distinct().where(EXACT);
    this.#ownersOfCall = prepareQuery(
      db,
      owner
        .where('call_id', '=', '')
        .where((eb) => eb.or([eb('trace_id', '=', ''), eb('conversation_id', '=', '')]))
        .limit(sql.lit(2)),
    );
    this.#ownersOfConversation = prepareQuery(db, owner.where('conversation_id', '=', '').limit(sql.lit(64)));
    this.#tasksOfTrace = prepareQuery(
      db,
      sqlBuilder.selectFrom('task_executions').select('id').where('trace_id', '=', '').limit(sql.lit(2)),
    );
    this.#spanOfTask = prepareQuery(
      db,
      sqlBuilder.selectFrom('task_executions').select(['started_at', 'completed_at']).where('id', '=', ''),
    );
    this.#set = prepareQuery(
      db,
      sqlBuilder
        .updateTable('tool_calls')
        .set({ task_execution_id: '', owner_match: 'trace', change_seq: 0 })
        .where('id', '=', ''),
    );
  }

  /** A task of this trace appeared. */
  traceChanged(traceId: string | null): void {
    if (traceId !== null) this.#traces.add(traceId);
  }

  /** A call was written with an exact owner: others of its conversation, or with its call id, may follow it. */
  ownerFound(conversationId: string | null, callId: string | null): void {
    if (conversationId !== null) this.#conversations.add(conversationId);
    if (callId !== null) this.#calls.add(callId);
  }

  /** A task that serves this conversation changed its times. */
  conversationChanged(conversationId: string | null): void {
    if (conversationId !== null) this.#conversations.add(conversationId);
  }

  /** A call was written without an exact owner. */
  unowned(id: string): void {
    this.#rows.add(id);
  }

  /** Conversations whose owners may be others since the last `settle`. */
  get conversations(): ReadonlySet<string> {
    return this.#conversations;
  }

  forget(): void {
    this.#traces.clear();
    this.#conversations.clear();
    this.#calls.clear();
    this.#rows.clear();
  }

  /** Settles what the transaction touched. Last step before its end. */
  settle(): void {
    const touched = this.#traces.size + this.#conversations.size + this.#calls.size + this.#rows.size;
    if (touched === 0) return;
    // Mostly a file has few unsettled calls, often none: then it is cheaper to ask them all than to ask by every key.
    const unsettled = this.#unsettled.all(touched + 1);
    if (unsettled.length > touched) this.#settleByKey();
    else for (const row of unsettled) if (this.#isTouched(row)) this.#decide(row);
    this.forget();
  }

  #isTouched({ id, trace_id, conversation_id, call_id }: Unsettled): boolean {
    return (
      this.#rows.has(id) ||
      (trace_id !== null && this.#traces.has(trace_id)) ||
      (conversation_id !== null && this.#conversations.has(conversation_id)) ||
      (call_id !== null && this.#calls.has(call_id))
    );
  }

  #settleByKey(): void {
    for (const traceId of this.#traces) for (const row of this.#byTrace.all(traceId)) this.#decide(row);
    for (const id of this.#conversations) for (const row of this.#byConversation.all(id)) this.#decide(row);
    for (const id of this.#calls) for (const row of this.#byCall.all(id)) this.#decide(row);
    for (const id of this.#rows) {
      const row = this.#one.get(id);
      if (row !== undefined) this.#decide(row);
    }
  }

  #decide(row: Unsettled): void {
    const owner = this.#byCallId(row) ?? this.#bySession(row) ?? this.#byOnlyTask(row);
    const taskExecutionId = owner?.taskExecutionId ?? null;
    const match = owner?.match ?? null;
    if (row.task_execution_id === taskExecutionId && row.owner_match === match) return;
    const seq = this.#counter.next();
    this.#set.run(taskExecutionId, match, seq, row.id);
    this.#counter.took(seq);
    this.#changed(row.id);
  }

  #byCallId(row: Unsettled): Owner | null {
    if (row.call_id === null) return null;
    const owners = this.#ownersOfCall.all(row.call_id, row.trace_id, row.conversation_id);
    const only = owners.length === 1 ? owners[0] : undefined;
    return only === undefined ? null : { taskExecutionId: only.task_execution_id, match: 'call' };
  }

  #bySession(row: Unsettled): Owner | null {
    return row.conversation_id === null ? null : this.ownerInConversation(row.conversation_id, row.called_at);
  }

  /**
   * All owned calls of the conversation have one owner; where it served several tasks, the only one that ran at that time.
   * @param at ISO 8601
   */
  ownerInConversation(conversationId: string, at: string): Owner | null {
    let owners = this.#ownersOfConversation.all(conversationId).map((o) => o.task_execution_id);
    if (owners.length > 1) owners = owners.filter((id) => this.#ranAt(id, at));
    const only = owners.length === 1 ? owners[0] : undefined;
    return only === undefined ? null : { taskExecutionId: only, match: 'session' };
  }

  #ranAt(taskExecutionId: string, at: string): boolean {
    const task = this.#spanOfTask.get(taskExecutionId);
    return task !== undefined && task.started_at <= at && (task.completed_at === null || at <= task.completed_at);
  }

  #byOnlyTask(row: Unsettled): Owner | null {
    if (row.trace_id === null) return null;
    const tasks = this.#tasksOfTrace.all(row.trace_id);
    const only = tasks.length === 1 ? tasks[0] : undefined;
    return only === undefined ? null : { taskExecutionId: only.id, match: 'trace' };
  }
}
