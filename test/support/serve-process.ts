import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
/** A start under load takes seconds; beyond this it hangs. */
const START_MS = 30_000;

export interface ServeOptions {
  /** Where the agents' files go. */
  readonly folder: string;
  /** No `--dir`: `env` says where, below the folder as home. */
  readonly isPlaceInEnv?: boolean;
  /** 0, the default: any that is free. */
  readonly port?: number;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Options of Node itself, such as `--cpu-prof`. */
  readonly nodeArgs?: readonly string[];
  /** Sees the process before it listens. */
  readonly onSpawn?: (child: ChildProcess) => void;
}

/** A running `ai-tracker serve`: a real process on a real port. */
export class ServeProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly #output: { text: string };
  readonly #closed: Promise<unknown>;

  private constructor(child: ChildProcess, port: number, output: { text: string }, closed: Promise<unknown>) {
    this.child = child;
    this.pid = child.pid as number;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#output = output;
    this.#closed = closed;
  }

  /** Resolves when it listens. @throws with what it said where it ends before that, or does not listen in 30 s. */
  static async start(options: ServeOptions): Promise<ServeProcess> {
    const { folder, isPlaceInEnv = false, port = 0, args = [], env = {}, nodeArgs = [], onSpawn } = options;
    const place = isPlaceInEnv ? [] : ['--dir', folder];
    const child = spawn(
      process.execPath,
      ['--no-warnings', ...nodeArgs, MAIN, 'serve', '--port', String(port), ...place, ...args],
      { env: { PATH: process.env['PATH'], HOME: folder, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    onSpawn?.(child);
    const closed = once(child, 'close');
    const output = { text: '' };
    const listens = new Promise<number>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`serve ${why}: ${output.text}`));
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        fail(`did not listen in ${START_MS} ms`);
      }, START_MS).unref();
      void closed.then(([code, signal]) => fail(`ended (${code ?? signal}) before it listened`));
      const take = (data: Buffer): void => {
        output.text += data.toString();
        const said = /(?:127\.0\.0\.1|localhost):(\d+)/.exec(output.text);
        if (said === null) return;
        clearTimeout(timer);
        resolve(Number(said[1]));
      };
      child.stdout?.on('data', take);
      child.stderr?.on('data', take);
    });
    return new ServeProcess(child, await listens, output, closed);
  }

  /** All that it said, stdout and stderr. */
  get output(): string {
    return this.#output.text;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The power goes: no handler runs. Resolves when the process is gone. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#closed;
  }

  /** Asks it to stop. @returns the exit code; null where a signal ended it. */
  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    await this.#closed;
    return this.child.exitCode;
  }

  /** Resident memory, MB: now, and the most there ever was. */
  memoryMb(): { readonly now: number; readonly most: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const kb = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN);
    return { now: kb('VmRSS') / 1024, most: kb('VmHWM') / 1024 };
  }

  /** CPU that all its threads have used, in seconds; the kernel counts in hundredths. */
  cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    // The second field, the command in brackets, may hold blanks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }
}
