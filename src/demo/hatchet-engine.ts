import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { DurableWaits } from './engine-durable.ts';
import type { Attempt, TaskResult } from './engine-model.ts';
import { engineRest } from './engine-rest.ts';
import { engineServices, type Service } from './engine-rpc.ts';
import { EngineRuns } from './engine-runs.ts';

interface GrpcServer {
  add(...service: Service): void;
  listen(address: string): Promise<number>;
  forceShutdown(): void;
}

/** nice-grpc as the SDK sees it: it is the SDK's dependency, not ours, and a second copy would bring its own grpc-js. */
const fromSdk = createRequire(createRequire(import.meta.url).resolve('@hatchet-dev/typescript-sdk'));
const niceGrpc = fromSdk('nice-grpc') as { createServer(): GrpcServer };

export interface HatchetEngine {
  /** What a worker's process needs to find this engine; nothing else of Hatchet's is needed. */
  readonly env: Readonly<Record<'HATCHET_CLIENT_TOKEN' | 'HATCHET_CLIENT_TLS_STRATEGY', string>>;
  /** Every attempt in the order of assignment, with what the engine knows of its end: the truth that rows are compared with. */
  readonly attempts: readonly Readonly<Attempt>[];
  /** Starts a run as a client without instrumentation does. @throws {Error} where no worker has registered the workflow */
  trigger(workflow: string, input?: object): string;
  /** Resolves with the results of all tasks when the run has ended. */
  finished(workflowRunId: string): Promise<readonly TaskResult[]>;
  /** Cancels step runs or workflow runs, as the dashboard does. @returns the ids that are known */
  cancel(...ids: string[]): string[];
  /** What follows a worker's silence: its running attempts are assigned again, counted one up. */
  reassignFrom(workerId: string): void;
  /** Ends an invocation of a durable task and starts the next: the same attempt, started twice. @returns false where it does not wait */
  evict(stepRunId: string): boolean;
  stop(): Promise<void>;
}

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * A Hatchet engine on loopback, in this process: enough of it to drive the real TypeScript and Python SDKs' workers (runs,
 * DAGs, retries, timeouts, cancellation, children, on-failure tasks, durable sleeps), with no database and nothing kept. Not
 * served: batch tasks, other durable operations, events, schedules, concurrency, slots.
 */
export async function startHatchetEngine(): Promise<HatchetEngine> {
  const tenantId = randomUUID();
  const runs = new EngineRuns();
  const waits = new DurableWaits();
  const grpc = niceGrpc.createServer();
  for (const service of engineServices(runs, waits, tenantId)) grpc.add(...service);
  const grpcPort = await grpc.listen('127.0.0.1:0');
  const rest = engineRest(runs, tenantId).listen(0, '127.0.0.1');
  await once(rest, 'listening');
  const claims = {
    sub: tenantId,
    server_url: `http://127.0.0.1:${(rest.address() as AddressInfo).port}`,
    grpc_broadcast_address: `127.0.0.1:${grpcPort}`,
  };
  return {
    env: {
      // The SDK reads the claims and sends the token; it never checks the signature.
      HATCHET_CLIENT_TOKEN: `${base64({ alg: 'none' })}.${base64(claims)}.unsigned`,
      HATCHET_CLIENT_TLS_STRATEGY: 'none',
    },
    attempts: runs.attempts,
    trigger: (name, input = {}) =>
      runs.trigger({
        name,
        input: JSON.stringify(input),
        parentWorkflowRunId: null,
        parentStepRunId: null,
        childIndex: null,
        childKey: null,
        metadata: {},
      }),
    finished: (workflowRunId) => new Promise((resolve) => runs.watch(workflowRunId, resolve)),
    cancel: (...ids) => runs.cancel(ids),
    reassignFrom: (workerId) => runs.reassignFrom(workerId),
    evict: (stepRunId) => {
      const over = waits.isWaiting(stepRunId) ? runs.evict(stepRunId) : null;
      if (over !== null) waits.evict(stepRunId, over);
      return over !== null;
    },
    stop: async () => {
      runs.stop();
      waits.stop();
      grpc.forceShutdown();
      const closed = once(rest, 'close');
      rest.close();
      rest.closeAllConnections();
      await closed;
    },
  };
}
