import { spawn } from 'node:child_process';
import { STEP_LIMIT_MS } from './door.ts';

export interface HookRun {
  readonly code: number | null;
  /** A hook prints nothing: what it prints goes into the agent's context. */
  readonly output: string;
}

/** Runs a hook as Claude Code does: the event on stdin, killed when it takes too long. @throws where it cannot be started */
export function runHook(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
  event: string,
): Promise<HookRun> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, {
      env,
      cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: STEP_LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stdin.on('error', () => {
      // It did not want to know: what it left tells.
    });
    child.stdin.end(event);
    child.once('error', fail);
    child.once('close', (code) => done({ code, output }));
  });
}
