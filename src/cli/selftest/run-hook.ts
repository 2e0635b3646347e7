import { type ChildProcess, spawn } from 'node:child_process';
import type { Bench } from './door.ts';

export interface HookRun {
  readonly code: number | null;
  /** A hook prints nothing: what it prints goes into the agent's context. */
  readonly output: string;
}

/**
 * Runs a hook as Claude Code does: the event on stdin. One that takes too long is killed, with all that it started: what it left
 * running would hold its pipes open. @throws where it cannot be started
 */
export function runHook(
  command: string,
  args: readonly string[],
  { env, cwd }: Pick<Bench, 'env' | 'cwd'>,
  event: string,
  limitMs: number,
): Promise<HookRun> {
  return new Promise((done, fail) => {
    // A group of its own; Windows has none, and would open a window for it.
    const isGroup = process.platform !== 'win32';
    const child = spawn(command, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'], detached: isGroup });
    const timer = setTimeout(() => kill(child, isGroup), limitMs);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stdin.on('error', () => {
      // It did not want to know: what it left tells.
    });
    child.stdin.end(event);
    child.once('error', fail);
    child.once('close', (code) => {
      clearTimeout(timer);
      done({ code, output });
    });
  });
}

function kill({ pid }: ChildProcess, isGroup: boolean): void {
  if (pid === undefined) return;
  try {
    process.kill(isGroup ? -pid : pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
