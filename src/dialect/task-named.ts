import type { TaskName } from '../model/reading.ts';
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
