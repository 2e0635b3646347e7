import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { HatchetEngine } from '../../src/demo/hatchet-engine.ts';
import type { Order } from './worker/serve-worker.ts';

/** An order without its number, which `WorkerProcess` gives. */
type Unnumbered<T> = T extends unknown ? Omit<T, 'order'> : never;

interface Reply {
  readonly order?: number;
  readonly answer?: unknown;
  readonly error?: string;
  readonly ready?: true;
}

/** A real worker in a process of its own, which a test orders about over IPC, or kills. */
export class WorkerProcess {
  readonly child: ChildProcess;
  #stderr = '';
  #order = 0;
  readonly #waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();

  private constructor(child: ChildProcess) {
    this.child = child;
    child.stderr?.on('data', (chunk) => {
      this.#stderr += String(chunk);
    });
    child.stdout?.resume();
    child.on('message', (reply: Reply) => {
      const waiting = reply.order === undefined ? undefined : this.#waiting.get(reply.order);
      if (reply.error === undefined) waiting?.resolve(reply.answer);
      else waiting?.reject(new Error(`the worker answers: ${reply.error}`));
    });
    child.on('exit', (code, signal) => {
      const error = new Error(`the worker has left (${signal ?? code}): ${this.#stderr}`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  /** Resolves when the worker listens to the engine. */
  static async start(
    script: string,
    engine: HatchetEngine,
    options: { env?: NodeJS.ProcessEnv; args?: string[] } = {},
  ): Promise<WorkerProcess> {
    const file = fileURLToPath(new URL(`./worker/${script}`, import.meta.url));
    const child = spawn(process.execPath, [...(options.args ?? []), file], {
      env: { ...process.env, NODE_OPTIONS: '', ...engine.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const worker = new WorkerProcess(child);
    await new Promise<void>((resolve, reject) => {
      worker.#waiting.set(-1, { resolve: () => resolve(), reject });
      child.on('message', (reply: Reply) => {
        if (reply.ready !== true) return;
        worker.#waiting.delete(-1);
        resolve();
      });
    });
    return worker;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** What the process has written on stderr so far. */
  get stderr(): string {
    return this.#stderr;
  }

  #send(order: Unnumbered<Order>): Promise<unknown> {
    const number = this.#order++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.child.send({ ...order, order: number });
    });
  }

  /** Starts runs from within the worker's process, through the instrumented client. @returns their workflow run ids */
  async triggerAll(workflow: string, inputs: object[]): Promise<string[]> {
    return (await this.#send({ do: 'trigger', workflow, inputs })) as string[];
  }

  async trigger(workflow: string, input: object = {}): Promise<string> {
    const [id] = await this.triggerAll(workflow, [input]);
    return id!;
  }

  async ask<T>(what: string): Promise<T> {
    return (await this.#send({ do: 'ask', what })) as T;
  }

  /** Ends the worker as an operator does: what runs is finished, then the process leaves. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const left = once(this.child, 'exit');
    await this.#send({ do: 'stop' });
    await left;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const left = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await left;
  }
}
