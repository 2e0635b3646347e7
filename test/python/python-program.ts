import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { pythonOf } from './environment.ts';

const python = pythonOf();

/** Where the programs of these tests lie. */
export const program = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url));

export interface PythonOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A command that starts the interpreter. */
  readonly launcher?: string;
}

/** A real Python process in a home of its own; killed after the test where it still runs. */
export class PythonProgram {
  readonly child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #output = '';

  constructor(script: string, home: string, { args = [], env = {}, launcher }: PythonOptions = {}) {
    const [command = python, ...before] = launcher === undefined ? [python] : [launcher, python];
    this.child = spawn(command, [...before, script, ...args], {
      // Hatchet reads .env files where it stands.
      cwd: home,
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        PYTHONUNBUFFERED: '1',
        // Beside the interpreter, so that no __pycache__ comes to lie among the tests.
        PYTHONPYCACHEPREFIX: join(dirname(python), '../pycache'),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void this.child.kill('SIGKILL'));
    this.#closed = once(this.child, 'close');
    const take = (data: Buffer): void => {
      this.#output += data.toString();
    };
    this.child.stdout?.on('data', take);
    this.child.stderr?.on('data', take);
  }

  /** All that it said, stdout and stderr. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves at its own end. @returns the exit code; null where a signal ended it */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.child.exitCode;
  }

  /** Ends it as an orchestrator does. @returns the exit code; null where the signal itself ended it */
  async terminate(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return this.ended();
  }
}
