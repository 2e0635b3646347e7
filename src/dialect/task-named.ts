import { SOURCES, type TaskName } from '../model/reading.ts';
import type { Attributes } from '../model/span-record.ts';
import { firstText } from './attributes.ts';
import { hatchetTaskNamedBy } from './hatchet.ts';

const AGENT_SWARM_TASK = ['agentswarm.task.real_id', 'agentswarm.task.id'] as const;

export const TASK_NAMING_ATTRIBUTES = [...AGENT_SWARM_TASK, 'hatchet.step_run_id', 'hatchet.retry_count'] as const;

/** The task that a span names although it is not the task's own: agent-swarm's by its task id, Hatchet's by its copied keys. */
export function taskNamedBy(a: Attributes): TaskName | null {
  const swarm = firstText(a, AGENT_SWARM_TASK);
  return swarm === null ? hatchetTaskNamedBy(a) : { source: 'agent-swarm', taskId: swarm, attempt: 0 };
}

const BY_SPAN = /^[0-9a-f]{32}:[0-9a-f]{16}$/;

/**
 * The task that a process is told to work for, in words of its environment (AI_TRACKER_TASK_ID): `<source>:<task id>:<attempt>` as in
 * `task_executions.id`, without an attempt the first one; or an id without a source, of which nothing but hooks tells. Null for a
 * task that only its span names: TRACEPARENT leads there.
 */
export function taskNamedAs(name: string): TaskName | null {
  if (BY_SPAN.test(name)) return null;
  const colon = name.indexOf(':');
  const source = SOURCES.find((token) => token === name.slice(0, Math.max(colon, 0)));
  if (source === undefined) return { source: 'hook', taskId: name, attempt: 0 };
  const rest = name.slice(colon + 1);
  const [, taskId = rest, attempt] = /^(.+):(\d{1,9})$/s.exec(rest) ?? [null, rest, '0'];
  return taskId === '' ? null : { source, taskId, attempt: Number(attempt) };
}
