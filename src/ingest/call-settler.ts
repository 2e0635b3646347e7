import type { CallReading } from '../model/reading.ts';
import { FOLDED, HIDDEN, type SpanNode } from '../model/span-node.ts';
import { placeOfAgent } from '../resolve/agent-place.ts';
import { callOf, MAX_DEPTH } from '../resolve/ancestry.ts';
import { placeOfCall } from '../resolve/fold.ts';
import { hasUsage, insideModelCall, isHidden, isInLoop, keyedModelCallAround, modelCallAround } from '../resolve/model-calls.ts';
import { AgentTotals } from './agent-totals.ts';
import { exactOwner } from './call-owner.ts';
import { type CallRows, foldRequests, rowFromSpan } from './call-rows.ts';
import { type Fates, isSameCall, isSamePlace, mayBeForgotten, type Tracked, type Written } from './fates.ts';
import { withFolded } from './fold-facts.ts';
import type { InferredOwners } from './inferred-owners.ts';
import { INSIDE_AUTHORITY, type KeyedCalls } from './keyed-calls.ts';
import { withModelCallAround } from './model-call-twice.ts';
import type { PairedCalls } from './paired-calls.ts';
import { isAnswer, rowAround, rowIdOfCall } from './row-of-call.ts';
import type { SessionRows } from './session-rows.ts';
import type { SpanMemory } from './span-memory.ts';
import { taskIdOfSpan } from './task-rows.ts';

/** Who ran the tool knows better how it ended than who waited for it. */
const ANSWER_AUTHORITY = 6;

export interface CallSettlerParts {
  readonly now: () => number;
  readonly memory: SpanMemory;
  readonly rows: CallRows;
  readonly keyed: KeyedCalls;
  readonly paired: PairedCalls;
  readonly sessions: SessionRows;
  readonly inferred: InferredOwners;
  readonly fates: Fates;
}

/**
 * Decides for every call that a batch touched whether it has a row, which one, and whose it is. Everything here is a
 * function of the spans that are known, so it may be asked again at any time and the order of arrival leaves no trace.
 */
export class CallSettler {
  readonly #parts: CallSettlerParts;
  /** Agents that turned out to be tasks since the last `takeNewTasks`. */
  readonly #newTasks = new Set<SpanNode>();
  readonly #dirtyAgents = new Set<SpanNode>();
  readonly #dirtyCalls = new Set<SpanNode>();
  readonly #totals: AgentTotals;
  /** Called for each agent that is decided: what stands below it may have an owner now. */
  readonly #touchBelow: (node: SpanNode) => void;

  constructor(parts: CallSettlerParts, touchBelow: (node: SpanNode) => void) {
    this.#parts = parts;
    this.#touchBelow = touchBelow;
    this.#totals = new AgentTotals(parts, (node) => this.touch(node));
  }

  touch(node: SpanNode): void {
    if (node.cls === 'agent') this.#dirtyAgents.add(node);
    else if (node.cls === 'call') this.#dirtyCalls.add(node);
    else if (node.cls === 'task' && node.facts.total !== undefined) this.#totals.touch(node);
  }

  /** A span that says something of the call it stands below. */
  touchParent(node: SpanNode): void {
    const parent = node.parentSpanId === null ? undefined : this.#parts.memory.get(node.traceId, node.parentSpanId);
    if (parent?.cls === 'call') this.touch(parent);
  }

  /** A span that came after what stands below it takes over what they know. */
  inheritUsage(node: SpanNode): void {
    this.#totals.inheritUsage(node);
  }

  clear(): void {
    this.#dirtyAgents.clear();
    this.#dirtyCalls.clear();
    this.#totals.clear();
    this.#newTasks.clear();
  }

  /** Settles what was touched. The sets grow while they are walked: one decision touches others. */
  settle(): void {
    while (this.#dirtyAgents.size > 0 || this.#dirtyCalls.size > 0 || this.#parts.paired.isDirty) {
      for (const node of this.#dirtyAgents) {
        this.#dirtyAgents.delete(node);
        this.#settleAgent(node);
      }
      for (const node of this.#dirtyCalls) {
        this.#dirtyCalls.delete(node);
        const reading = callOf(node);
        if (node.cls === 'call' && reading !== null) this.#settleCall(node, reading);
      }
      this.#settlePairs();
    }
    this.#totals.settle();
    this.#parts.keyed.settle();
  }

