import { AsyncResource } from 'node:async_hooks';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Settings } from '../model/settings.ts';
import type { ProcessSession } from '../model/span-record.ts';
import { BackOff } from './back-off.ts';
import type { BatchMessage, ThreadData, ToHost, ToThread } from './messages.ts';

const FIRST_RESTART_MS = 100;
const LAST_RESTART_MS = 30_000;
/**
 * A process without spans gets its thread, and with it its session, this late: `register` is preloaded into every npm and
 * compiler that inherits NODE_OPTIONS, and those should neither pay nor be rows.
 */
const START_WITHOUT_SPANS_MS = 5000;

export interface ThreadHandleParts {
  /** The module that the thread runs. */
  readonly entry: URL;
  readonly settings: Settings;
  readonly session: ProcessSession;
  readonly onMessage: (message: ToHost) => void;
  /** The thread died; another one is started. What it had not settled must be sent again, by `toSend`. */
  readonly onCrash: (error: Error) => void;
  readonly toSend: () => readonly BatchMessage[];
}

/** One writer thread as the host sees it: started with the first spans, again when it dies, never keeping the process alive. */
export class ThreadHandle {
  readonly #parts: ThreadHandleParts;
  readonly #pulse = new Int32Array(new SharedArrayBuffer(4));
  readonly #backOff = new BackOff(FIRST_RESTART_MS, LAST_RESTART_MS);
  #worker: Worker | null = null;
  #port: MessagePort | null = null;
  #restartTimer: NodeJS.Timeout | null = null;
  /** The thread is started from within some request of the host, whose context its events must not keep alive. */
  readonly #scope = new AsyncResource('AiTrackerWriter');
  #started = false;
  #closed = false;

  constructor(parts: ThreadHandleParts) {
    this.#parts = parts;
    this.#restartTimer = setTimeout(() => this.start(), START_WITHOUT_SPANS_MS);
    this.#restartTimer.unref();
  }

  get hasStarted(): boolean {
    return this.#started;
  }

  /** Whether there is a thread to talk to; false between a crash and the restart. */
  get isAlive(): boolean {
    return this.#port !== null;
  }

  /** Starts the thread unless it was started before. */
  start(): void {
    if (this.#started || this.#closed) return;
    this.#started = true;
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    this.#scope.runInAsyncScope(() => this.#start());
  }

  send(message: ToThread): void {
    this.#port?.postMessage(message);
  }

  /** Takes what the thread has said so far, without the event loop: for a host that exits. */
  receiveNow(): void {
    const port = this.#port;
    if (port === null) return;
    for (let found = receiveMessageOnPort(port); found !== undefined; found = receiveMessageOnPort(port)) {
      this.#received(found.message as ToHost);
    }
  }

  /** Blocks this thread until the writer says something, at most `ms`. Only for a host that exits. */
  sleepUntilNews(seen: number, ms: number): void {
    Atomics.wait(this.#pulse, 0, seen, ms);
  }

  /** Grows with every message of the thread. */
  get pulse(): number {
    return Atomics.load(this.#pulse, 0);
  }

  /** No restart from here. */
  retire(): void {
    this.#closed = true;
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    this.#port?.close();
    this.#port = null;
  }

  #start(): void {
    this.#restartTimer = null;
    const { entry, settings, session } = this.#parts;
    const { port1, port2 } = new MessageChannel();
    const data: ThreadData = { aiTrackerWriter: true, settings, session, port: port2, pulse: this.#pulse };
    let worker: Worker;
    try {
      worker = new Worker(entry, {
        name: 'ai-tracker-writer',
        workerData: data,
        transferList: [port2],
        // Not the host's: a preloaded module (`--import`, a debugger's loader) has no business in this thread.
        execArgv: [],
        env: withoutNodeOptions(process.env),
      });
    } catch (error) {
      port1.close();
      this.#crashed(error as Error);
      return;
    }
    worker.unref();
    this.#worker = worker;
    this.#port = port1;
    port1.on('message', (message: ToHost) => this.#received(message));
    port1.unref();
    let cause: Error | null = null;
    worker.on('error', (error: Error) => {
      cause = error;
    });
    worker.on('exit', (code) => {
      if (this.#worker !== worker) return;
      this.receiveNow();
      this.#crashed(cause ?? new Error(`the writer thread ended with code ${code}`));
    });
    for (const message of this.#parts.toSend()) this.send(message);
  }

  #received(message: ToHost): void {
    if (message.kind === 'settled') this.#backOff.reset();
    // From here its end is no crash, also when it is noticed before whoever closed it has had a turn.
    if (message.kind === 'closed') this.#closed = true;
    this.#parts.onMessage(message);
  }

  #crashed(error: Error): void {
    this.#port?.close();
    this.#port = null;
    this.#worker = null;
    if (this.#closed) return;
    this.#restartTimer = this.#scope.runInAsyncScope(() => setTimeout(() => this.#start(), this.#backOff.next()));
    this.#restartTimer.unref();
    this.#parts.onCrash(error);
  }
}

function withoutNodeOptions(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = env;
  return rest;
}
