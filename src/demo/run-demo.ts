import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentProcess, startAgent } from './agent-process.ts';
import { startDemoSite } from './demo-site.ts';
import { type HatchetEngine, startHatchetEngine } from './hatchet-engine.ts';

export interface DemoRun {
  /** Attempts that the engine has assigned: as many rows there must be. */
  readonly attempts: number;
  /** The task that has started others. */
  readonly parentTaskId: string;
}

/** Polls; the demo's tasks take milliseconds. @throws {Error} after 60 s */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000; !holds(); await sleep(10)) {
    if (Date.now() > deadline) throw new Error(`the demo waited 60 s in vain: ${what}`);
  }
}

async function runTasks(engine: HatchetEngine): Promise<void> {
  const refactor = engine.trigger('long-refactor');
  const others = ['plan-release', 'read-feed', 'run-tests'].map((name) => engine.trigger(name));
  await Promise.all(others.map((id) => engine.finished(id)));
  await until('long-refactor runs', () => engine.attempts.some((a) => a.stepRunId === refactor && a.outcome === 'running'));
  // Long enough to be in the middle of its second tool call.
  await sleep(300);
  engine.cancel(refactor);
  await engine.finished(refactor);
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
  let agents: AgentProcess[] = [];
  try {
    const env = { ...engine.env, AI_TRACKER_SHARED_DIR: folder, DEMO_SITE_URL: site.url };
    agents = await Promise.all([startAgent('researcher', env), startAgent('coder', env)]);
    await runTasks(engine);
    await Promise.all(agents.map((agent) => agent.stop()));
    const parent = engine.attempts.find((attempt) => attempt.actionId.startsWith('plan-release:'));
    return { attempts: engine.attempts.length, parentTaskId: parent?.stepRunId ?? '' };
  } finally {
    for (const agent of agents) agent.kill();
    await Promise.all([engine.stop(), site.close()]);
  }
}
