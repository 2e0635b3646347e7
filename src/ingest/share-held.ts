import type { AgentFinder, Conclusion } from './agent-finder.ts';
import { type Agent, agentKey } from './agent-of.ts';
import { CONCLUSIONS, conclusionOf } from './held-until.ts';
import type { Held } from './holding.ts';

interface Share {
  readonly agent: Agent;
  readonly held: Held[];
}

export interface Shares {
  readonly shares: Iterable<Share>;
  /** What stays, with the conclusion that would name its agent; null: none would. */
  readonly left: readonly { readonly one: Held; readonly next: 'likely' | 'last' | null }[];
}

/**
 * Whose each of these spans is by now.
 * @param force what may be concluded of all; null: what the time that each has waited allows
 * @param otherwise gets what no conclusion gives to anybody; null: it stays
 */
export function shareOut(
  held: readonly Held[],
  agents: AgentFinder,
  now: number,
  force: Conclusion | null,
  otherwise: Agent | null,
): Shares {
  // All first: the agent of one may stand on another that is held too.
  for (const { span } of held) agents.take(span);
  const shares = new Map<string, { agent: Agent; held: Held[] }>();
  const join = (agent: Agent, one: Held): void => {
    const share = shares.get(agentKey(agent));
    if (share === undefined) shares.set(agentKey(agent), { agent, held: [one] });
    else share.held.push(one);
  };
  let left: { one: Held; next: 'likely' | 'last' | null }[] = held.map((one) => ({ one, next: null }));
  // What is certain of one counts before what is likely of another; and each decision may be the sign for a next.
  CONCLUSIONS.forEach((conclusion, rank) => {
    for (let before = -1; before !== left.length; ) {
      before = left.length;
      left = left.flatMap(({ one, next }) => {
        if (CONCLUSIONS.indexOf(force ?? conclusionOf(one, now)) < rank) return [{ one, next }];
        const decision = agents.decide(one.span, one.origin, conclusion);
        if (decision.status === 'waits') return [{ one, next: decision.next }];
        join(decision.agent, one);
        return [];
      });
    }
  });
  if (otherwise !== null) {
    for (const { one } of left) join(otherwise, one);
    left = [];
  }
  return { shares: shares.values(), left };
}
