import type { CallReading } from '../model/reading.ts';
import type { SpanNode } from '../model/span-node.ts';
import { callOf, climb, type Tree } from './ancestry.ts';

/**
 * A model call inside a model call, with no tool or agent between, is one call seen twice: by a framework and by the
 * SDK below it, or by two instrumentations. The inner one is kept where it has tokens, else the outer.
 */

export interface FamilyTree extends Tree {
  children(node: SpanNode): readonly SpanNode[];
}

/** Spans walked below one model call at most; real ones have a handful. */
const MAX_BELOW = 2000;

export const hasUsage = (reading: CallReading | null): boolean =>
  reading?.usage != null && (reading.usage.inputTokens !== null || reading.usage.outputTokens !== null);

const isModelCall = (node: SpanNode): boolean => node.cls === 'call' && callOf(node)?.kind === 'llm';
/** What a walk between two model calls passes through. */
const isTransparent = (node: SpanNode): boolean =>
  node.cls === 'step' || node.cls === 'server' || (node.cls === 'call' && callOf(node)?.kind === 'http');

/** Whether a model call comes up again above itself: of such a loop no call is the outer one, each stands alone. */
export function isInLoop(tree: Tree, node: SpanNode): boolean {
  let isFound = false;
  climb(tree, node, (ancestor) => {
    isFound = ancestor.spanId === node.spanId;
    return isFound || !(isTransparent(ancestor) || isModelCall(ancestor));
  });
  return isFound;
}

/** The nearest model call around this one. */
export function modelCallAround(tree: Tree, node: SpanNode): SpanNode | null {
  let around: SpanNode | null = null;
  climb(tree, node, (ancestor) => {
    if (isModelCall(ancestor)) around = ancestor;
    return !isTransparent(ancestor);
  });
  return around;
}

/**
 * The nearest request with a key of its own around this model call: a gateway's sight of a request of Claude Code's, or
 * the API's own (both go on with the traceparent of the request's span). Its row has the cost and the records.
 */
export function keyedModelCallAround(tree: Tree, node: SpanNode): SpanNode | null {
  let keyed: SpanNode | null = null;
  climb(tree, node, (ancestor) => {
    if (!isModelCall(ancestor)) return !isTransparent(ancestor);
    if (callOf(ancestor)?.key != null) keyed = ancestor;
    return keyed !== null;
  });
  return keyed;
}

/**
 * The nearest model calls and the HTTP calls below a model call, down to tools, agents and tasks. A gateway in another
 * process sees the same call again; what it requests itself is not this call's own request.
 */
export function insideModelCall(tree: FamilyTree, node: SpanNode): { readonly calls: SpanNode[]; readonly http: SpanNode[] } {
  const calls: SpanNode[] = [];
  const http: SpanNode[] = [];
  const stack = [{ at: node, isHere: true }];
  const seen = new Set<SpanNode>([node]);
  for (let next = stack.pop(); next !== undefined && seen.size < MAX_BELOW; next = stack.pop()) {
    for (const child of tree.children(next.at)) {
      if (seen.has(child)) continue;
      seen.add(child);
      if (isModelCall(child)) calls.push(child);
      else if (isTransparent(child)) {
        if (child.cls === 'call' && next.isHere) http.push(child);
        stack.push({ at: child, isHere: next.isHere && child.cls !== 'server' });
      }
    }
  }
  return { calls, http };
}

/** Whether tokens are known further in: then this call has no row. */
export const isHidden = (tree: FamilyTree, node: SpanNode): boolean => !isInLoop(tree, node) && hasUsageInside(tree, node);

/** Ends, since what is in no loop has none below it. */
function hasUsageInside(tree: FamilyTree, node: SpanNode): boolean {
  return insideModelCall(tree, node).calls.some((inner) => hasUsage(callOf(inner)) || hasUsageInside(tree, inner));
}
