import type { Command } from './command.ts';

export interface Registered {
  readonly name: string;
  /** One line of the overview. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Every command, loaded when it is asked for: none pays for the modules of another. In the order of the overview. */
export const COMMANDS: readonly Registered[] = [
  {
    name: 'demo',
    summary: 'run two real agents on this machine and show what was recorded',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  {
    name: 'serve',
    summary: 'take in what others send: OTLP over HTTP and hook events',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  {
    name: 'ingest',
    summary: 'take in OTLP files: JSON or protobuf, traces or logs',
    load: async () => (await import('./commands/ingest.ts')).ingest,
  },
  {
    name: 'install',
    summary: 'have Claude Code’s edits recorded: put hooks into its settings',
    load: async () => (await import('./commands/install.ts')).install,
  },
  {
    name: 'uninstall',
    summary: 'take out what install put in, to the byte',
    load: async () => (await import('./commands/uninstall.ts')).uninstall,
  },
  {
    name: 'hook',
    summary: 'take a hook’s event from stdin, drain what hooks spooled',
    load: async () => (await import('./commands/hook.ts')).hook,
  },
  {
    name: 'import',
    summary: 'take over what cc-ai-tracker recorded',
    load: async () => (await import('./commands/import.ts')).importCommand,
  },
  {
    name: 'doctor',
    summary: 'tell what is recorded, what is not, and what to do about it',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'selftest',
    summary: 'send a span and an edit through every door and read the rows back',
    load: async () => (await import('./commands/selftest.ts')).selftest,
  },
  {
    name: 'agents',
    summary: 'list agents and what they did',
    load: async () => (await import('./commands/agents.ts')).agents,
  },
  {
    name: 'tasks',
    summary: 'list tasks: what ran, how it went, how long it took',
    load: async () => (await import('./commands/tasks.ts')).tasks,
  },
  {
    name: 'task',
    summary: 'show one task with its attempts, children and calls',
    load: async () => (await import('./commands/task.ts')).task,
  },
  {
    name: 'tools',
    summary: 'list calls of tools, MCP tools and HTTP endpoints',
    load: async () => (await import('./commands/tools.ts')).tools,
  },
  {
    name: 'costs',
    summary: 'sum tokens and dollars by model, agent, task, tool or day',
    load: async () => (await import('./commands/costs.ts')).costs,
  },
  {
    name: 'stats',
    summary: 'sum the lines that agents and people committed',
    load: async () => (await import('./commands/stats.ts')).stats,
  },
  {
    name: 'why',
    summary: 'tell why a line is there: commit, edit, call, request, task, agent, cost',
    load: async () => (await import('./commands/why.ts')).why,
  },
  {
    name: 'blame',
    summary: 'print a file with the agent or person behind each line',
    load: async () => (await import('./commands/blame.ts')).blame,
  },
  {
    name: 'commit',
    summary: 'show whose the lines of a commit are',
    load: async () => (await import('./commands/commit.ts')).commit,
  },
  {
    name: 'attribution',
    summary: 'sum whose the lines of a branch or pull request are, and their cost',
    load: async () => (await import('./commands/attribution.ts')).attribution,
  },
  {
    name: 'reindex',
    summary: 'look again for commits that were not recorded',
    load: async () => (await import('./commands/reindex.ts')).reindex,
  },
  {
    name: 'sql',
    summary: 'put a SELECT to the rows of all agents',
    load: async () => (await import('./commands/sql.ts')).sql,
  },
  {
    name: 'path',
    summary: 'print where the rows of an agent lie, and why',
    load: async () => (await import('./commands/path.ts')).path,
  },
];
