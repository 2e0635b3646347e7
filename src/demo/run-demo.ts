import { setTimeout as sleep } from 'node:timers/promises';
import { startAgent } from './agent-process.ts';
import { until, within } from './deadline.ts';
import { startDemoSite } from './demo-site.ts';
import { type HatchetEngine, startHatchetEngine } from './hatchet-engine.ts';

const AGENTS = ['researcher', 'coder'] as const;

export interface DemoRun {
  /** Whose rows it has made. */
  readonly agents: readonly string[];
  /** Attempts that the engine has assigned: as many rows there must be. */
  readonly attempts: number;
  /** The task that has started others. */
  readonly parentTaskId: string;
}

async function runTasks(engine: HatchetEngine): Promise<void> {
  const refactor = engine.trigger('long-refactor');
  const others = ['plan-release', 'read-feed', 'run-tests'].map((name) => engine.trigger(name));
  await within('all tasks end', Promise.all(others.map((id) => engine.finished(id))));
  await until('long-refactor runs', () => engine.attempts.some((a) => a.stepRunId === refactor && a.outcome === 'running'));
  // Long enough to be in the middle of its second tool call.
  await sleep(300);
  engine.cancel(refactor);
  await within('the cancelled task ends', engine.finished(refactor));
  // For the engine it is over; its worker learns of it by gRPC, and of its own end by another way that may be faster.
  await sleep(1000);
}

/**
 * Two agents, each a real Hatchet SDK worker in its own process, run seven tasks against an engine, a web site and an MCP
 * server on loopback; their recorders write one file each into the folder.
 *
 * @throws {Error} where an agent does not start or a task does not end
 */
export async function runDemo(folder: string): Promise<DemoRun> {
  const engine = await startHatchetEngine();
  const site = await startDemoSite();
  const env = { ...engine.env, AI_TRACKER_SHARED_DIR: folder, DEMO_SITE_URL: site.url };
  const agents = AGENTS.map((name) => startAgent(name, env));
  try {
    await within('both agents are ready', Promise.all(agents.map((agent) => agent.ready)));
    await runTasks(engine);
    await within('both agents leave', Promise.all(agents.map((agent) => agent.stop())));
    const parent = engine.attempts.find((attempt) => attempt.actionId.startsWith('plan-release:'));
    return { agents: AGENTS, attempts: engine.attempts.length, parentTaskId: parent?.stepRunId ?? '' };
  } finally {
    for (const agent of agents) agent.kill();
    await Promise.all([engine.stop(), site.close()]);
  }
}
