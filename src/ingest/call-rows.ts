import { sql } from 'kysely';
import { estimateCost } from '../dialect/price.ts';
import type { CallKind, CallReading, DurationQuality, Source, Usage } from '../model/reading.ts';
import { isoTime } from '../model/row-ids.ts';
import type { FoldedHttp, SpanFacts, SpanNode } from '../model/span-node.ts';
import { callOf } from '../resolve/ancestry.ts';
import type { Db, Statement } from '../store/open.ts';
import { prepareQuery, prepareRaw, sqlBuilder } from '../store/sql.ts';
import type { BareTasks } from './bare-tasks.ts';
import type { ChangeCounter } from './change-counter.ts';
import { newValue, oldValue, prepareUpsert } from './upsert.ts';

/** How the owner of a call was found; null: not found. The first two are exact, the rest is inferred. */
export type OwnerMatch = 'ancestor' | 'attribute' | 'call' | 'session' | 'trace';

export interface Owner {
  readonly taskExecutionId: string;
  readonly match: OwnerMatch;
}

const T = 'tool_calls';

/** An exact owner replaces any; where none is known, what the row says stays: an inferred one is settled apart, and the memory that knew an exact one may have been forgotten. */
const keepsOwner = (column: string) => sql`case
    when ${newValue('owner_match')} is not null then ${newValue(column)} else ${oldValue(T, column)} end`;

/** A total that an agent states counts until the model calls below it are known; everywhere else known beats unknown. */
const takenBackFromAgents = (column: string) => sql`case
    when ${newValue('kind')} = 'agent' then ${newValue(column)}
    else coalesce(${newValue(column)}, ${oldValue(T, column)}) end`;

/** Who knows that a call was cut off, or refused before it ran, takes back what others believed of its end. */
const takesBack = sql`${newValue('error_type')} in ('interrupted', 'validation_reject')`;

/** What was said of a failure does not outlive the word that the call succeeded, nor what was concluded from silence the word that it failed. */
const ofFailure = (column: string) => sql`case
    when ${newValue('success')} = 1 or (${newValue('success')} = 0 and ${oldValue(T, 'success')} is null) or ${takesBack}
    then ${newValue(column)}
    else coalesce(${newValue(column)}, ${oldValue(T, column)}) end`;

const success = sql`case when ${takesBack} then ${newValue('success')}
    else coalesce(${newValue('success')}, ${oldValue(T, 'success')}) end`;

/** Where a span is known it says all three of its ids: another span's parent is not its own. */
const ofSpan = (column: string) => sql`case
    when ${newValue('span_id')} is not null then ${newValue(column)}
    when ${oldValue(T, 'span_id')} is not null then ${oldValue(T, column)}
    else coalesce(${newValue(column)}, ${oldValue(T, column)}) end`;

const RULES = {
  task_execution_id: keepsOwner('task_execution_id'),
  owner_match: keepsOwner('owner_match'),
  // A call around it may turn out to have no row.
  parent_tool_call_id: 'replace',
  session_id: 'first',
  agent_id: 'derived',
  sub_agent: 'derived',
  conversation_id: 'derived',
  kind: 'replace',
  tool_name: 'derived',
  call_id: 'derived',
  called_at: 'derived',
  duration_ms: 'derived',
  duration_quality: sql`case when ${newValue('duration_ms')} is not null then ${newValue('duration_quality')}
    else coalesce(${newValue('duration_quality')}, ${oldValue(T, 'duration_quality')}) end`,
  model: 'derived',
  provider: 'derived',
  input_tokens: takenBackFromAgents('input_tokens'),
  output_tokens: takenBackFromAgents('output_tokens'),
  cache_read_tokens: takenBackFromAgents('cache_read_tokens'),
  cache_write_tokens: takenBackFromAgents('cache_write_tokens'),
  reasoning_tokens: takenBackFromAgents('reasoning_tokens'),
  cost_usd: takenBackFromAgents('cost_usd'),
  cost_source: takenBackFromAgents('cost_source'),
  price_version: takenBackFromAgents('price_version'),
  success,
  error_type: ofFailure('error_type'),
  error_message: ofFailure('error_message'),
  status_code: 'derived',
  retry_count: 'derived',
  request_id: 'derived',
  trace_id: ofSpan('trace_id'),
  span_id: 'derived',
  parent_span_id: ofSpan('parent_span_id'),
  source: 'replace',
} as const;

/** What a model call takes from the call around it is taken back when another call is found inside that one. */
const RULES_OF_MODEL_SPANS = {
  ...RULES,
  model: 'replace',
  provider: 'replace',
  conversation_id: 'replace',
  sub_agent: 'replace',
  request_id: 'replace',
  cost_usd: 'replace',
  cost_source: 'replace',
  price_version: 'replace',
  status_code: 'replace',
  retry_count: 'replace',
} as const;

/**
 * Columns that most calls of tools and HTTP leave empty. Left out of the insert they are NULL in `excluded` too; a value to
 * bind costs 0.1 µs, and a third of all were such.
 */
