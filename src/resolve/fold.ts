import type { CallReading } from '../model/reading.ts';
import type { SpanNode } from '../model/span-node.ts';
import { callOf, climb, MAX_DEPTH, type Tree } from './ancestry.ts';

/**
 * One call, one row: which call around this one is the same call seen from outside, or the call that made it. Decided
 * only over ended spans: an open span between them may still turn out to be a call.
 */

const MODEL_OR_TOOL: ReadonlySet<string> = new Set(['llm', 'tool', 'mcp']);
const TOOL: ReadonlySet<string> = new Set(['tool', 'mcp']);

function sameTool(inner: CallReading, outer: CallReading): boolean {
  if (!TOOL.has(inner.kind) || !TOOL.has(outer.kind)) return false;
  if (inner.callId !== null && outer.callId !== null) return inner.callId === outer.callId;
  return inner.toolName !== null && inner.toolName === outer.toolName;
}

/** Whether `inner` has no row of its own below `outer`. */
export const foldsInto = (inner: CallReading, outer: CallReading): boolean =>
  inner.kind === 'http' ? MODEL_OR_TOOL.has(outer.kind) : sameTool(inner, outer);

export interface CallPlace {
  /** The call whose row this one completes; null: it has its own row. */
  readonly target: SpanNode | null;
  /** The nearest call with a row of its own around it, for `parent_tool_call_id`. */
  readonly parentCall: SpanNode | null;
  /** Whether another process lies between this call and its target: then its status is not the target's. */
  readonly crossesServer: boolean;
}

const OWN_ROW: CallPlace = { target: null, parentCall: null, crossesServer: false };

interface Around {
  readonly node: SpanNode;
  readonly reading: CallReading;
  readonly crossesServer: boolean;
}

/** The nearest call around a call, within its task. */
function callAround(tree: Tree, node: SpanNode): Around | null {
  let found: Around | null = null;
  let crossesServer = false;
  climb(tree, node, (ancestor) => {
    // An agent that is not decided yet may turn out to be the task: asked again then.
    if (ancestor.cls === 'task' || ancestor.cls === 'open' || ancestor.cls === 'agent') return true;
    if (ancestor.cls === 'server') crossesServer = true;
    const reading = callOf(ancestor);
    // HTTP around a call only carries it (MCP over HTTP, a proxy's client): look for what is above.
    if (reading === null || reading.kind === 'http') return false;
    found = { node: ancestor, reading, crossesServer };
    return true;
  });
  return found;
}

/** Where a call stands among the calls around it. Of calls nested in a loop, or deeper than any real ones, each stands alone. */
export function placeOfCall(tree: Tree, node: SpanNode): CallPlace {
  const reading = callOf(node);
  if (reading === null) return OWN_ROW;
  const outward: Around[] = [];
  for (let around = callAround(tree, node); around !== null; around = callAround(tree, around.node)) {
    if (outward.length === MAX_DEPTH) return OWN_ROW;
    outward.push(around);
  }
  // From the outermost inwards: what a call folds into depends on what the call around it folded into.
  let place = OWN_ROW;
  for (let i = outward.length - 1; i >= 0; i--) {
    const around = outward[i] as Around;
    const inner = i === 0 ? reading : (outward[i - 1] as Around).reading;
    const top: SpanNode = place.target ?? around.node;
    const outermost = callOf(top);
    const folds = foldsInto(inner, around.reading) || (outermost !== null && foldsInto(inner, outermost));
    const { crossesServer } = around;
    place = folds ? { target: top, parentCall: null, crossesServer } : { target: null, parentCall: top, crossesServer };
  }
  return place;
}
