import { randomUUID } from 'node:crypto';
import {
  ActionType,
  DispatcherDefinition,
  type DispatcherServiceImplementation,
  StepActionEventType,
  WorkflowRunEventType,
} from '@hatchet-dev/typescript-sdk/protoc/dispatcher/index.js';
import { EventsServiceDefinition, type EventsServiceImplementation } from '@hatchet-dev/typescript-sdk/protoc/events/index.js';
import {
  V1DispatcherDefinition,
  type V1DispatcherServiceImplementation,
} from '@hatchet-dev/typescript-sdk/protoc/v1/dispatcher.js';
import type { TriggerWorkflowRequest } from '@hatchet-dev/typescript-sdk/protoc/v1/shared/trigger.js';
import { AdminServiceDefinition, type AdminServiceImplementation } from '@hatchet-dev/typescript-sdk/protoc/v1/workflows.js';
import {
  WorkflowServiceDefinition,
  type WorkflowServiceImplementation,
} from '@hatchet-dev/typescript-sdk/protoc/workflows/index.js';
import { assignedAction, workflowDefinition } from './engine-actions.ts';
import type { DurableWaits } from './engine-durable.ts';
import type { Assignment, TaskResult, TriggerRequest } from './engine-model.ts';
import type { EngineRuns } from './engine-runs.ts';
import { MessageQueue } from './message-queue.ts';

/** From this version on durable tasks can be evicted; from v0.78.23 on a worker registers with slots instead of `maxRuns`. */
const ENGINE_VERSION = 'v0.80.0';

type Definition = { readonly methods: Readonly<Record<string, unknown>> };
type Implementation = Readonly<Record<string, unknown>>;
export type Service = readonly [definition: Definition, implementation: Implementation];

/** nice-grpc wants every method of a definition; those that the stub does not know refuse. */
function service(definition: Definition, implementation: object): Service {
  const refusals = Object.keys(definition.methods).map((name) => [
    name,
    (): never => {
      throw new Error(`the engine stub does not serve ${name}`);
    },
  ]);
  return [definition, { ...(Object.fromEntries(refusals) as Implementation), ...implementation }];
}

function triggerRequest(request: TriggerWorkflowRequest): TriggerRequest {
  return {
    name: request.name,
    input: request.input === '' ? '{}' : request.input,
    parentWorkflowRunId: request.parentId ?? null,
    parentStepRunId: request.parentTaskRunExternalId ?? null,
    childIndex: request.childIndex ?? null,
    childKey: request.childKey ?? null,
    metadata: JSON.parse(request.additionalMetadata ?? '{}') as Record<string, string>,
  };
}

const runFinished = (workflowRunId: string, results: readonly TaskResult[]) => ({
  workflowRunId,
  eventType: WorkflowRunEventType.WORKFLOW_RUN_EVENT_TYPE_FINISHED,
  eventTimestamp: new Date(),
  results: results.map(({ stepRunId, taskName, output, error }) => ({
    taskRunExternalId: stepRunId,
    taskName,
    jobRunId: workflowRunId,
    ...(output === null ? {} : { output }),
    ...(error === null ? {} : { error }),
  })),
});

function dispatcher(runs: EngineRuns, tenantId: string): Partial<DispatcherServiceImplementation> {
  const registered = new Map<string, readonly string[]>();
  return {
    getVersion: async () => ({ version: ENGINE_VERSION }),
    register: async ({ workerName, actions }) => {
      const workerId = randomUUID();
      registered.set(workerId, actions);
      return { tenantId, workerId, workerName };
    },
    async *listenV2({ workerId }, { signal }) {
      const queue = new MessageQueue<Assignment>();
      const actions = (registered.get(workerId) ?? []).map((action) => action.toLowerCase());
      runs.connect({ id: workerId, actions: new Set(actions), assign: (assignment) => queue.push(assignment) });
      try {
        for await (const assignment of queue.drain(signal)) {
          const actionType = assignment.kind === 'start' ? ActionType.START_STEP_RUN : ActionType.CANCEL_STEP_RUN;
          yield { ...assignedAction(assignment, tenantId), actionType };
        }
      } finally {
        runs.disconnect(workerId);
      }
    },
    heartbeat: async () => ({}),
    unsubscribe: async ({ workerId }) => ({ tenantId, workerId }),
    upsertWorkerLabels: async ({ workerId }) => ({ tenantId, workerId }),
    sendStepActionEvent: async (event) => {
      const ended =
        event.eventType === StepActionEventType.STEP_EVENT_TYPE_COMPLETED
          ? 'completed'
          : event.eventType === StepActionEventType.STEP_EVENT_TYPE_FAILED
            ? 'failed'
            : null;
      if (ended !== null) {
        runs.report({
          stepRunId: event.taskRunExternalId,
          retryCount: event.retryCount ?? 0,
          event: ended,
          payload: event.eventPayload,
          mayRetry: event.shouldNotRetry !== true,
        });
      }
      return { tenantId, workerId: event.workerId };
    },
    async *subscribeToWorkflowRuns(requests, { signal }) {
      const queue = new MessageQueue<ReturnType<typeof runFinished>>();
      const read = async (): Promise<void> => {
        for await (const { workflowRunId } of requests) {
          runs.watch(workflowRunId, (results) => queue.push(runFinished(workflowRunId, results)));
        }
      };
      // The client hangs up its half by aborting; then the stream is over, and there is nobody to tell.
      read().catch(() => queue.end());
      yield* queue.drain(signal);
    },
  };
}

function workflows(runs: EngineRuns): Partial<WorkflowServiceImplementation> {
  return {
    triggerWorkflow: async (request) => ({ workflowRunId: runs.trigger(triggerRequest(request)) }),
    bulkTriggerWorkflow: async (request) => ({
      workflowRunIds: request.workflows.map((one) => runs.trigger(triggerRequest(one))),
    }),
  };
}

function admin(runs: EngineRuns): Partial<AdminServiceImplementation> {
  return {
    putWorkflow: async (request) => {
      const workflow = workflowDefinition(request);
      runs.putWorkflow(workflow);
      return { id: workflow.versionId, workflowId: workflow.id };
    },
  };
}

const events: Partial<EventsServiceImplementation> = { putLog: async () => ({}), putStreamEvent: async () => ({}) };

/** The gRPC services that a worker calls (TypeScript SDK 1.33, Python SDK 1.43), in the SDK's own generated definitions. */
export const engineServices = (runs: EngineRuns, waits: DurableWaits, tenantId: string): readonly Service[] => [
  service(V1DispatcherDefinition, {
    durableTask: (requests, { signal }) => waits.serve(requests, signal),
  } satisfies Partial<V1DispatcherServiceImplementation>),
  service(DispatcherDefinition, dispatcher(runs, tenantId)),
  service(WorkflowServiceDefinition, workflows(runs)),
  service(AdminServiceDefinition, admin(runs)),
  service(EventsServiceDefinition, events),
];
