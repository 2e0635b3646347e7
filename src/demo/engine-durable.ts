import type { DurableTaskRequest, DurableTaskResponse } from '@hatchet-dev/typescript-sdk/protoc/v1/dispatcher.js';
import { goDurationMs } from './engine-actions.ts';
import { MessageQueue } from './message-queue.ts';

type Response = Partial<DurableTaskResponse>;

/** A position in the log of a durable task: the n-th thing that it waited for, the same in every invocation. */
interface Wait {
  readonly dueMs: number;
  readonly duration: string;
}

interface DurableTask {
  readonly waits: Wait[];
  /** The invocation that runs now, and how many of the waits it has come to. */
  invocation: number;
  reached: number;
  readonly timers: Set<NodeJS.Timeout>;
}

/** Waits of durable tasks (`sleepFor`): they go on while the task is evicted, and its next invocation runs up to them again. */
export class DurableWaits {
  readonly #tasks = new Map<string, DurableTask>();
  readonly #streams = new Set<MessageQueue<Response>>();

  async *serve(requests: AsyncIterable<DurableTaskRequest>, signal: AbortSignal): AsyncGenerator<Response> {
    const stream = new MessageQueue<Response>();
    this.#streams.add(stream);
    const read = async (): Promise<void> => {
      for await (const request of requests) this.#answer(request, stream);
    };
    read().catch(() => stream.end());
    try {
      yield* stream.drain(signal);
    } finally {
      this.#streams.delete(stream);
    }
  }

  /** Whether the task has come to a wait in its present invocation. */
  isWaiting(stepRunId: string): boolean {
    return (this.#tasks.get(stepRunId)?.reached ?? 0) > 0;
  }

  /** Tells the worker that this invocation is over; the caller starts the next one. */
  evict(stepRunId: string, invocation: number): void {
    const notice = { durableTaskExternalId: stepRunId, invocationCount: invocation, reason: 'evicted by the engine' };
    const task = this.#tasks.get(stepRunId);
    if (task !== undefined) task.reached = 0;
    for (const stream of this.#streams) stream.push({ serverEvict: notice });
  }

  stop(): void {
    for (const { timers } of this.#tasks.values()) for (const timer of timers) clearTimeout(timer);
    for (const stream of this.#streams) stream.end();
  }

  #answer({ registerWorker, waitFor, evictInvocation }: DurableTaskRequest, stream: MessageQueue<Response>): void {
    if (registerWorker !== undefined) stream.push({ registerWorker });
    if (evictInvocation !== undefined) stream.push({ evictionAck: evictInvocation });
    if (waitFor === undefined) return;
    const task = this.#taskAt(waitFor.durableTaskExternalId, waitFor.invocationCount);
    const nodeId = ++task.reached;
    const duration = waitFor.waitForConditions?.sleepConditions[0]?.sleepFor ?? '0s';
    task.waits[nodeId] ??= { dueMs: Date.now() + goDurationMs(duration), duration };
    const wait = task.waits[nodeId];
    const { durableTaskExternalId, invocationCount } = waitFor;
    const ref = { durableTaskExternalId, invocationCount, branchId: 1, nodeId };
    stream.push({ waitForAck: { ref } });
    const complete = (): void => {
      const payload = Buffer.from(JSON.stringify({ CREATE: { sleep: [{ sleep_duration: wait.duration }] } }));
      stream.push({ entryCompleted: { ref, payload, isFailure: false } });
    };
    task.timers.add(setTimeout(complete, Math.max(0, wait.dueMs - Date.now())).unref());
  }

  #taskAt(stepRunId: string, invocation: number): DurableTask {
    let task = this.#tasks.get(stepRunId);
    if (task === undefined) this.#tasks.set(stepRunId, (task = { waits: [], invocation, reached: 0, timers: new Set() }));
    if (task.invocation !== invocation) {
      task.invocation = invocation;
      task.reached = 0;
    }
    return task;
  }
}
