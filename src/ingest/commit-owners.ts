import { createHash } from 'node:crypto';
import { taskNamedAs } from '../dialect/task-named.ts';
import type { CommitAttribution } from '../model/commit-attribution.ts';
import type { SpanNode } from '../model/span-node.ts';
import { callOf, climb } from '../resolve/ancestry.ts';
import type { Db, Statement } from '../store/open.ts';
import { exactOwner } from './call-owner.ts';
import type { Owner, OwnerMatch } from './call-rows.ts';
import type { ChangeCounter } from './change-counter.ts';
import { commitRowId, spanOfCommit } from './commit-rows.ts';
import { HOOK_ID } from './hook-span.ts';
import type { InferredOwners } from './inferred-owners.ts';
import type { SpanMemory } from './span-memory.ts';

/** Begins the ids by which commits stand in the ownership memory. */
const COMMIT_ID = `${HOOK_ID}commit:`;

export const isCommitNode = ({ spanId }: SpanNode): boolean => spanId.startsWith(COMMIT_ID);

interface CommitOwning {
  readonly timestamp: string;
  readonly trace_id: string | null;
  readonly conversation_id: string | null;
  readonly task_execution_id: string | null;
  readonly tool_call_id: string | null;
  readonly owner_match: OwnerMatch | null;
}

interface CallOwning {
  readonly task_execution_id: string | null;
  readonly owner_match: OwnerMatch | null;
}

export interface CommitOwnersParts {
  readonly memory: SpanMemory;
  readonly inferred: InferredOwners;
  /** The row of a call, whether its own or that of the call it is part of. */
  readonly rowOfCall: (node: SpanNode) => string | null;
}

/**
 * Which call and which task committed. A commit stands in the ownership memory below the span that its hook's TRACEPARENT names: in a
 * command of Claude Code that is the execution of the very call. Asked again whenever what stands above it, its call's row or
 * its conversation's owners change, so the order of arrival leaves no trace.
 */
export class CommitOwners {
  readonly #counter: ChangeCounter;
  readonly #parts: CommitOwnersParts;
  readonly #any: Statement<[]>;
  readonly #row: Statement<[string], CommitOwning>;
  readonly #call: Statement<[string], CallOwning>;
  readonly #ofCall: Statement<[string], string>;
  readonly #ofConversation: Statement<[string], string>;
  readonly #set: Statement;
  readonly #touched = new Set<string>();
  readonly #touchedCalls = new Set<string>();
  /** Whether the file has any commit; null: not asked yet. */
  #hasAny: boolean | null = null;

