import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AgentMessage } from './serve-agent.ts';

/** `ts` in the source tree, `js` in the package. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const beside = (file: string): string => new URL(`${file}.${extension}`, import.meta.url).href;

/** Settings of the user's shell that would send the demo's rows, spans or runs elsewhere. */
const FOREIGN = /^(AI_TRACKER_|OTEL_|AGENT_|HATCHET_|NODE_OPTIONS$|TRACEPARENT$)/;

export interface AgentProcess {
  /** Resolves when its worker listens. @throws {Error} where the process ends before; why, it has said on stderr */
  readonly ready: Promise<void>;
  /** Lets it finish and leave. */
  stop(): Promise<void>;
  kill(): void;
}

/** Starts an agent as a deployment would: `node --import ai-tracker-otel/register worker.js`, and nothing of ours in its code. */
export function startAgent(name: 'researcher' | 'coder', env: Readonly<Record<string, string>>): AgentProcess {
  const own = Object.fromEntries(Object.entries(process.env).filter(([key]) => !FOREIGN.test(key)));
  const child: ChildProcess = fork(fileURLToPath(beside(`./${name}-worker`)), {
    execArgv: ['--import', beside('../register')],
    env: { ...own, ...env, AGENT_ID: name, OTEL_SERVICE_NAME: name },
    // Its stderr is shown: a recorder that warns must be heard, in the demo too.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const left = once(child, 'exit');
  const becomeReady = async (): Promise<void> => {
    const first = await Promise.race([once(child, 'message'), left.then(() => null)]);
    if (first === null) throw new Error(`the agent ${name} ended before it was ready, with exit code ${child.exitCode}`);
  };
  return {
    ready: becomeReady(),
    stop: async () => {
      child.send('stop' satisfies AgentMessage);
      await left;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
