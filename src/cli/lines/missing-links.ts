import type { KnownLinks, Link } from './known-links.ts';
import type { LineAuthor } from './line-author.ts';

/** A link of the chain that is not there. */
export interface Missing {
  readonly link: Link;
  readonly why: string;
  /** What gets it, for this line or for those to come; null: nothing does. */
  readonly fix: string | null;
}

/** What is missing behind a line, and how to get it. A person's line lacks nothing. */
export function missingLinks(author: LineAuthor, known: KnownLinks): Missing[] {
  if (author.kind === 'human') return [];
  if (author.kind === 'unknown') return [whyUnknown(author.why, known)];
  const { edit, tool_call: call, llm_request: request, task, agent_id } = known;
  if (edit === null) {
    const why =
      author.by === 'note'
        ? 'git-ai noted a session only; its edits were not recorded here'
        : `the edit lies in no file that is read here${agent_id === null ? '' : `: that of agent ${agent_id} is missing or has forgotten it`}`;
    const fix = author.by === 'note' ? null : 'copy all of the agents’ files into the folder, or name it with --dir';
    return [{ link: 'edit', why, fix }];
  }
  const missing: Missing[] = [];
  if (call === null) missing.push({ link: 'tool_call', why: 'the row of the call is gone, or was never written', fix: null });
  else if (request === null) {
    const isClaude = call.source === 'claude-code' || call.source === 'hook';
    missing.push({
      link: 'llm_request',
      why: 'no request to a model was recorded before this call: its telemetry was off',
      fix: isClaude
        ? '`ai-tracker install --telemetry` turns it on, for what is to come'
        : 'send its spans here: `ai-tracker serve`',
    });
  }
  if (task === null)
    missing.push({
      link: 'task',
      why: 'the call ran in no task that was recorded',
      fix: 'a worker’s spans, or AI_TRACKER_TASK_ID in the environment, name the task',
    });
  if (agent_id === null)
    missing.push({ link: 'agent', why: 'no agent was named', fix: 'set AGENT_ID, or `ai-tracker install --agent NAME`' });
  return missing;
}

function whyUnknown(why: Extract<LineAuthor, { kind: 'unknown' }>['why'], { commit }: KnownLinks): Missing {
  switch (why) {
    case 'cut off':
      return {
        link: 'commit',
        why: 'the clone is shallow: the line may be older than its first commit',
        fix: 'git fetch --unshallow',
      };
    case 'not committed':
      return {
        link: 'edit',
        why: 'the line is not committed, and this repository remembers no edit of it',
        fix: '`ai-tracker install` has the edits of agents recorded',
      };
    case 'not recorded':
      return {
        link: 'edit',
        why: `no hook saw commit ${commit?.sha.slice(0, 12) ?? ''}, and no recorded line is equal to this one`,
        fix: '`ai-tracker reindex` looks for what was missed; `ai-tracker install --git` has commits recorded from now on',
      };
  }
}
