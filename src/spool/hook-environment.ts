import { SETTINGS } from '../model/settings.ts';
import { TARGET_OPTIONS } from './spool-record.ts';

const isTarget = (option: string): boolean => (TARGET_OPTIONS as readonly string[]).includes(option);

/**
 * All that a hook takes from its environment, which holds keys and tokens: where and how its rows are written, which task and
 * trace it belongs to, and where it runs. The shell script has the same list; a test compares them.
 */
export const HOOK_VARIABLES: readonly string[] = [
  ...['TRACEPARENT', 'TRACESTATE', 'AI_TRACKER_TASK_ID', 'AGENT_SWARM_TASK_ID', 'CLAUDE_PROJECT_DIR', 'PWD', 'HOME'],
  ...SETTINGS.flatMap(({ option, env }) => (isTarget(option) ? env : [])),
];

/** What hooks of git take besides: whether it was Claude Code that started git, and which session. */
export const GIT_HOOK_VARIABLES: readonly string[] = ['CLAUDECODE', 'CLAUDE_CODE_SESSION_ID'];

/** Those of the list that are set. */
export const hookEnvironment = (env: NodeJS.ProcessEnv): Record<string, string | undefined> =>
  Object.fromEntries(HOOK_VARIABLES.map((name) => [name, env[name]]));

/** The task that a hook's process works for, as `<source>:<id>` or as its environment says it: agent-swarm's variable names its own tasks. */
export function hookTask(env: Readonly<Record<string, string | undefined>>): string | null {
  const swarm = env['AGENT_SWARM_TASK_ID'];
  return env['AI_TRACKER_TASK_ID'] || (swarm ? `agent-swarm:${swarm}` : null);
}
