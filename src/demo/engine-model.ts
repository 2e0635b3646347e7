/** What the engine stub keeps: definitions, runs, and the truth of every attempt. */

export interface TaskDefinition {
  readonly stepId: string;
  /** Readable id, original case. */
  readonly name: string;
  /** `<workflow>:<task>`, lower case. */
  readonly actionId: string;
  /** Readable ids of the tasks that must have completed before this one. */
  readonly parents: readonly string[];
  /** Further attempts after the first. */
  readonly retries: number;
  /** Execution timeout in milliseconds. */
  readonly timeoutMs: number;
  readonly isDurable: boolean;
}

export interface WorkflowDefinition {
  readonly id: string;
  readonly versionId: string;
  readonly name: string;
  readonly tasks: readonly TaskDefinition[];
  readonly onFailure: TaskDefinition | null;
}

export interface TriggerRequest {
  readonly name: string;
  /** JSON text. */
  readonly input: string;
  readonly parentWorkflowRunId: string | null;
  readonly parentStepRunId: string | null;
  readonly childIndex: number | null;
  readonly childKey: string | null;
  /** The caller's additional metadata: a JSON object with a `traceparent`, where an instrumented client sent it. */
  readonly metadata: Readonly<Record<string, string>>;
}

export type AttemptOutcome = 'running' | 'completed' | 'failed' | 'cancelled' | 'timed-out';

/** What the engine knows of one attempt. It never learns of a worker's death but by silence: such an attempt stays `running`. */
export interface Attempt {
  readonly stepRunId: string;
  readonly retryCount: number;
  readonly workflowRunId: string;
  readonly actionId: string;
  readonly workerId: string;
  readonly parentStepRunId: string | null;
  outcome: AttemptOutcome;
  error: string | null;
}

/** An action for a worker: the start or the cancellation of one attempt. */
export interface Assignment {
  readonly kind: 'start' | 'cancel';
  readonly run: WorkflowRun;
  readonly task: TaskRun;
  readonly retryCount: number;
}

export interface ConnectedWorker {
  readonly id: string;
  readonly actions: ReadonlySet<string>;
  readonly assign: (assignment: Assignment) => void;
}

export interface TaskRun {
  readonly stepRunId: string;
  readonly definition: TaskDefinition;
  state: 'blocked' | 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';
  retryCount: number;
  /** Of a durable task within one attempt, from 1: one more after each eviction. */
  invocation: number;
  /** JSON text of the task's return value. */
  output: string | null;
  error: string | null;
  attempt: Attempt | null;
  timer: NodeJS.Timeout | null;
}

export interface TaskResult {
  readonly stepRunId: string;
  readonly taskName: string;
  readonly output: string | null;
  readonly error: string | null;
}

export interface WorkflowRun {
  readonly id: string;
  readonly workflow: WorkflowDefinition;
  readonly request: TriggerRequest;
  readonly tasks: TaskRun[];
  finished: readonly TaskResult[] | null;
  readonly watchers: ((results: readonly TaskResult[]) => void)[];
}
