/** The part of a worker's process that knows Hatchet and nothing of telemetry; must be loaded after the instrumentation. */
import { HatchetClient } from '@hatchet-dev/typescript-sdk/index.js';
import { declareTasks } from './tasks.ts';

/** What a test asks of the worker's process; every order is answered by `{ answer, order }`. */
export type Order =
  | { readonly order: number; readonly do: 'trigger'; readonly workflow: string; readonly inputs: object[] }
  | { readonly order: number; readonly do: 'ask'; readonly what: string }
  | { readonly order: number; readonly do: 'stop' };

export type Answers = Readonly<Record<string, () => unknown>>;

/** Runs the worker; `answers` are what this process can be asked for, `close` what it does before it leaves. */
export async function serveWorker(answers: Answers, close: () => Promise<void>): Promise<void> {
  const quiet = { debug() {}, info() {}, green() {}, warn() {}, error() {} };
  const hatchet = HatchetClient.init({ log_level: 'OFF', logger: () => quiet as never });
  const workflows = declareTasks(hatchet);
  const byName = new Map(workflows.map((workflow) => [workflow.name, workflow]));
  const worker = await hatchet.worker('test-worker', { workflows, slots: 100, handleKill: false });
  const running = worker.start();
  await worker.waitUntilReady(30_000);

  const obey = async (order: Order): Promise<unknown> => {
    switch (order.do) {
      case 'trigger': {
        const workflow = byName.get(order.workflow)!;
        const runs = await Promise.all(order.inputs.map((input) => workflow.runNoWait(input)));
        return Promise.all(runs.map((run) => run.getWorkflowRunId()));
      }
      case 'ask':
        return answers[order.what]!();
      case 'stop':
        await worker.stop();
        await close();
        return null;
    }
  };
  const reply = async (order: Order): Promise<void> => {
    try {
      const answer = await obey(order);
      process.send!({ order: order.order, answer }, () => {
        if (order.do === 'stop') process.exit(0);
      });
    } catch (error) {
      process.send!({ order: order.order, error: error instanceof Error ? error.stack : String(error) });
    }
  };
  process.on('message', (order: Order) => void reply(order));
  process.on('disconnect', () => process.exit(1));
  process.send!({ ready: true });
  await running;
}
