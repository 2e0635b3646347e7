import type { TaskStatus } from '../model/reading.ts';
import type { OpenFile } from '../store/open.ts';
import { sqlBuilder } from '../store/sql.ts';
import { type Answers, acrossFiles, type Selection } from './across-files.ts';
import { goneSessions } from './gone-sessions.ts';
import { runQuery } from './run-query.ts';
import { statusNow } from './tasks.ts';

/** One agent over all its files. `tasks` = running + completed + failed + cancelled + lost. */
export interface AgentRow {
  /** Null: of rows whose agent nothing names. */
  readonly agent_id: string | null;
  sessions: number;
  tasks: number;
  running: number;
  completed: number;
  failed: number;
  cancelled: number;
  lost: number;
  tool_calls: number;
  failed_calls: number;
  first_seen_at: string | null;
  last_seen_at: string | null;
  readonly files: string[];
}

interface Sight {
  readonly agent_id: string | null;
  readonly count: number;
  readonly first: string | null;
  readonly last: string | null;
}

interface FileSights {
  readonly path: string;
  readonly sessions: readonly Sight[];
  readonly tasks: readonly (Sight & { readonly status: TaskStatus })[];
  readonly calls: readonly (Sight & { readonly failed: number })[];
}

/** Every agent that has rows, by name. */
export function listAgents(selection: Selection): Answers<AgentRow> {
  const { answers, ...rest } = acrossFiles(selection, (file) => sightsOf(file, selection));
  const agents = new Map<string | null, AgentRow>();
  for (const { path, sessions, tasks, calls } of answers) {
    const see = (sight: Sight): AgentRow => {
      let agent = agents.get(sight.agent_id);
      if (agent === undefined) agents.set(sight.agent_id, (agent = newAgent(sight.agent_id)));
      if (sight.first !== null && (agent.first_seen_at === null || sight.first < agent.first_seen_at))
        agent.first_seen_at = sight.first;
      if (sight.last !== null && (agent.last_seen_at === null || sight.last > agent.last_seen_at))
        agent.last_seen_at = sight.last;
      if (!agent.files.includes(path)) agent.files.push(path);
      return agent;
    };
    for (const sight of sessions) see(sight).sessions += sight.count;
    for (const sight of tasks) {
      const agent = see(sight);
      agent.tasks += sight.count;
      agent[sight.status] += sight.count;
    }
    for (const sight of calls) {
      const agent = see(sight);
      agent.tool_calls += sight.count;
      agent.failed_calls += sight.failed;
    }
  }
  const name = (row: AgentRow): string => row.agent_id ?? '';
  return { answers: [...agents.values()].sort((a, b) => (name(a) < name(b) ? -1 : 1)), ...rest };
}

const newAgent = (agentId: string | null): AgentRow => ({
  agent_id: agentId,
  sessions: 0,
  tasks: 0,
  running: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  lost: 0,
  tool_calls: 0,
  failed_calls: 0,
  first_seen_at: null,
  last_seen_at: null,
  files: [],
});

function sightsOf(file: OpenFile, selection: Selection): FileSights {
  const { agentId } = selection;
  const status = statusNow(goneSessions(file, selection));
  const sessions = sqlBuilder
    .selectFrom('agent_sessions')
    .select((eb) => [
      'agent_id',
      eb.fn.countAll().as('count'),
      eb.fn.min('started_at').as('first'),
      eb.fn.max('heartbeat_at').as('last'),
    ])
    .$if(agentId !== null, (query) => query.where('agent_id', '=', agentId))
    .groupBy('agent_id');
  const tasks = sqlBuilder
    .selectFrom('task_executions')
    .select((eb) => [
      'agent_id',
      status.as('status'),
      eb.fn.countAll().as('count'),
      eb.fn.min('started_at').as('first'),
      eb.fn.max(eb.fn.coalesce('completed_at', 'started_at')).as('last'),
    ])
    .$if(agentId !== null, (query) => query.where('agent_id', '=', agentId))
    .groupBy(['agent_id', status]);
  const calls = sqlBuilder
    .selectFrom('tool_calls')
    .select((eb) => [
      'agent_id',
      eb.fn.countAll().as('count'),
      eb.fn.count(eb.case().when('success', '=', 0).then(1).end()).as('failed'),
      eb.fn.min('called_at').as('first'),
      eb.fn.max('called_at').as('last'),
    ])
    .$if(agentId !== null, (query) => query.where('agent_id', '=', agentId))
    .groupBy('agent_id');
  return {
    path: file.path,
    sessions: runQuery(file, sessions),
    tasks: runQuery(file, tasks),
    calls: runQuery(file, calls),
  };
}
