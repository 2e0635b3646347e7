import { UNNAMED_MCP_TOOL } from '../dialect/claude-call.ts';
import type { CallKind, CallReading, CallTold, Usage } from '../model/reading.ts';
import { spanRowId } from '../model/row-ids.ts';
import type { SpanNode } from '../model/span-node.ts';
import { callOutcome, isListing } from '../resolve/call-outcome.ts';
import type { Db, Statement } from '../store/open.ts';
import { prepareQuery, sqlBuilder } from '../store/sql.ts';
import type { CallParts } from './call-parts.ts';
import { type CallRow, type CallRows, type Owner, rowFromSpan } from './call-rows.ts';
import type { InferredOwners } from './inferred-owners.ts';
import type { SessionRows } from './session-rows.ts';

/** One telling of a keyed call: by a span, a log record or a hook event. Kept as JSON until the memory's age limit. */
interface Part {
  readonly row: CallRow;
  readonly authority: number;
  /** Absent: nothing, as in parts of earlier versions. */
  readonly told?: CallTold;
}

const toldBy = ({ told }: Part): { readonly told: CallTold | null } => ({ told: told ?? null });

/**
 * What a telling is to the books: the first that makes the row, one more of it, or (`listing`) one that makes none, as long
 * as there is no other.
 */
export type PartTaken = 'first' | 'more' | 'listing';

/** What only saw the call from inside tells what nobody else does; it is never the span that is the call. */
export const INSIDE_AUTHORITY = 0;

const KIND_RANK: Readonly<Record<CallKind, number>> = { agent: 6, mcp: 5, llm: 4, tool: 3, http: 2, rpc: 1, db: 0 };
const MATCH_RANK = { ancestor: 5, attribute: 4, call: 3, session: 2, trace: 1 } as const;
const SPAN_ID = /^[0-9a-f]{16}$/;
const TRACE_ID = /^[0-9a-f]{32}$/;

/** Hears of every call whose row was written or has another owner. */
export interface CallFollowers {
  touch(callId: string): void;
}

export interface KeyedCallsParts {
  readonly parts: CallParts;
  readonly rows: CallRows;
  readonly sessions: SessionRows;
  readonly inferred: InferredOwners;
  /** What follows the row of a call. */
  readonly followers: CallFollowers;
}

/** In `call_parts`: the ends of a conversation. */
const endsKey = (conversationId: string): string => `ended:${conversationId}`;

/**
 * Calls whose id is unique within a conversation: everything that is told of one of them meets in one row, whatever
 * comes first and however late the rest.
 */
export class KeyedCalls {
  readonly #parts: CallParts;
  readonly #rows: CallRows;
  readonly #sessions: SessionRows;
  readonly #inferred: InferredOwners;
  readonly #followers: CallFollowers;
  readonly #openCalls: Statement<[string], { id: string }>;
  /** Keys that changed; with the session that told first of a call that is new. */
  readonly #dirty = new Map<string, string | null>();
  /** Keys of which a telling was taken back. */
  readonly #retold = new Set<string>();