const NOT_OF_PLAIN_CALLS: ReadonlySet<keyof typeof RULES> = new Set([
  'sub_agent',
  'model',
  'provider',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'cost_usd',
  'cost_source',
  'price_version',
  'error_type',
  'error_message',
  'request_id',
]);

/** Whether all of those are unknown of a call. */
const isPlain = (row: CallRow): boolean =>
  row.kind !== 'llm' &&
  row.usage === null &&
  row.costUsd === null &&
  row.model === null &&
  row.provider === null &&
  row.errorType === null &&
  row.errorMessage === null &&
  row.subAgent === null &&
  row.requestId === null;

/** One row of `tool_calls`, before it is text. */
export interface CallRow {
  readonly id: string;
  /** Told by more than one span: what one of them does not know another may. */
  readonly isKeyed: boolean;
  readonly owner: Owner | null;
  readonly parentToolCallId: string | null;
  readonly sessionId: string | null;
  readonly agentId: string | null;
  readonly subAgent: string | null;
  readonly conversationId: string | null;
  readonly kind: CallKind;
  readonly toolName: string | null;
  readonly callId: string | null;
  readonly startMs: number;
  readonly durationMs: number | null;
  readonly durationQuality: DurationQuality | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly usage: Usage | null;
  readonly costUsd: number | null;
  readonly success: boolean | null;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
  readonly statusCode: number | null;
  readonly retryCount: number | null;
  readonly requestId: string | null;
  readonly traceId: string | null;
  readonly spanId: string | null;
  readonly parentSpanId: string | null;
  readonly source: Source;
}

const bool = (value: boolean | null): number | null => (value === null ? null : value ? 1 : 0);

interface Inside {
  callId: string | null;
  statusCode: number | null;
  errorType: string | null;
  errorMessage: string | null;
}

/** What calls folded into this one add where it is silent itself; in the order of their start. */
function fromInside(node: SpanNode): Inside {
  const found: Inside = { callId: null, statusCode: null, errorType: null, errorMessage: null };
  const inner = node.facts.inner;
  if (inner === undefined) return found;
  const spanIds = Object.keys(inner).sort((a, b) => (inner[a]?.startMs ?? 0) - (inner[b]?.startMs ?? 0) || (a < b ? -1 : 1));
  for (const spanId of spanIds) {
    const call = inner[spanId];
    found.callId ??= call?.callId ?? null;
    found.statusCode ??= call?.statusCode ?? null;
    found.errorType ??= call?.errorType ?? null;
    found.errorMessage ??= call?.errorMessage ?? null;
  }
  return found;
}

/** The requests below a model call, read from its spans; null: none. */
export function foldRequests(http: readonly SpanNode[]): FoldedHttp | null {
  let last: SpanNode | null = null;
  let resends = 0;
  for (const node of http) {
    resends = Math.max(resends, callOf(node)?.retryCount ?? 0);
    const later = (node.facts.endMs ?? 0) - (last?.facts.endMs ?? 0) || (last === null || node.spanId > last.spanId ? 1 : -1);
    if (last === null || later > 0) last = node;
  }
  if (last === null) return null;
  const status = callOf(last)?.statusCode ?? last.facts.serverStatus ?? null;
  return { count: http.length, resends, status, lastEndMs: last.facts.endMs ?? 0, lastSpanId: last.spanId };
}

/** Retries of a call: what the emitter counts; of a model call also one less than the requests beneath it. */
function retries(reading: CallReading, folded: FoldedHttp | null): number | null {
  const seen = folded === null ? null : reading.kind === 'llm' ? Math.max(folded.resends, folded.count - 1) : folded.resends;
  if (reading.retryCount === null) return seen;
  return seen === null ? reading.retryCount : Math.max(reading.retryCount, seen);
}

/** Servers say 200 of requests that their client dropped or gave up (measured with instrumentation-http 0.223.0): not believed where the client failed. */
const serverStatus = (facts: SpanFacts, reading: CallReading): number | null =>
  reading.success === false ? null : (facts.serverStatus ?? null);

/**
 * The row of a call by its own span and what was folded into it.
 * @param http the requests below it: of a model call they are read anew each time, of others they are in the facts.
 */
export function rowFromSpan(
  id: string,
  node: SpanNode,
  reading: CallReading,
  owner: Owner | null,
  parentToolCallId: string | null,
  http: FoldedHttp | null,
): CallRow {
  const { facts } = node;
  const inside = fromInside(node);
  const failed = reading.success === false;
  return {
    id,
    isKeyed: reading.key !== null,
    owner,
    parentToolCallId,
    sessionId: facts.sessionId,
    agentId: node.agentId,
    subAgent: reading.subAgent,
    conversationId: reading.conversationId,
    kind: reading.kind,
    toolName: reading.toolName,
    callId: reading.callId ?? inside.callId,
    startMs: facts.startMs,
    durationMs: facts.durationMs,
    durationQuality: reading.durationQuality,
    model: reading.model,
    provider: reading.provider,
    usage: reading.usage,
    costUsd: reading.costUsd,
    success: reading.success,
    errorType: reading.errorType ?? (failed ? inside.errorType : null),
    errorMessage: reading.errorMessage ?? (failed ? inside.errorMessage : null),
    statusCode: reading.statusCode ?? http?.status ?? serverStatus(facts, reading) ?? inside.statusCode,
    retryCount: retries(reading, http),
    requestId: reading.requestId,
    traceId: node.traceId,
    spanId: node.spanId,
    parentSpanId: node.parentSpanId,
    source: reading.source,
  };
}

