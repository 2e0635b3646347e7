import type { KeptEvent } from './told-events.ts';

/** Hooks of calls that ran side by side may tell in another order than the calls wrote. */
const DISORDER_MS = 2000;

/** An edit goes behind the one that made what it began with, where their hooks told a moment apart, and git did nothing in between. */
export function inOrder(events: readonly KeptEvent[]): KeptEvent[] {
  const rest = [...events];
  const ordered: KeptEvent[] = [];
  while (rest.length > 0) {
    const first = rest[0] as KeptEvent;
    const end = rest.findIndex((one) => isOfGit(one, first) || one.atMs - first.atMs > DISORDER_MS);
    const near = end < 0 ? rest : rest.slice(0, end);
    const maker = near.findIndex((one, n) => n > 0 && makes(one, first) && !leadsTo(first, one, near));
    ordered.push(...rest.splice(Math.max(maker, 0), 1));
  }
  return ordered;
}

const isOfGit = ({ told: one }: KeptEvent, { told: other }: KeptEvent): boolean =>
  one.kind === 'git' && one.worktree === other.worktree;

/** Edits of one call in a row make one group. */
export function byCall(events: readonly KeptEvent[]): KeptEvent[][] {
  const groups: KeptEvent[][] = [];
  for (const event of events) {
    const last = groups.at(-1);
    const before = last?.at(-1);
    const isSame =
      before?.told.kind === 'edit' &&
      event.told.kind === 'edit' &&
      before.atMs === event.atMs &&
      before.told.call === event.told.call;
    if (isSame) last?.push(event);
    else groups.push([event]);
  }
  return groups;
}

/** What goes round in a circle (an edit, and the command that took it back) tells nothing of its order: the hooks' times hold. */
function leadsTo(first: KeptEvent, last: KeptEvent, events: readonly KeptEvent[]): boolean {
  let reached = first;
  for (const event of events) {
    if (!makes(reached, event)) continue;
    if (event === last) return true;
    reached = event;
  }
  return false;
}

const makes = ({ told: one }: KeptEvent, { told: other }: KeptEvent): boolean =>
  one.kind === 'edit' &&
  other.kind === 'edit' &&
  one.worktree === other.worktree &&
  one.path === other.path &&
  typeof one.after === 'number' &&
  one.after === other.before &&
  one.before !== other.before;
