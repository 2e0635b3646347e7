import { spanRowId } from '../model/row-ids.ts';
import type { SpanNode } from '../model/span-node.ts';
import { callOf, climb } from '../resolve/ancestry.ts';
import { hasUsage } from '../resolve/model-calls.ts';
import { type CallRows, rowFromSpan } from './call-rows.ts';
import type { SessionRows } from './session-rows.ts';
import type { SpanMemory } from './span-memory.ts';

export interface AgentTotalsParts {
  readonly memory: SpanMemory;
  readonly rows: CallRows;
  readonly sessions: SessionRows;
}

/** Totals that agents state: they count where no model call below has told its tokens, and where no agent above counts them already. */
export class AgentTotals {
  readonly #parts: AgentTotalsParts;
  readonly #dirty = new Set<SpanNode>();
  /** Called for each span whose own total may count now, or no more. */
  readonly #touch: (node: SpanNode) => void;

  constructor({ memory, rows, sessions }: AgentTotalsParts, touch: (node: SpanNode) => void) {
    this.#parts = { memory, rows, sessions };
    this.#touch = touch;
  }

  /** An agent that is a task: its total stands in a row beside it. */
  touch(node: SpanNode): void {
    this.#dirty.add(node);
  }

  clear(): void {
    this.#dirty.clear();
  }

  settle(): void {
    for (const node of this.#dirty) this.#settle(node);
    this.#dirty.clear();
  }

  /** A model call with usage is known: no total above it may be booked. Each span is marked once. */
  usageKnown(node: SpanNode): void {
    const { memory } = this.#parts;
    climb(memory, node, (ancestor) => {
      if (ancestor.facts.usageBelow === true) return true;
      ancestor.facts = { ...ancestor.facts, usageBelow: true };
      memory.changed(ancestor);
      if (ancestor.facts.total !== undefined || callOf(ancestor)?.kind === 'agent') this.#changed(ancestor);
      return false;
    });
  }

  /** A span that came after what stands below it takes over what they know. */
  inheritUsage(node: SpanNode): void {
    const below = this.#parts.memory.children(node);
    const known = below.find(
      (child) => child.facts.usageBelow === true || (callOf(child)?.kind === 'llm' && hasUsage(callOf(child))),
    );
    if (known !== undefined) this.usageKnown(known);
  }

  /** Its own total, and those of agents below it that were within it until now. */
  #changed(node: SpanNode): void {
    const stack = [node];
    const seen = new Set(stack);
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      this.#touch(at);
      for (const child of this.#parts.memory.children(at)) {
        if (seen.has(child)) continue;
        seen.add(child);
        stack.push(child);
      }
    }
  }

  /** Whether the total that an agent states is counted: no model call below has usage, and no agent above counts it already. */
  books(node: SpanNode): boolean {
    if (node.facts.usageBelow === true) return false;
    let isWithin = false;
    climb(this.#parts.memory, node, (ancestor) => {
      const stated = ancestor.facts.total ?? (callOf(ancestor)?.kind === 'agent' ? callOf(ancestor) : null);
      isWithin = stated !== null && hasUsage(stated) && ancestor.facts.usageBelow !== true;
      return isWithin;
    });
    return !isWithin;
  }

  /** The total of an agent that is a task stands in a row beside it, owned by it. */
  #settle(node: SpanNode): void {
    const { total } = node.facts;
    if (total === undefined || !hasUsage(total) || node.ref === null) return;
    const { rows, sessions } = this.#parts;
    const id = `${spanRowId(node.traceId, node.spanId)}:total`;
    if (!this.books(node)) {
      if (rows.remove(id)) sessions.countCall(node.facts.sessionId, -1);
      return;
    }
    if (!rows.exists(id)) sessions.countCall(node.facts.sessionId, 1);
    rows.write(rowFromSpan(id, node, total, { taskExecutionId: node.ref, match: 'ancestor' }, null, node.facts.http ?? null));
  }
}
