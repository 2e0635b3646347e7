import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const APP = fileURLToPath(new URL('./host-app.ts', import.meta.url));

/** A running host-app.ts. */
export class HostProcess {
  readonly child: ChildProcess;
  readonly #lines: unknown[] = [];
  readonly #exited: Promise<unknown>;
  stderr = '';

  constructor(what: string, count: number, env: Record<string, string>) {
    this.child = spawn(process.execPath, ['--no-warnings', APP, what, String(count)], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.#lines.push(JSON.parse(line));
      this.child.emit('said');
    });
    this.child.stderr?.on('data', (data: Buffer) => {
      this.stderr += data.toString();
    });
    this.#exited = once(this.child, 'close');
  }

  /** The next line that it says. */
  async line<T>(): Promise<T> {
    while (this.#lines.length === 0) {
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`host-app said nothing more: ${this.stderr}`);
      await Promise.race([once(this.child, 'said'), this.#exited]);
    }
    return this.#lines.shift() as T;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** Exit code, null after a signal. */
  async ended(): Promise<number | null> {
    await this.#exited;
    return this.child.exitCode;
  }
}
