import type { TaskName } from '../model/reading.ts';
import { taskRowId } from '../model/row-ids.ts';
import type { SpanNode } from '../model/span-node.ts';
import { climb, type Tree } from '../resolve/ancestry.ts';
import type { Owner } from './call-rows.ts';

/**
 * The exact owner of a span: the nearest task above it, else the task that the span, or the nearest span above that
 * names one, names by attribute. null: not known (yet).
 */
export function exactOwner(tree: Tree, node: SpanNode): Owner | null {
  let named: TaskName | null = node.facts.names;
  let task: SpanNode | null = null;
  climb(tree, node, (ancestor) => {
    if (ancestor.cls === 'task') {
      task = ancestor;
      return true;
    }
    named ??= ancestor.facts.names;
    return false;
  });
  const above = task as SpanNode | null;
  if (above?.ref != null) return { taskExecutionId: above.ref, match: 'ancestor' };
  return named === null ? null : { taskExecutionId: taskRowId(named), match: 'attribute' };
}
