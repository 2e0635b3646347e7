import { sql } from 'kysely';
import type { CallReading } from '../model/reading.ts';
import { isoTime, spanRowId } from '../model/row-ids.ts';
import type { SpanFacts, SpanNode } from '../model/span-node.ts';
import type { Db, Statement } from '../store/open.ts';
import { prepareQuery, sqlBuilder } from '../store/sql.ts';
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

const RULES = {
  task_execution_id: keepsOwner('task_execution_id'),
  owner_match: keepsOwner('owner_match'),
  parent_tool_call_id: 'derived',
  session_id: 'first',
  agent_id: 'derived',
  sub_agent: 'derived',
  conversation_id: 'derived',
  kind: 'replace',
  tool_name: 'derived',
  call_id: 'derived',
  called_at: 'derived',
  duration_ms: 'derived',
  duration_quality: 'derived',
  model: 'derived',
  provider: 'derived',
  input_tokens: 'derived',
  output_tokens: 'derived',
  cache_read_tokens: 'derived',
  cache_write_tokens: 'derived',
  reasoning_tokens: 'derived',
  cost_usd: 'derived',
  cost_source: 'derived',
  price_version: 'derived',
  success: 'derived',
  error_type: 'derived',
  error_message: 'derived',
  status_code: 'derived',
  retry_count: 'derived',
  request_id: 'derived',
  trace_id: 'derived',
  span_id: 'derived',
  parent_span_id: 'derived',
  source: 'replace',
} as const;

const bool = (value: boolean | null): number | null => (value === null ? null : value ? 1 : 0);

/** What calls folded into this one add where it is silent itself; in the order of their start. */
function fromInside(node: SpanNode): {
  callId: string | null;
  statusCode: number | null;
  errorType: string | null;
  errorMessage: string | null;
} {
  const found = {
    callId: null as string | null,
    statusCode: null as number | null,
    errorType: null as string | null,
    errorMessage: null as string | null,
  };
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

/** Retries of a model call: what the emitter counts, else one less than the requests beneath it. */
function retries(node: SpanNode, reading: CallReading): number | null {
  const folded = node.facts.http;
  const seen = folded === undefined ? null : reading.kind === 'llm' ? Math.max(folded.resends, folded.count - 1) : folded.resends;
  if (reading.retryCount === null) return seen;
  return seen === null ? reading.retryCount : Math.max(reading.retryCount, seen);
}

/** Servers say 200 of requests that their client dropped or gave up (measured with instrumentation-http 0.223.0): not believed where the client failed. */
const serverStatus = (facts: SpanFacts, reading: CallReading): number | null =>
  reading.success === false ? null : (facts.serverStatus ?? null);

/** Writes rows of `tool_calls`. */
export class CallRows {
  readonly #counter: ChangeCounter;
  readonly #upsert: Statement;
  readonly #delete: Statement;
  readonly #exists: Statement;

  constructor(db: Db, counter: ChangeCounter) {
    this.#counter = counter;
    this.#upsert = prepareUpsert(db, T, ['id'], RULES);
    this.#exists = prepareQuery(db, sqlBuilder.selectFrom('tool_calls').select(sql.lit(1).as('one')).where('id', '=', ''));
    this.#delete = prepareQuery(db, sqlBuilder.deleteFrom('tool_calls').where('id', '=', ''));
  }

  /** @returns whether the row changed. */
  write(node: SpanNode, reading: CallReading, owner: Owner | null, parentCallId: string | null): boolean {
    const facts = node.facts;
    const inside = fromInside(node);
    const failed = reading.success === false;
    const seq = this.#counter.next();
    const { changes } = this.#upsert.run(
      spanRowId(node.traceId, node.spanId),
      owner?.taskExecutionId ?? null,
      owner?.match ?? null,
      parentCallId,
      facts.sessionId,
      node.agentId,
      reading.subAgent,
      reading.conversationId,
      reading.kind,
      reading.toolName,
      reading.callId ?? inside.callId,
      isoTime(facts.startMs),
      facts.durationMs,
      reading.durationQuality,
      reading.model,
      reading.provider,
      reading.usage?.inputTokens ?? null,
      reading.usage?.outputTokens ?? null,
      reading.usage?.cacheReadTokens ?? null,
      reading.usage?.cacheWriteTokens ?? null,
      reading.usage?.reasoningTokens ?? null,
      reading.costUsd,
      reading.costUsd === null ? null : 'emitter',
      null,
      bool(reading.success),
      reading.errorType ?? (failed ? inside.errorType : null),
      reading.errorMessage ?? (failed ? inside.errorMessage : null),
      reading.statusCode ?? facts.http?.status ?? serverStatus(facts, reading) ?? inside.statusCode,
      retries(node, reading),
      reading.requestId,
      node.traceId,
      node.spanId,
      node.parentSpanId,
      reading.source,
      seq,
    );
    if (changes === 0) return false;
    this.#counter.took(seq);
    return true;
  }

  exists(id: string): boolean {
    return this.#exists.get(id) !== undefined;
  }

  /** Takes back a row whose call turned out to be part of another. */
  remove(id: string): void {
    if (this.#delete.run(id).changes > 0) this.#counter.bury(T, id);
  }
}
