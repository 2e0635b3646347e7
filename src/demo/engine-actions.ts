import { randomUUID } from 'node:crypto';
import type { AssignedAction } from '@hatchet-dev/typescript-sdk/protoc/dispatcher/index.js';
import type { CreateTaskOpts, CreateWorkflowVersionRequest } from '@hatchet-dev/typescript-sdk/protoc/v1/workflows.js';
import type { Assignment, TaskDefinition, WorkflowDefinition } from './engine-model.ts';
import { engineTraceparent } from './engine-trace.ts';

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a Go duration such as `1m30s`; an empty one is Hatchet's default of 60 s. */
export function goDurationMs(text: string): number {
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) sum += Number(number) * (UNIT_MS[unit ?? ''] ?? 0);
  return sum === 0 ? 60_000 : sum;
}

const taskDefinition = (opts: CreateTaskOpts): TaskDefinition => ({
  stepId: randomUUID(),
  name: opts.readableId,
  actionId: opts.action.toLowerCase(),
  parents: opts.parents,
  retries: opts.retries,
  timeoutMs: goDurationMs(opts.timeout),
  isDurable: opts.isDurable,
});

export const workflowDefinition = (request: CreateWorkflowVersionRequest): WorkflowDefinition => ({
  id: randomUUID(),
  versionId: randomUUID(),
  name: request.name,
  tasks: request.tasks.map(taskDefinition),
  onFailure: request.onFailureTask === undefined ? null : taskDefinition(request.onFailureTask),
});

function payloadOf({ run, task }: Assignment): string {
  const outputs = new Map(run.tasks.map((other) => [other.definition.name, other.output]));
  const parents = Object.fromEntries(
    task.definition.parents.map((name): [string, unknown] => [name, JSON.parse(outputs.get(name) ?? 'null')]),
  );
  const errors = run.tasks.flatMap((other) => (other.error === null ? [] : [[other.definition.name, other.error]]));
  return JSON.stringify({
    input: JSON.parse(run.request.input) as unknown,
    parents,
    overrides: {},
    user_data: {},
    triggered_by: 'manual',
    triggers: {},
    step_run_errors: Object.fromEntries(errors) as unknown,
  });
}

/** The message that a worker gets; field by field as the engine fills it. */
export function assignedAction(assignment: Assignment, tenantId: string): Omit<AssignedAction, 'actionType'> {
  const { run, task, retryCount } = assignment;
  const { request, workflow } = run;
  return {
    tenantId,
    workflowRunId: run.id,
    getGroupKeyRunId: '',
    jobId: workflow.id,
    // The engine fills the job's name with the task's.
    jobName: task.definition.name,
    jobRunId: run.id,
    taskId: task.definition.stepId,
    taskRunExternalId: task.stepRunId,
    actionId: task.definition.actionId,
    actionPayload: assignment.kind === 'start' ? payloadOf(assignment) : '',
    taskName: task.definition.name,
    retryCount,
    priority: 1,
    workflowId: workflow.id,
    workflowVersionId: workflow.versionId,
    additionalMetadata: JSON.stringify({
      traceparent: engineTraceparent(run.id, request.parentWorkflowRunId),
      ...request.metadata,
    }),
    ...(task.definition.isDurable ? { durableTaskInvocationCount: task.invocation } : {}),
    // In spite of its name: the step run that spawned this run.
    ...(request.parentStepRunId === null ? {} : { parentWorkflowRunId: request.parentStepRunId }),
    ...(request.childIndex === null ? {} : { childWorkflowIndex: request.childIndex }),
    ...(request.childKey === null ? {} : { childWorkflowKey: request.childKey }),
  };
}
