import type { CallReading } from '../model/reading.ts';
import { spanRowId } from '../model/row-ids.ts';
import { FOLDED, HIDDEN, type SpanNode } from '../model/span-node.ts';
import { callOf, MAX_DEPTH, type Tree } from '../resolve/ancestry.ts';
import { placeOfCall } from '../resolve/fold.ts';

/** The row's id of a call: by its key where it has one, else by its span. */
export const rowIdOfCall = (node: SpanNode, reading: CallReading): string => reading.key ?? spanRowId(node.traceId, node.spanId);

/** The `ref` of a callee in its caller's row: the key of that row; span ids, of calls folded otherwise, hold no colon. */
export const isAnswer = (ref: string | null): boolean =>
  ref !== null && ref.startsWith(FOLDED) && (ref === FOLDED || ref.includes(':'));

/** The row of a call around another; of one that has none, because it is told better from inside, that of the call around it. */
export function rowAround(tree: Tree, parent: SpanNode | null): string | null {
  let around = parent;
  for (let depth = 0; around !== null && depth < MAX_DEPTH; depth++) {
    const reading = callOf(around);
    if (reading === null) return null;
    if (around.ref === HIDDEN) around = placeOfCall(tree, around).parentCall;
    else if (around.ref?.startsWith(FOLDED) === true && !isAnswer(around.ref)) {
      around = tree.get(around.traceId, around.ref.slice(FOLDED.length)) ?? null;
    } else return rowIdOfCall(around, reading);
  }
  return null;
}
