import { sql as raw } from 'kysely';
import type { NodeClass, SpanNode } from '../model/span-node.ts';
import type { Tree } from '../resolve/ancestry.ts';
import type { Db, Statement } from '../store/open.ts';
import { prepareQuery, sqlBuilder } from '../store/sql.ts';
import { decodeFacts, encodeFacts } from './facts-codec.ts';

/** Spans of recent traces kept parsed in memory, per file. Measured: 1.1 kB a span where each has a trace of its own, so 55 MB at most. */
export const CACHED_SPANS = 50_000;

const REMOTE_KNOWN = 1;
const REMOTE = 2;

/** Facts of a row without any: a span of which only the place is known. */
const NO_FACTS = '[0,null,null,null]';

interface MemoryRow {
  trace_id: string;
  span_id: string;
  parent_span_id: string | null;
  flags: number;
  class: string;
  ref: string | null;
  agent_id: string | null;
  facts: string | null;
}

interface TraceCache {
  readonly id: string;
  /** Nothing of this trace was in the file when we first met it, so what is not in `nodes` does not exist. */
  complete: boolean;
  readonly nodes: Map<string, SpanNode>;
  readonly children: Map<string, SpanNode[]>;
}

function toNode(row: MemoryRow): SpanNode {
  return {
    traceId: row.trace_id,
    spanId: row.span_id,
    parentSpanId: row.parent_span_id,
    parentRemote: (row.flags & REMOTE_KNOWN) === 0 ? null : (row.flags & REMOTE) !== 0,
    cls: row.class as NodeClass,
    ref: row.ref,
    agentId: row.agent_id,
    facts: decodeFacts(row.facts ?? NO_FACTS, row.class as NodeClass),
  };
}

/**
 * What ownership knows of spans, in the file and, for recent traces, in memory. Correct without the cache: it only
 * saves look-ups, and is dropped whenever another connection has written the file.
 */
export class SpanMemory implements Tree {
  readonly #capacity: number;
  readonly #traces = new Map<string, TraceCache>();
  readonly #dirty = new Set<SpanNode>();
  #cached = 0;
  /** The trace that was asked for last: mostly it is the one that is asked for next. */
  #lastId = '';
  #last: TraceCache | undefined;
  /** How often the cache was full and traces had to be dropped from it. */
  evictions = 0;
  readonly #selectAny: Statement;
  readonly #selectOne: Statement;
  readonly #selectChildren: Statement;
  readonly #selectTask: Statement;
  readonly #selectAgents: Statement;
  readonly #upsert: Statement;