  constructor(db: Db, { parts, rows, sessions, inferred, followers }: KeyedCallsParts) {
    this.#parts = parts;
    this.#rows = rows;
    this.#sessions = sessions;
    this.#inferred = inferred;
    this.#followers = followers;
    this.#openCalls = prepareQuery(
      db,
      sqlBuilder
        .selectFrom('tool_calls')
        .select('id')
        .where('conversation_id', '=', '')
        .where('success', 'is', null)
        .where('error_type', 'is', null),
    );
  }

  clear(): void {
    this.#retold.clear();
    this.#dirty.clear();
  }

  take(key: string, node: SpanNode, reading: CallReading, owner: Owner | null, parentRow: string | null): PartTaken {
    const { authority, told } = reading;
    const row = rowFromSpan(key, node, reading, owner, parentRow, node.facts.http ?? null);
    const part: Part = { row, authority, ...(told === null ? {} : { told }) };
    const id = spanRowId(node.traceId, node.spanId);
    const known = this.#parts.of(key);
    const isFirst = known.every((one) => one.part === id || isListing(toldBy(JSON.parse(one.facts) as Part)));
    const isList = isListing(toldBy(part));
    const isNew = isFirst && !isList && known.every((one) => one.part !== id);
    if (this.#parts.put(key, id, JSON.stringify(part))) this.#touch(key, isNew ? node.facts.sessionId : null);
    return !isFirst ? 'more' : isList ? 'listing' : 'first';
  }

  /** The spans that list a call. */
  listingsOf(key: string): { readonly traceId: string | null; readonly spanId: string | null }[] {
    const parts = this.#parts.of(key).map(({ facts }) => JSON.parse(facts) as Part);
    return parts.filter((part) => isListing(toldBy(part))).map(({ row }) => row);
  }

  /** A conversation ended: a call that began in it and has no result was interrupted. `part`: who says so. */
  end(conversationId: string, part: string, atMs: number): void {
    if (!this.#parts.put(endsKey(conversationId), part, JSON.stringify(atMs))) return;
    for (const { id } of this.#openCalls.all(conversationId)) this.#touch(id, null);
  }

  /** Takes back what one telling said. */
  drop(key: string, node: SpanNode): void {
    if (!this.#parts.drop(key, spanRowId(node.traceId, node.spanId))) return;
    this.#retold.add(key);
    this.#touch(key, null);
  }

  #touch(key: string, newIn: string | null): void {
    if (!this.#dirty.has(key) || newIn !== null) this.#dirty.set(key, newIn);
  }

  settle(): void {
    for (const [key, newIn] of this.#dirty) {
      const parts = this.#parts.of(key).map((one): Part => JSON.parse(one.facts) as Part);
      const row = mergeParts(key, parts, (conversationId) => this.#endOf(conversationId));
      if (row === null) continue;
      // Known beats unknown in a row, and what was taken back is unknown now: the row begins anew.
      if (this.#retold.delete(key)) this.#rows.remove(key);
      this.#rows.write(row);
      this.#followers.touch(key);
      if (newIn !== null) this.#sessions.countCall(newIn, 1);
      if (row.owner === null) this.#inferred.unowned(key);
      else this.#inferred.ownerFound(row.conversationId, row.callId);
    }
    this.#dirty.clear();
  }

  #endOf(conversationId: string): number | null {
    const ends = this.#parts.of(endsKey(conversationId)).map(({ facts }) => JSON.parse(facts) as number);
    return ends.length === 0 ? null : Math.max(...ends);
  }
}

/** A function of the set of parts: they are put in order first. Null where nothing but lists tells of the call. */
function mergeParts(key: string, unordered: readonly Part[], endOf: (conversationId: string) => number | null): CallRow | null {
  const all = [...unordered].sort(
    (a, b) =>
      b.authority - a.authority ||
      a.row.startMs - b.row.startMs ||
      (`${a.row.traceId}:${a.row.spanId}` < `${b.row.traceId}:${b.row.spanId}` ? -1 : 1),
  );
  const parts = all.filter((part) => !isListing(toldBy(part)));
  const rows = parts.map((part) => part.row);
  const [first] = rows;
  if (first === undefined) return null;
  const known = <K extends keyof CallRow>(field: K): CallRow[K] =>
    rows.find((row) => row[field] !== null)?.[field] ?? (null as CallRow[K]);
  const timed = rows.find((row) => row.durationMs !== null);
  const conversationId = known('conversationId');
  const started = parts.some(({ told }) => told === 'started');
  const tellings = all.map((part) => ({ ...part.row, ...toldBy(part), authority: part.authority }));
  const outcome = callOutcome(tellings, conversationId === null || !started ? null : endOf(conversationId));
  // The span that is the call: the one around the others starts first; of equals the one with less to say of the outcome.
  const span = parts
    .filter((part) => part.authority > INSIDE_AUTHORITY && part.row.spanId !== null && SPAN_ID.test(part.row.spanId))
    .sort(
      (a, b) =>
        a.row.startMs - b.row.startMs || a.authority - b.authority || ((a.row.spanId ?? '') < (b.row.spanId ?? '') ? -1 : 1),
    )[0]?.row;
  return {
    ...first,
    id: key,
    owner: bestOwner(rows),
    parentToolCallId: known('parentToolCallId'),
    agentId: known('agentId'),
    subAgent: known('subAgent'),
    conversationId,
    kind: rows.reduce((best, row) => (KIND_RANK[row.kind] > KIND_RANK[best] ? row.kind : best), first.kind),
    toolName: rows.find((row) => row.toolName !== null && row.toolName !== UNNAMED_MCP_TOOL)?.toolName ?? known('toolName'),
    callId: known('callId'),
    // Records tell their end and how long it took; a span's own start is better than their difference.
    startMs: span?.startMs ?? Math.min(...rows.map((row) => row.startMs)),
    durationMs: timed?.durationMs ?? null,
    durationQuality: timed?.durationQuality ?? null,
    model: known('model'),
    provider: known('provider'),
    usage: mergeUsage(rows),
    costUsd: known('costUsd'),
    ...outcome,
    statusCode: known('statusCode'),
    retryCount: known('retryCount'),
    requestId: known('requestId'),
    traceId: span?.traceId ?? rows.find((row) => TRACE_ID.test(row.traceId ?? ''))?.traceId ?? null,
    spanId: span?.spanId ?? null,
    parentSpanId: span === undefined ? null : span.parentSpanId,
    source: first.source,
  };
}

function bestOwner(rows: readonly CallRow[]): Owner | null {
  let best: Owner | null = null;
  for (const { owner } of rows) {
    if (owner !== null && (best === null || MATCH_RANK[owner.match] > MATCH_RANK[best.match])) best = owner;
  }
  return best;
}

function mergeUsage(rows: readonly CallRow[]): Usage | null {
  const told = rows.flatMap((row) => (row.usage === null ? [] : [row.usage]));
  if (told.length === 0) return null;
  const known = (field: keyof Usage): number | null => told.find((usage) => usage[field] !== null)?.[field] ?? null;
  return {
    inputTokens: known('inputTokens'),
    outputTokens: known('outputTokens'),
    cacheReadTokens: known('cacheReadTokens'),
    cacheWriteTokens: known('cacheWriteTokens'),
    reasoningTokens: known('reasoningTokens'),
  };
}