  constructor(db: Db, counter: ChangeCounter, parts: CommitOwnersParts) {
    this.#counter = counter;
    this.#parts = parts;
    this.#any = db.prepare<[]>('SELECT 1 FROM commits LIMIT 1').pluck();
    this.#row = db.prepare<[string], CommitOwning>(
      'SELECT timestamp, trace_id, conversation_id, task_execution_id, tool_call_id, owner_match FROM commits WHERE id = ?',
    );
    this.#call = db.prepare<[string], CallOwning>('SELECT task_execution_id, owner_match FROM tool_calls WHERE id = ?');
    this.#ofCall = db.prepare<[string], string>('SELECT id FROM commits WHERE tool_call_id = ?').pluck();
    this.#ofConversation = db
      .prepare<[string], string>(
        "SELECT id FROM commits WHERE conversation_id = ? AND (owner_match IS NULL OR owner_match = 'session')",
      )
      .pluck();
    this.#set = db.prepare(
      'UPDATE commits SET task_execution_id = ?, tool_call_id = ?, owner_match = ?, change_seq = ? WHERE id = ?',
    );
  }

  /** A commit's row was written. @returns its place in the memory where that is new */
  take(commit: CommitAttribution, agentId: string | null): SpanNode | null {
    const id = commitRowId(commit);
    this.#touched.add(id);
    this.#hasAny = true;
    const span = spanOfCommit(commit);
    const { taskId } = commit.context;
    const names = taskId === null ? null : taskNamedAs(taskId);
    if (span === null && names === null) return null;
    const spanId = nodeId(id);
    const traceId = span?.traceId ?? spanId;
    if (this.#parts.memory.get(traceId, spanId) !== undefined) return null;
    const atMs = commit.recordedMs;
    const node: SpanNode = {
      ...{ traceId, spanId, parentSpanId: span?.spanId ?? null, parentRemote: span === null ? null : true },
      ...{ cls: 'step', ref: id, agentId },
      facts: { startMs: atMs, endMs: atMs, durationMs: null, sessionId: null, reading: null, names },
    };
    this.#parts.memory.add(node);
    return node;
  }

  /** What stands above a commit in the memory changed. */
  touch(node: SpanNode): void {
    if (node.ref !== null) this.#touched.add(node.ref);
  }

  /** The row of a call was written, or has another owner. */
  touchCall(callId: string): void {
    this.#hasAny ??= this.#any.get() !== undefined;
    if (this.#hasAny) this.#touchedCalls.add(callId);
  }

  touchConversations(ids: Iterable<string>): void {
    this.#hasAny ??= this.#any.get() !== undefined;
    if (this.#hasAny) for (const id of ids) for (const commit of this.#ofConversation.all(id)) this.#touched.add(commit);
  }

  /** After all that gives calls their owners. */
  settle(): void {
    for (const callId of this.#touchedCalls) for (const commit of this.#ofCall.all(callId)) this.#touched.add(commit);
    for (const id of this.#touched) this.#decide(id);
    this.clear();
  }

  clear(): void {
    this.#touched.clear();
    this.#touchedCalls.clear();
  }

  forget(): void {
    this.clear();
    this.#hasAny = null;
  }

  #decide(id: string): void {
    const row = this.#row.get(id);
    if (row === undefined) return;
    const { memory } = this.#parts;
    const spanId = nodeId(id);
    const node = memory.get(row.trace_id ?? spanId, spanId) ?? null;
    const callId = (node === null ? null : this.#callAround(node)) ?? row.tool_call_id;
    const owner = (node === null ? null : exactOwner(memory, node)) ?? this.#lessExact(row, callId);
    const [task, match] = [owner?.taskExecutionId ?? null, owner?.match ?? null];
    if (task === row.task_execution_id && callId === row.tool_call_id && match === row.owner_match) return;
    const seq = this.#counter.next();
    this.#set.run(task, callId, match, seq, id);
    this.#counter.took(seq);
  }

  /** What the file knew before its memory was forgotten; the call's own owner; the only task of the session at that time. */
  #lessExact(row: CommitOwning, callId: string | null): Owner | null {
    const call = callId === null ? undefined : this.#call.get(callId);
    if (call?.task_execution_id != null && call.owner_match !== null) {
      return { taskExecutionId: call.task_execution_id, match: call.owner_match };
    }
    const { task_execution_id: task, owner_match: match, conversation_id: conversation, timestamp } = row;
    if (task !== null && (match === 'ancestor' || match === 'attribute')) return { taskExecutionId: task, match };
    return conversation === null ? null : this.#parts.inferred.ownerInConversation(conversation, timestamp);
  }

  /** The nearest call above, within its task; HTTP only carries what is below it. */
  #callAround(node: SpanNode): string | null {
    const { memory, rowOfCall } = this.#parts;
    let found: string | null = null;
    climb(memory, node, (ancestor) => {
      if (ancestor.cls === 'task') return true;
      const reading = ancestor.cls === 'call' ? callOf(ancestor) : null;
      if (reading === null || reading.kind === 'http') return false;
      found = rowOfCall(ancestor);
      return true;
    });
    return found;
  }
}

const nodeId = (commitId: string): string => COMMIT_ID + createHash('sha256').update(commitId).digest('hex').slice(0, 24);
