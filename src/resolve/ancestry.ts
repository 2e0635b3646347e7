import type { CallReading } from '../model/reading.ts';
import type { SpanNode } from '../model/span-node.ts';

/** The chain of spans above a span, as far as it is known. Pure: the tree is asked through `parentOf`. */

export interface Tree {
  get(traceId: string, spanId: string): SpanNode | undefined;
}

/** A chain longer than this is a loop or an attack: real ones have some dozen links. */
export const MAX_DEPTH = 512;

/** Walks up from the span's parent; stops at the first `true`, at an unknown span, at a root, or at the depth limit. */
export function climb(tree: Tree, from: SpanNode, visit: (ancestor: SpanNode) => boolean): 'stopped' | 'root' | 'unknown' {
  let current = from;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    if (current.parentSpanId === null) return 'root';
    const parent = tree.get(current.traceId, current.parentSpanId);
    if (parent === undefined) return 'unknown';
    if (visit(parent)) return 'stopped';
    current = parent;
  }
  return 'unknown';
}

/** The nearest task above a span: its row's id, or null where none is known. */
export function nearestTask(tree: Tree, from: SpanNode): SpanNode | null {
  let task: SpanNode | null = null;
  climb(tree, from, (ancestor) => {
    if (ancestor.cls !== 'task') return false;
    task = ancestor;
    return true;
  });
  return task;
}

export const callOf = (node: SpanNode): CallReading | null => (node.facts.reading?.what === 'call' ? node.facts.reading : null);
