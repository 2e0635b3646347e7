import { Worker } from 'node:worker_threads';
import type { Settings } from '../model/settings.ts';
import type { Touched } from '../writer/line-memories.ts';

const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './settle-worker.ts' : './settle-worker.js', import.meta.url);
/** It has Node's and SQLite's memory for itself, some 30 MB. */
const IDLE_MS = 60_000;

export interface SettleThreadData {
  /** Says to `register`, which may be preloaded in every thread, that this one is ours. */
  readonly aiTrackerWriter: true;
  readonly settings: Settings;
}

export interface SettleAnswer {
  readonly said: readonly string[];
}

/**
 * A thread beside the storing one, which finds out whose the lines of commits are: git is asked for seconds in a large repository, and
 * requests wait for nobody. It lives while there is something to do. What it was given and did not finish is found in the
 * repository's memory by whoever comes next.
 */
export class SettleThread {
  readonly #settings: Settings;
  readonly #onSaid: (message: string) => void;
  readonly #waiting = new Map<string, Touched>();
  #worker: Worker | null = null;
  #isBusy = false;
  #idleTimer: NodeJS.Timeout | null = null;

  /** @param onSaid gets what went wrong, for a person */
  constructor(settings: Settings, onSaid: (message: string) => void) {
    this.#settings = settings;
    this.#onSaid = onSaid;
  }

  /** A repository that waits already is settled once. */
  settle(touched: readonly Touched[]): void {
    for (const one of touched) this.#waiting.set(one.folders.commonDir, one);
    this.#next();
  }

  close(): void {
    this.#waiting.clear();
    this.#end();
  }

  #next(): void {
    if (this.#isBusy || this.#waiting.size === 0) return;
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    this.#idleTimer = null;
    this.#isBusy = true;
    const touched = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#worker ??= this.#start();
    this.#worker.postMessage(touched, []);
  }

  #start(): Worker {
    const data: SettleThreadData = { aiTrackerWriter: true, settings: this.#settings };
    const worker = new Worker(ENTRY, { name: 'ai-tracker-lines', workerData: data, execArgv: [], env: process.env });
    worker.unref();
    worker.on('message', ({ said }: SettleAnswer) => {
      for (const message of said) this.#onSaid(message);
      this.#isBusy = false;
      this.#idleTimer = setTimeout(() => this.#end(), IDLE_MS).unref();
      this.#next();
    });
    worker.on('error', (error: Error) => {
      if (this.#worker !== worker) return;
      this.#onSaid(`the thread that tells whose lines are whose died: ${error.message}`);
      this.#worker = null;
      this.#isBusy = false;
      // What it died of may be what waits: the next drain begins anew.
    });
    return worker;
  }

  #end(): void {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    void this.#worker?.terminate();
    this.#worker = null;
    this.#isBusy = false;
  }
}
