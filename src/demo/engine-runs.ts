import { randomUUID } from 'node:crypto';
import type {
  Attempt,
  AttemptOutcome,
  ConnectedWorker,
  TaskDefinition,
  TaskResult,
  TaskRun,
  TriggerRequest,
  WorkflowDefinition,
  WorkflowRun,
} from './engine-model.ts';

/** What a worker reports of an attempt. */
export interface TaskReport {
  readonly stepRunId: string;
  readonly retryCount: number;
  readonly event: 'completed' | 'failed';
  /** Return value, or error, as JSON text. */
  readonly payload: string;
  readonly mayRetry: boolean;
}

const isOver = (task: TaskRun): boolean => task.state === 'completed' || task.state === 'failed' || task.state === 'cancelled';

function errorOf(payload: string): string {
  try {
    const parsed: unknown = JSON.parse(payload);
    if (typeof parsed === 'string') return parsed;
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) return String(parsed.message);
  } catch {
    // Not JSON: the text itself says what went wrong.
  }
  return payload;
}

/**
 * Runs and their attempts: which task may start, on which worker, and what became of it. Without slots, back-off,
 * concurrency and conditions; a report about an attempt that is over already (cancelled, timed out) changes nothing.
 */
export class EngineRuns {
  readonly attempts: Attempt[] = [];
  readonly #workflows = new Map<string, WorkflowDefinition>();
  readonly #runs = new Map<string, WorkflowRun>();
  readonly #tasks = new Map<string, { run: WorkflowRun; task: TaskRun }>();
  readonly #children = new Map<string, string>();
  readonly #workers = new Map<string, ConnectedWorker>();
  readonly #queue: { run: WorkflowRun; task: TaskRun }[] = [];
  #turn = 0;

  putWorkflow(workflow: WorkflowDefinition): void {
    this.#workflows.set(workflow.name.toLowerCase(), workflow);
  }

  connect(worker: ConnectedWorker): void {
    this.#workers.set(worker.id, worker);
    this.#assignQueued();
  }

  disconnect(workerId: string): void {
    this.#workers.delete(workerId);
  }

  /** @returns the id of the run: a new one, or that of the child which this parent has started under the same key before. */
  trigger(request: TriggerRequest): string {
    const workflow = this.#workflows.get(request.name.toLowerCase());
    if (workflow === undefined) throw new Error(`no worker has registered a workflow named ${JSON.stringify(request.name)}`);
    const childName =
      request.parentStepRunId === null ? null : `${request.parentStepRunId} ${request.childKey ?? request.childIndex}`;
    const known = childName === null ? undefined : this.#children.get(childName);
    if (known !== undefined) return known;
    const id = randomUUID();
    const single = workflow.tasks.length === 1;
    const run: WorkflowRun = {
      id,
      workflow,
      request,
      tasks: workflow.tasks.map((definition) => newTask(single ? id : randomUUID(), definition)),
      finished: null,
      watchers: [],
    };
    this.#runs.set(id, run);
    if (childName !== null) this.#children.set(childName, id);
    for (const task of run.tasks) this.#tasks.set(task.stepRunId, { run, task });
    this.#advance(run);
    return id;
  }

  report({ stepRunId, retryCount, event, payload, mayRetry }: TaskReport): void {
    const found = this.#tasks.get(stepRunId);
    if (found === undefined || found.task.attempt?.retryCount !== retryCount) return;
    if (found.task.attempt.outcome !== 'running') return;
    if (event === 'completed') this.#settle(found, 'completed', payload, null, false);
    else this.#settle(found, 'failed', null, errorOf(payload), mayRetry);
  }

  /** Cancels step runs, or all that is left of workflow runs. @returns the ids that meant something */
  cancel(ids: readonly string[]): string[] {
    return ids.filter((id) => {
      const run = this.#runs.get(id);
      const one = this.#tasks.get(id);
      const targets = run !== undefined ? run.tasks.map((task) => ({ run, task })) : one !== undefined ? [one] : [];
      for (const target of targets) if (!isOver(target.task)) this.#stop(target, 'cancelled', 'task cancelled', false);
      return targets.length > 0;
    });
  }

  /** What the engine does when a worker's heartbeats have stopped: its attempts start again elsewhere, counted one up. */
  reassignFrom(workerId: string): void {
    for (const { task, run } of this.#tasks.values()) {
      if (task.state !== 'running' || task.attempt?.workerId !== workerId) continue;
      clearTimer(task);
      task.retryCount += 1;
      this.#enqueue(run, task);
    }
    this.#assignQueued();
  }

  /** Starts the next invocation of a durable task that waits, within the same attempt. @returns the invocation that is over */
  evict(stepRunId: string): number | null {
    const found = this.#tasks.get(stepRunId);
    const worker = this.#workers.get(found?.task.attempt?.workerId ?? '');
    if (found === undefined || worker === undefined || !found.task.definition.isDurable) return null;
    const { run, task } = found;
    const over = task.invocation++;
    worker.assign({ kind: 'start', run, task, retryCount: task.retryCount });
    return over;
  }

