import type { SpanNode } from '../model/span-node.ts';
import { callOf, climb, type Tree } from './ancestry.ts';

/** `unknown`: a span between the agent and its local root has not come yet, or is still open. */
export type AgentPlace = 'task' | 'call' | 'unknown';

/** Nothing above it in this process, by its own word. */
export const isLocalRoot = (span: { readonly parentSpanId: string | null; readonly parentRemote: boolean | null }): boolean =>
  span.parentSpanId === null || span.parentRemote === true;

/**
 * Whether an agent's span is a task or a call of the task above it: settled when its local root is known. An agent above
 * it is either a task itself or has one above, so this one is a call.
 */
export function placeOfAgent(tree: Tree, node: SpanNode): AgentPlace {
  if (isLocalRoot(node)) return 'task';
  let place: AgentPlace = 'unknown';
  const end = climb(tree, node, (ancestor) => {
    if (ancestor.cls === 'open') return true;
    if (ancestor.cls === 'task' || ancestor.cls === 'agent' || callOf(ancestor)?.kind === 'agent') {
      place = 'call';
      return true;
    }
    if (!isLocalRoot(ancestor)) return false;
    place = 'task';
    return true;
  });
  return end === 'root' ? 'task' : place;
}
