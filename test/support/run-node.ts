import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export interface NodeChild {
  readonly pid: number;
  /** Resolves with the first line on stdout that equals `text`. @throws where the child ends without it */
  said(text: string): Promise<void>;
  /** Writes a line to its stdin. */
  say(text: string): void;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

/**
 * A real process that runs a TypeScript file under this Node; killed after the test where it still runs.
 * @param through a command that starts it, such as `unshare --pid --fork`; then `pid` is that command's
 */
export function runNode(
  file: URL,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = process.env,
  through: readonly string[] = [],
): NodeChild {
  const [command = '', ...rest] = [...through, process.execPath, '--no-warnings', fileURLToPath(file), ...args];
  const child = spawn(command, rest, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const watcher of watchers) watcher();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return {
    pid: child.pid as number,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stdout.split('\n').includes(text)) resolve();
        };
        watchers.add(look);
        look();
        void ended.then(() => reject(new Error(`child ended without saying ${text}: ${stdout}${stderr}`)));
      }),
    say: (text) => void child.stdin.write(`${text}\n`),
    kill: (signal) => void child.kill(signal),
    ended,
  };
}