  /** Calls back once with the results of the run, at once where it has ended. */
  watch(workflowRunId: string, watcher: (results: readonly TaskResult[]) => void): void {
    const run = this.#runs.get(workflowRunId);
    if (run === undefined) return;
    if (run.finished === null) run.watchers.push(watcher);
    else watcher(run.finished);
  }

  stop(): void {
    for (const { task } of this.#tasks.values()) clearTimer(task);
    this.#workers.clear();
  }

  #enqueue(run: WorkflowRun, task: TaskRun): void {
    task.state = 'queued';
    this.#queue.push({ run, task });
  }

  #assignQueued(): void {
    const waiting = this.#queue.splice(0);
    for (const entry of waiting) {
      if (entry.task.state !== 'queued') continue;
      const able = [...this.#workers.values()].filter((w) => w.actions.has(entry.task.definition.actionId));
      const worker = able[this.#turn++ % able.length];
      if (worker === undefined) this.#queue.push(entry);
      else this.#start(entry.run, entry.task, worker);
    }
  }

  #start(run: WorkflowRun, task: TaskRun, worker: ConnectedWorker): void {
    task.state = 'running';
    task.attempt = {
      stepRunId: task.stepRunId,
      retryCount: task.retryCount,
      workflowRunId: run.id,
      actionId: task.definition.actionId,
      workerId: worker.id,
      parentStepRunId: run.request.parentStepRunId,
      outcome: 'running',
      error: null,
    };
    this.attempts.push(task.attempt);
    const { timeoutMs } = task.definition;
    const expire = (): void => this.#stop({ run, task }, 'timed-out', `Task exceeded timeout of ${timeoutMs / 1000}s`, true);
    task.timer = setTimeout(expire, timeoutMs).unref();
    worker.assign({ kind: 'start', run, task, retryCount: task.retryCount });
  }

  /** Ends an attempt from the engine's side; the worker learns of it by a cancel action. */
  #stop(target: { run: WorkflowRun; task: TaskRun }, outcome: 'cancelled' | 'timed-out', error: string, mayRetry: boolean): void {
    const { run, task } = target;
    if (task.attempt !== null && task.state === 'running') {
      this.#workers.get(task.attempt.workerId)?.assign({ kind: 'cancel', run, task, retryCount: task.attempt.retryCount });
    }
    this.#settle(target, outcome, null, error, mayRetry);
  }

  #settle(
    { run, task }: { run: WorkflowRun; task: TaskRun },
    outcome: Exclude<AttemptOutcome, 'running'>,
    output: string | null,
    error: string | null,
    mayRetry: boolean,
  ): void {
    clearTimer(task);
    if (task.attempt !== null && task.state === 'running') {
      task.attempt.outcome = outcome;
      task.attempt.error = error;
    }
    if (mayRetry && task.retryCount < task.definition.retries) {
      task.retryCount += 1;
      this.#enqueue(run, task);
      this.#assignQueued();
      return;
    }
    task.output = output;
    task.error = error;
    task.state = outcome === 'completed' ? 'completed' : outcome === 'cancelled' ? 'cancelled' : 'failed';
    this.#advance(run);
  }

  /** Starts what has become startable, drops what never will be, and ends the run when nothing is left. */
  #advance(run: WorkflowRun): void {
    const byName = new Map(run.tasks.map((task) => [task.definition.name, task]));
    for (let changed = true; changed; ) {
      changed = false;
      for (const task of run.tasks) {
        if (task.state !== 'blocked') continue;
        const parents = task.definition.parents.flatMap((name) => byName.get(name) ?? []);
        if (parents.every((parent) => parent.state === 'completed')) this.#enqueue(run, task);
        else if (parents.some((parent) => parent.state === 'failed' || parent.state === 'cancelled')) task.state = 'cancelled';
        else continue;
        changed = true;
      }
    }
    const { onFailure } = run.workflow;
    const failed = run.tasks.some((task) => task.state === 'failed');
    if (run.tasks.every(isOver) && failed && onFailure !== null && !run.tasks.some((t) => t.definition === onFailure)) {
      const task = newTask(randomUUID(), onFailure);
      run.tasks.push(task);
      this.#tasks.set(task.stepRunId, { run, task });
      this.#enqueue(run, task);
    }
    this.#assignQueued();
    if (run.finished === null && run.tasks.every(isOver)) this.#finish(run);
  }

  #finish(run: WorkflowRun): void {
    const results = run.tasks.map(
      ({ stepRunId, definition, output, error }): TaskResult => ({ stepRunId, taskName: definition.name, output, error }),
    );
    run.finished = results;
    for (const watcher of run.watchers.splice(0)) watcher(results);
  }
}

const newTask = (stepRunId: string, definition: TaskDefinition): TaskRun => ({
  stepRunId,
  definition,
  state: 'blocked',
  retryCount: 0,
  invocation: 1,
  output: null,
  error: null,
  attempt: null,
  timer: null,
});

function clearTimer(task: TaskRun): void {
  if (task.timer !== null) clearTimeout(task.timer);
  task.timer = null;
}
