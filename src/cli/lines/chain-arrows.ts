import type { KnownLinks, Link } from './known-links.ts';
import type { LineAuthor } from './line-author.ts';

export type Match = 'exact' | 'inferred';

/** From one link of the chain to the next, and how that is known. */
export interface Arrow {
  readonly from: Link;
  readonly to: Link;
  readonly match: Match;
  /** What connects the two. */
  readonly by: string;
}

/** Owners that follow from ids; the others are the likeliest. */
const EXACT_OWNERS: ReadonlySet<string | null> = new Set(['ancestor', 'attribute', 'call']);

/** The chain from a line to its agent, without the links that are missing. @param model how the request to a model is known */
export function chainArrows(author: LineAuthor, known: KnownLinks, model: Match | null): Arrow[] {
  const arrows: Arrow[] = [];
  const { commit, edit, tool_call: call, llm_request: request, task, parent_task: parent, agent_id: agent } = known;
  if (commit !== null) arrows.push({ from: 'line', to: 'commit', match: 'exact', by: 'git blame' });
  const wrote = commit === null ? 'line' : 'commit';
  if (author.kind === 'agent' && edit !== null) {
    const by = { commit: 'content', memory: 'content', anchor: 'an equal line of a recorded commit', note: 'git-ai' }[author.by];
    arrows.push({ from: wrote, to: 'edit', match: author.match, by });
  }
  if (edit !== null && call !== null)
    arrows.push({ from: 'edit', to: 'tool_call', match: edit.call_match ?? 'exact', by: 'the call’s id' });
  if (request !== null && model !== null)
    arrows.push({
      ...{ from: 'tool_call', to: 'llm_request', match: model },
      by: model === 'exact' ? 'the request’s id' : 'the last request before the call',
    });
  const owner = call?.owner_match ?? edit?.owner_match ?? null;
  if (task !== null)
    arrows.push({
      ...{ from: call === null ? 'edit' : 'tool_call', to: 'task', by: owner ?? 'the edit’s row' },
      match: EXACT_OWNERS.has(owner) ? 'exact' : 'inferred',
    });
  if (parent !== null && task !== null) {
    const isNamed = task.parent_task_execution_id === parent.id || task.parent_task_id === parent.task_id;
    arrows.push({ from: 'task', to: 'parent_task', match: isNamed ? 'exact' : 'inferred', by: 'the parent’s id' });
  }
  if (agent !== null && author.kind === 'agent') {
    const from = task !== null ? 'task' : edit !== null ? 'edit' : wrote;
    const match = from === wrote ? author.match : 'exact';
    arrows.push({ from, to: 'agent', match, by: author.by === 'note' ? 'a note of git-ai’s' : 'AGENT_ID' });
  }
  return arrows;
}