  takeNewTasks(): SpanNode[] {
    const tasks = [...this.#newTasks];
    this.#newTasks.clear();
    return tasks;
  }

  /** An agent that nothing was heard of for too long is what it would be if its missing parent were none. */
  settleForgotten(node: SpanNode): void {
    if (node.cls === 'agent') this.#becomeTask(node);
  }

  #settleAgent(node: SpanNode): void {
    if (node.cls !== 'agent') return;
    const place = placeOfAgent(this.#parts.memory, node);
    if (place === 'task') this.#becomeTask(node);
    else if (place === 'call') {
      node.cls = 'call';
      this.#parts.memory.changed(node);
      this.#dirtyCalls.add(node);
      this.#touchBelow(node);
    }
  }

  #becomeTask(node: SpanNode): void {
    const reading = callOf(node);
    if (reading?.asTask == null) return;
    node.cls = 'task';
    node.facts = { ...node.facts, reading: reading.asTask, total: { ...reading, asTask: null } };
    node.ref = taskIdOfSpan(node);
    this.#parts.memory.changed(node);
    this.#newTasks.add(node);
    this.#totals.touch(node);
    this.#touchBelow(node);
  }

  #settleCall(node: SpanNode, reading: CallReading): void {
    if (hasUsage(reading) && reading.kind === 'llm') this.#totals.usageKnown(node);
    if (reading.pair !== null && reading.names !== null) {
      this.#parts.paired.take(node, reading);
      // Whether a callee has a row is decided by its caller, once all of the batch is known.
      if (reading.pair.side === 'callee' && node.ref === null) return;
    }
    if (reading.key !== null) {
      this.#settleKeyed(node, reading);
      return;
    }
    if (reading.kind === 'llm') this.#settleModelCall(node, reading);
    else if (node.ref?.startsWith(FOLDED) !== true) this.#settleOther(node, reading);
  }

  #settleOther(node: SpanNode, reading: CallReading): void {
    const { memory } = this.#parts;
    const place = placeOfCall(memory, node);
    if (place.target === null) {
      const stated = reading.kind === 'agent' && !this.#totals.books(node) ? { ...reading, usage: null, costUsd: null } : reading;
      this.#write(node, stated, place.parentCall);
      return;
    }
    this.#noRow(node, FOLDED + place.target.spanId);
    const outer = callOf(place.target);
    // Of a model call everything below is read anew each time it is written: its HTTP may turn out to be an inner call's.
    if (outer?.kind !== 'llm') {
      place.target.facts = withFolded(place.target.facts, node, reading, place.crossesServer);
      memory.changed(place.target);
    }
    this.#dirtyCalls.add(place.target);
  }

  #settleModelCall(node: Tracked, reading: CallReading): void {
    const { memory } = this.#parts;
    const before = node.ref;
    const standsAlone = isInLoop(memory, node);
    const around = standsAlone ? null : modelCallAround(memory, node);
    const request = standsAlone ? null : keyedModelCallAround(memory, node);
    if (isHidden(memory, node)) this.#noRow(node, HIDDEN);
    else if (request !== null) this.#completeRequest(request, node, reading);
    else if (around !== null && !isHidden(memory, around)) this.#noRow(node, FOLDED + around.spanId);
    else this.#write(node, withModelCallAround(memory, node, reading, around), this.#parentOfModelCall(node));
    if (before === node.ref && node.around === around) return;
    node.around = around;
    this.#touchKin(node, around);
    // What stands below points at the row that it has, or has no more.
    this.#touchBelow(node);
  }

  /** Model calls around, beside and inside one are decided by the same facts. */
  #touchKin(node: SpanNode, around: SpanNode | null): void {
    const { memory } = this.#parts;
    if (around !== null) {
      this.#dirtyCalls.add(around);
      for (const sibling of insideModelCall(memory, around).calls) if (sibling !== node) this.#dirtyCalls.add(sibling);
    }
    for (const inner of insideModelCall(memory, node).calls) this.#dirtyCalls.add(inner);
  }

  /** The outer sights of the same call have no row to point at: the call around the outermost of them. */
  #parentOfModelCall(node: SpanNode): SpanNode | null {
    const { memory } = this.#parts;
    let outermost = node;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const around = modelCallAround(memory, outermost);
      if (around === null || callOf(around)?.key != null) break;
      outermost = around;
    }
    return placeOfCall(memory, outermost).parentCall;
  }

  /** What is seen further in of a request with a key has no row; it tells the tokens where the request's own span does not. */
  #completeRequest(request: SpanNode, node: Tracked, reading: CallReading): void {
    const { key, ...outer } = callOf(request) as CallReading;
    this.#noRow(node, FOLDED + request.spanId);
    if (key === null || outer.usage !== null || !hasUsage(reading)) return;
    this.#parts.keyed.take(key, node, { ...reading, authority: INSIDE_AUTHORITY }, null, null);
  }

  #settleKeyed(node: Tracked, reading: CallReading): void {
    const { memory, keyed, fates } = this.#parts;
    const place = placeOfCall(memory, node);
    const parent = place.parentCall ?? place.target;
    const parentRow = rowAround(memory, parent);
    const judged = this.#judged(node, reading);
    const taken = keyed.take(
      reading.key as string,
      node,
      judged,
      exactOwner(memory, node),
      parentRow === reading.key ? null : parentRow,
    );
    if (node.ref === null) {
      node.ref = reading.key;
      memory.changed(node);
    }
    if (reading.kind === 'llm') {
      const around = modelCallAround(memory, node);
      if (node.around !== around) this.#touchKin(node, around);
      node.around = around;
    }
    if (taken === 'listing')
      fates.become(node, reading.told === 'rejected' ? 'ignored:validation_reject' : 'ignored:only_listed');
    else fates.become(node, taken === 'first' ? 'recorded' : 'merged');
    if (taken === 'first') this.#listingsMerged(reading.key as string);
  }

  /** Lists that named the call before anything else told of it. */
  #listingsMerged(key: string): void {
    const { memory, keyed, fates } = this.#parts;
    for (const { traceId, spanId } of keyed.listingsOf(key)) {
      const listing = memory.get(traceId ?? '', spanId ?? '');
      if (listing !== undefined) fates.become(listing, 'merged');
    }
  }

  /** A call that was refused never ran: what stands below it says so. */
  #judged(node: SpanNode, reading: CallReading): CallReading {
    if (reading.success !== null || reading.errorType !== null) return reading;
    for (const child of this.#parts.memory.children(node)) {
      const said = child.facts.reading;
      if (said?.what === 'step' && said.verdict !== undefined) return { ...reading, errorType: said.verdict };
    }
    return reading;
  }

  /** A callee that somebody called completes that row; one that nobody called is a call of its own. */
  #settlePairs(): void {
    const { memory, paired, keyed } = this.#parts;
    for (const { traceId, spanId, isPaired, callerKey } of paired.settle()) {
      const node = memory.get(traceId, spanId);
      const reading = node === undefined ? null : callOf(node);
      if (node === undefined || reading === null) continue;
      const answered = isAnswer(node.ref) ? (node.ref as string).slice(FOLDED.length) : '';
      // An earlier call came to light and took this one's place.
      if (answered !== '' && answered !== callerKey) keyed.drop(answered, node);
      if (!isPaired) {
        if (isAnswer(node.ref)) node.ref = null;
        if (node.ref?.startsWith(FOLDED) !== true) this.#settleOther(node, reading);
        continue;
      }
      this.#noRow(node, FOLDED + (callerKey ?? ''));
      if (callerKey !== null)
        keyed.take(callerKey, node, { ...reading, toolName: null, authority: ANSWER_AUTHORITY }, null, null);
    }
  }

  /** The row that a call has, or is part of. */
  rowOfCall(node: SpanNode): string | null {
    return rowAround(this.#parts.memory, node);
  }

  #write(node: Tracked, reading: CallReading, parent: SpanNode | null): void {
    const { memory, rows, sessions, inferred, fates, now } = this.#parts;
    const owner = exactOwner(memory, node);
    const parentRow = rowAround(memory, parent);
    const id = rowIdOfCall(node, reading);
    const http = reading.kind === 'llm' ? foldRequests(insideModelCall(memory, node).http) : (node.facts.http ?? null);
    const written: Written = { facts: node.facts, reading, http, owner, parentRow };
    // Its parents end after it and ask again, batch after batch; and the task that it belongs to ends last.
    if (node.written !== undefined && node.ref === id && isSameCall(node.written, written)) {
      if (isSamePlace(node.written, written)) return;
      // Without an exact owner the row keeps the one that it has.
      if (owner !== null) {
        node.written = written;
        rows.place(id, owner, node.agentId, parentRow);
        inferred.ownerFound(reading.conversationId, reading.callId);
        return;
      }
    }
    const isRepeat = node.ref === null && mayBeForgotten(node.facts.endMs ?? node.facts.startMs, now()) && rows.exists(id);
    if (node.ref !== id) {
      node.ref = id;
      memory.changed(node);
      if (!isRepeat) sessions.countCall(node.facts.sessionId, 1);
    }
    node.written = written;
    if (isRepeat) {
      // Its row has more than can be known now: what stood around it is forgotten.
      fates.become(node, 'repeated');
      return;
    }
    rows.write(rowFromSpan(id, node, reading, owner, parentRow, http));
    if (owner === null) inferred.unowned(id);
    else inferred.ownerFound(reading.conversationId, reading.callId);
    fates.become(node, 'recorded');
  }

  #noRow(node: SpanNode, ref: string): void {
    const { memory, rows, sessions, fates } = this.#parts;
    if (node.ref === ref) return;
    if (node.ref !== null && node.ref !== HIDDEN && !node.ref.startsWith(FOLDED)) {
      rows.remove(node.ref);
      sessions.countCall(node.facts.sessionId, -1);
    }
    node.ref = ref;
    memory.changed(node);
    fates.become(node, 'merged');
  }
}