/** Writes rows of `tool_calls`. */
export class CallRows {
  readonly #counter: ChangeCounter;
  readonly #bare: BareTasks;
  readonly #upsert: Statement;
  readonly #upsertPlain: Statement;
  readonly #upsertModelSpan: Statement;
  readonly #place: Statement;
  readonly #delete: Statement;
  readonly #one: Statement;

  constructor(db: Db, counter: ChangeCounter, bare: BareTasks) {
    this.#counter = counter;
    this.#bare = bare;
    this.#upsert = prepareUpsert(db, T, ['id'], RULES);
    this.#upsertPlain = prepareUpsert(db, T, ['id'], RULES, NOT_OF_PLAIN_CALLS);
    this.#upsertModelSpan = prepareUpsert(db, T, ['id'], RULES_OF_MODEL_SPANS);
    this.#place = prepareRaw(
      db,
      sql`update tool_calls set task_execution_id = ?, owner_match = ?, parent_tool_call_id = ?, change_seq = ?
        where id = ? and (task_execution_id, owner_match, parent_tool_call_id) is not (?, ?, ?)`,
    );
    this.#delete = prepareQuery(db, sqlBuilder.deleteFrom('tool_calls').where('id', '=', ''));
    this.#one = prepareQuery(db, sqlBuilder.selectFrom('tool_calls').select('id').where('id', '=', ''));
  }

  exists(id: string): boolean {
    return this.#one.get(id) !== undefined;
  }

  /** @returns whether the row changed. */
  write(row: CallRow): boolean {
    const { usage } = row;
    const cost = row.costUsd === null ? estimateCost(usage, row.model, row.provider, row.startMs) : null;
    const owner = row.owner === null ? null : this.#bare.ownerId(row.owner.taskExecutionId, row.agentId);
    const seq = this.#counter.next();
    const { changes } = isPlain(row)
      ? this.#upsertPlain.run(
          row.id,
          owner,
          row.owner?.match ?? null,
          row.parentToolCallId,
          row.sessionId,
          row.agentId,
          row.conversationId,
          row.kind,
          row.toolName,
          row.callId,
          isoTime(row.startMs),
          row.durationMs,
          row.durationQuality,
          bool(row.success),
          row.statusCode,
          row.retryCount,
          row.traceId,
          row.spanId,
          row.parentSpanId,
          row.source,
          seq,
        )
      : (row.kind === 'llm' && !row.isKeyed ? this.#upsertModelSpan : this.#upsert).run(
          row.id,
          owner,
          row.owner?.match ?? null,
          row.parentToolCallId,
          row.sessionId,
          row.agentId,
          row.subAgent,
          row.conversationId,
          row.kind,
          row.toolName,
          row.callId,
          isoTime(row.startMs),
          row.durationMs,
          row.durationQuality,
          row.model,
          row.provider,
          usage?.inputTokens ?? null,
          usage?.outputTokens ?? null,
          usage?.cacheReadTokens ?? null,
          usage?.cacheWriteTokens ?? null,
          usage?.reasoningTokens ?? null,
          row.costUsd ?? cost?.usd ?? null,
          row.costUsd !== null ? 'emitter' : cost === null ? null : 'estimated',
          cost?.version ?? null,
          bool(row.success),
          row.errorType,
          row.errorMessage,
          row.statusCode,
          row.retryCount,
          row.requestId,
          row.traceId,
          row.spanId,
          row.parentSpanId,
          row.source,
          seq,
        );
    if (changes === 0) return false;
    this.#counter.took(seq);
    return true;
  }

  /**
   * Of a row that is in the file, and right but for that: whose it is and what it stands in. Of a receiver's calls one in eight
   * has its task in a later batch; written whole again, it moved in six indexes instead of three and bound 35 values instead of 8.
   */
  place(id: string, owner: Owner, agentId: string | null, parentToolCallId: string | null): void {
    const seq = this.#counter.next();
    const { match } = owner;
    const task = this.#bare.ownerId(owner.taskExecutionId, agentId);
    const { changes } = this.#place.run(task, match, parentToolCallId, seq, id, task, match, parentToolCallId);
    if (changes > 0) this.#counter.took(seq);
  }

  /** Takes back a row whose call turned out to be part of another. @returns whether there was one. */
  remove(id: string): boolean {
    if (this.#delete.run(id).changes === 0) return false;
    this.#counter.bury(T, id);
    return true;
  }
}
