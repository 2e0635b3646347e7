import { setTimeout as sleep } from 'node:timers/promises';
import { type BaseWorkflowDeclaration, HatchetClient } from '@hatchet-dev/typescript-sdk/index.js';
import { type ProxyTracerProvider, trace } from '@opentelemetry/api';

/** Longest wait for the SDK's worker to stop. */
const STOP_LIMIT_MS = 10_000;

const nothing = (): void => {};

/** The SDK's log would mix with the demo's tables. */
const SILENT = { debug: nothing, info: nothing, green: nothing, warn: nothing, error: nothing };

export const hatchet = HatchetClient.init({ log_level: 'OFF', logger: () => SILENT as never });

export const siteUrl = process.env['DEMO_SITE_URL'] ?? '';

/** Messages between an agent's process and the demo. */
export type AgentMessage = 'ready' | 'stop';

// oxlint-disable-next-line typescript/no-explicit-any -- the SDK's own bound: a workflow of any input and output
type AnyWorkflow = BaseWorkflowDeclaration<any, any>;

/** Runs the agent until the demo says `stop`; what was recorded is in the file before the process leaves. */
export async function serveAgent(name: string, workflows: AnyWorkflow[]): Promise<void> {
  const worker = await hatchet.worker(name, { workflows, handleKill: false });
  const running = worker.start();
  await worker.waitUntilReady(60_000);
  const leave = async (): Promise<void> => {
    // On a machine that is short of everything the SDK has been seen to wait for its engine for ever.
    await Promise.race([worker.stop(), sleep(STOP_LIMIT_MS)]);
    const provider = (trace.getTracerProvider() as ProxyTracerProvider).getDelegate() as { forceFlush?: () => Promise<void> };
    await provider.forceFlush?.();
    process.exit(0);
  };
  process.on('message', (message: AgentMessage) => {
    if (message === 'stop') void leave();
  });
  // The demo died: nobody will ever say `stop`.
  process.on('disconnect', () => process.exit(1));
  process.send?.('ready' satisfies AgentMessage);
  await running;
}
