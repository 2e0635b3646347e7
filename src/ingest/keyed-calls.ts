import { UNNAMED_MCP_TOOL } from '../dialect/claude-code.ts';
import type { CallKind, CallReading, Usage } from '../model/reading.ts';
import { spanRowId } from '../model/row-ids.ts';
import type { SpanNode } from '../model/span-node.ts';
import type { CallParts } from './call-parts.ts';
import { type CallRow, type CallRows, type Owner, rowFromSpan } from './call-rows.ts';
import type { InferredOwners } from './inferred-owners.ts';
import type { SessionRows } from './session-rows.ts';

/** One telling of a keyed call: by a span, a log record or a hook event. Kept as JSON until the memory's age limit. */
interface Part {
  readonly row: CallRow;
  readonly authority: number;
}

/** What only saw the call from inside tells what nobody else does; it is never the span that is the call. */
export const INSIDE_AUTHORITY = 0;

const KIND_RANK: Readonly<Record<CallKind, number>> = { agent: 6, mcp: 5, llm: 4, tool: 3, http: 2, rpc: 1, db: 0 };
const MATCH_RANK = { ancestor: 5, attribute: 4, call: 3, session: 2, trace: 1 } as const;
const SPAN_ID = /^[0-9a-f]{16}$/;

/**
 * Calls whose id is unique within a conversation: everything that is told of one of them meets in one row, whatever
 * comes first and however late the rest.
 */
export class KeyedCalls {
  readonly #parts: CallParts;
  readonly #rows: CallRows;
  readonly #sessions: SessionRows;
  readonly #inferred: InferredOwners;
  /** Keys that changed; with the session that told first of a call that is new. */
  readonly #dirty = new Map<string, string | null>();
  /** Keys of which a telling was taken back. */
  readonly #retold = new Set<string>();

  constructor(parts: CallParts, rows: CallRows, sessions: SessionRows, inferred: InferredOwners) {
    this.#parts = parts;
    this.#rows = rows;
    this.#sessions = sessions;
    this.#inferred = inferred;
  }

  clear(): void {
    this.#retold.clear();
    this.#dirty.clear();
  }

  /** @returns whether this is the first that is heard of the call. */
  take(key: string, node: SpanNode, reading: CallReading, owner: Owner | null, parentRow: string | null): boolean {
    const part: Part = { row: rowFromSpan(key, node, reading, owner, parentRow, null), authority: reading.authority };
    const id = spanRowId(node.traceId, node.spanId);
    const known = this.#parts.of(key);
    if (this.#parts.put(key, id, JSON.stringify(part))) this.#touch(key, known.length === 0 ? node.facts.sessionId : null);
    return known.every((one) => one.part === id);
  }

  /** Takes back what one telling said. */
  drop(key: string, node: SpanNode): void {
    if (!this.#parts.drop(key, spanRowId(node.traceId, node.spanId))) return;
    this.#retold.add(key);
    this.#touch(key, null);
  }

  #touch(key: string, newIn: string | null): void {
    if (!this.#dirty.has(key)) this.#dirty.set(key, newIn);
  }

  settle(): void {
    for (const [key, newIn] of this.#dirty) {
      const parts = this.#parts.of(key).map((one): Part => JSON.parse(one.facts) as Part);
      const row = mergeParts(key, parts);
      if (row === null) continue;
      // Known beats unknown in a row, and what was taken back is unknown now: the row begins anew.
      if (this.#retold.delete(key)) this.#rows.remove(key);
      this.#rows.write(row);
      if (newIn !== null) this.#sessions.countCall(newIn, 1);
      if (row.owner === null) this.#inferred.unowned(key);
      else this.#inferred.ownerFound(row.conversationId, row.callId);
    }
    this.#dirty.clear();
  }
}

/** A function of the set of parts: they are put in order first. */
function mergeParts(key: string, unordered: readonly Part[]): CallRow | null {
  const parts = [...unordered].sort(
    (a, b) =>
      b.authority - a.authority ||
      a.row.startMs - b.row.startMs ||
      (`${a.row.traceId}:${a.row.spanId}` < `${b.row.traceId}:${b.row.spanId}` ? -1 : 1),
  );
  const rows = parts.map((part) => part.row);
  const [first] = rows;
  if (first === undefined) return null;
  const known = <K extends keyof CallRow>(field: K): CallRow[K] =>
    rows.find((row) => row[field] !== null)?.[field] ?? (null as CallRow[K]);
  const timed = rows.find((row) => row.durationMs !== null);
  const success = known('success');
  const blamed = success === true ? undefined : rows.find((row) => row.errorType !== null || row.errorMessage !== null);
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
    conversationId: known('conversationId'),
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
    success,
    errorType: blamed?.errorType ?? null,
    errorMessage: blamed?.errorMessage ?? null,
    statusCode: known('statusCode'),
    retryCount: known('retryCount'),
    requestId: known('requestId'),
    traceId: span?.traceId ?? first.traceId,
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