  constructor(db: Db, capacity: number = CACHED_SPANS) {
    this.#capacity = capacity;
    const columns = ['trace_id', 'span_id', 'parent_span_id', 'flags', 'class', 'ref', 'agent_id', 'facts'] as const;
    const from = sqlBuilder.selectFrom('span_memory');
    this.#selectAny = prepareQuery(db, from.select(raw.lit(1).as('one')).where('trace_id', '=', '').limit(raw.lit(1)));
    this.#selectOne = prepareQuery(db, from.select(columns).where('trace_id', '=', '').where('span_id', '=', ''));
    this.#selectChildren = prepareQuery(db, from.select(columns).where('trace_id', '=', '').where('parent_span_id', '=', ''));
    this.#selectTask = prepareQuery(db, from.select(columns).where('ref', '=', '').where('class', '=', raw.lit('task')));
    this.#selectAgents = prepareQuery(
      db,
      from.select(['trace_id', 'span_id']).where('class', '=', raw.lit('agent')).where('seen_at', '<', 0).limit(raw<number>`?`),
    );
    this.#upsert = prepareQuery(
      db,
      sqlBuilder
        .insertInto('span_memory')
        .values({
          trace_id: '',
          span_id: '',
          parent_span_id: '',
          flags: 0,
          class: '',
          ref: '',
          agent_id: '',
          facts: '',
          seen_at: 0,
        })
        .onConflict((oc) =>
          oc.columns(['trace_id', 'span_id']).doUpdateSet((eb) => ({
            parent_span_id: eb.ref('excluded.parent_span_id'),
            flags: eb.ref('excluded.flags'),
            class: eb.ref('excluded.class'),
            ref: eb.ref('excluded.ref'),
            agent_id: eb.ref('excluded.agent_id'),
            facts: eb.ref('excluded.facts'),
            seen_at: eb.ref('excluded.seen_at'),
          })),
        ),
    );
  }

  get(traceId: string, spanId: string): SpanNode | undefined {
    const trace = this.#trace(traceId);
    const cached = trace.nodes.get(spanId);
    if (cached !== undefined || trace.complete) return cached;
    const row = this.#selectOne.get(traceId, spanId) as MemoryRow | undefined;
    return row === undefined ? undefined : this.#remember(trace, toNode(row));
  }

  children(node: SpanNode): readonly SpanNode[] {
    const trace = this.#trace(node.traceId);
    if (!trace.complete) {
      for (const row of this.#selectChildren.all(node.traceId, node.spanId) as MemoryRow[]) {
        if (!trace.nodes.has(row.span_id)) this.#remember(trace, toNode(row));
      }
    }
    return trace.children.get(node.spanId) ?? [];
  }

  /** Every known span of one task execution. Call after `flush`: it reads the file. */
  spansOfTask(taskExecutionId: string): SpanNode[] {
    return (this.#selectTask.all(taskExecutionId) as MemoryRow[]).map(
      (row) => this.get(row.trace_id, row.span_id) ?? toNode(row),
    );
  }

  /** Agents of which it is not decided since before then whether a task stands above them. */
  undecidedAgents(beforeSeconds: number, limit: number): { readonly traceId: string; readonly spanId: string }[] {
    return (this.#selectAgents.all(beforeSeconds, limit) as MemoryRow[]).map((row) => ({
      traceId: row.trace_id,
      spanId: row.span_id,
    }));
  }

  /** The one string that stands for the trace in all of its nodes: each span comes with its own copy. */
  idOf(traceId: string): string {
    return this.#trace(traceId).id;
  }

  /** Takes up a span that was not known. */
  add(node: SpanNode): void {
    this.#remember(this.#trace(node.traceId), node);
    this.#dirty.add(node);
  }

  changed(node: SpanNode): void {
    this.#dirty.add(node);
  }

  /** Replaces what is known of a span's place (a second sight that knows more). */
  replace(old: SpanNode, next: SpanNode): void {
    const trace = this.#trace(old.traceId);
    if (trace.nodes.delete(old.spanId)) this.#cached--;
    if (old.parentSpanId !== null) {
      const siblings = trace.children.get(old.parentSpanId);
      const at = siblings?.indexOf(old) ?? -1;
      if (at >= 0) siblings?.splice(at, 1);
    }
    this.#dirty.delete(old);
    this.#remember(trace, next);
    this.#dirty.add(next);
  }

  /** Writes what changed since the last flush. Inside the caller's transaction. */
  flush(nowSeconds: number): void {
    for (const node of this.#dirty) {
      this.#upsert.run(
        node.traceId,
        node.spanId,
        node.parentSpanId,
        node.parentRemote === null ? 0 : REMOTE_KNOWN | (node.parentRemote ? REMOTE : 0),
        node.cls,
        node.ref,
        node.agentId,
        encodeFacts(node.facts),
        nowSeconds,
      );
    }
    this.#dirty.clear();
  }

  /** Forgets everything that is only in memory: after a rollback, or when another connection wrote the file. */
  forget(): void {
    this.#traces.clear();
    this.#last = undefined;
    this.#dirty.clear();
    this.#cached = 0;
  }

  /** Spans in memory. */
  get cached(): number {
    return this.#cached;
  }

  /** Between transactions: drops the traces that were met first until half the room is free. */
  trim(): void {
    if (this.#cached > this.#capacity) this.trimTo(this.#capacity / 2);
  }

  /** Between transactions: drops the traces that were met first until no more than `spans` are left. */
  trimTo(spans: number): void {
    if (this.#cached <= spans) return;
    this.evictions++;
    this.#last = undefined;
    for (const [traceId, trace] of this.#traces) {
      if (this.#cached <= spans) return;
      this.#traces.delete(traceId);
      this.#cached -= trace.nodes.size;
    }
  }

  #trace(traceId: string): TraceCache {
    if (this.#last !== undefined && traceId === this.#lastId) return this.#last;
    let trace = this.#traces.get(traceId);
    if (trace === undefined) {
      const complete = this.#selectAny.get(traceId) === undefined;
      trace = { id: traceId, complete, nodes: new Map(), children: new Map() };
      this.#traces.set(traceId, trace);
    }
    this.#lastId = traceId;
    this.#last = trace;
    return trace;
  }

  #remember(trace: TraceCache, node: SpanNode): SpanNode {
    trace.nodes.set(node.spanId, node);
    this.#cached++;
    if (node.parentSpanId !== null) {
      const siblings = trace.children.get(node.parentSpanId);
      if (siblings) siblings.push(node);
      else trace.children.set(node.parentSpanId, [node]);
    }
    return node;
  }
}
