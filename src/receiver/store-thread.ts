import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Books } from '../model/books.ts';
import type { HealthFinding, RecorderReport } from '../model/health.ts';
import type { Settings } from '../model/settings.ts';
import type { SpoolOutcome } from '../spool/write-record.ts';
import { BackOff } from '../writer/back-off.ts';
import { addBooks } from '../writer/past-books.ts';
import { settingsOfService } from './service-settings.ts';
import type { HookRequest, OtlpRequest, StoreOutcome, Storing } from './storing.ts';
import type { Answer, FromStoreThread, StoreState, StoreThreadData, ToStoreThread } from './thread-messages.ts';

const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './store-worker.ts' : './store-worker.js', import.meta.url);
const FIRST_RESTART_MS = 100;
const LAST_RESTART_MS = 10_000;
/** How long `close` waits for what is being written: a disk that hangs must not keep the service from ending. */
const CLOSE_MS = 10_000;

export interface StoreThreadOptions {
  readonly settings: Settings;
  /** Whose all of it is, whatever the spans say; null: they say it. */
  readonly agentId: string | null;
  /** Requests handed over and not answered yet, and their bytes; beyond it senders are asked to come again. */
  readonly maxRequests: number;
  readonly maxBytes: number;
  /** The module that the thread runs; for tests of what happens when it dies. */
  readonly entry?: URL;
  /** Longest wait of `close`, ms. */
  readonly closeMs?: number;
}

type Waiting =
  | { readonly kind: 'otlp'; readonly bytes: number; readonly resolve: (outcome: StoreOutcome) => void }
  | { readonly kind: 'hook'; readonly bytes: number; readonly resolve: (outcome: SpoolOutcome) => void };

/** The HTTP side's end of the storing thread: started again when it dies, and then what was in it is answered with `retry`. */
export class StoreThread implements Storing {
  readonly #options: StoreThreadOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #backOff = new BackOff(FIRST_RESTART_MS, LAST_RESTART_MS);
  #worker: Worker | null = null;
  #port: MessagePort | null = null;
  #restartTimer: NodeJS.Timeout | null = null;
  #lastId = 0;
  #bytes = 0;
  #state: StoreState | null = null;
  #past: Past = NO_PAST;
  #deaths = 0;
  #heardMs = Date.now();
  #deathFinding: HealthFinding | null = null;
  #closing: Promise<void> | null = null;
  #onReady: (() => void) | null = null;
  #onStartFailed: ((error: Error) => void) | null = null;
  #onClosed: (() => void) | null = null;

  private constructor(options: StoreThreadOptions) {
    this.#options = { ...options, settings: settingsOfService(options.settings) };
  }

  /** @throws {Error} when the thread does not come up. */
  static async open(options: StoreThreadOptions): Promise<StoreThread> {
    const thread = new StoreThread(options);
    await new Promise<void>((resolve, reject) => {
      thread.#onReady = resolve;
      thread.#onStartFailed = reject;
      thread.#start();
    });
    thread.#onReady = null;
    thread.#onStartFailed = null;
    return thread;
  }

  get waiting(): { readonly requests: number; readonly bytes: number } {
    return { requests: this.#waiting.size, bytes: this.#bytes };
  }

  get report(): RecorderReport | null {
    const { report } = this.state ?? { report: null };
    return report;
  }

  /** As of the last second, threads that died included; null before the first. */
  get state(): StoreState | null {
    const state = this.#state;
    if (state === null && this.#deathFinding === null) return null;
    const sum = addPast(this.#past, state);
    const findings = [...(state?.findings ?? []), ...(this.#deathFinding === null ? [] : [this.#deathFinding])];
    return {
      report: { books: sum.books, files: state?.report.files ?? [], findings: state?.report.findings ?? [] },
      rejected: sum.rejected,
      refusedSpans: sum.refusedSpans,
      unusedLogs: sum.unusedLogs,
      hooks: sum.hooks,
      spool: state?.spool ?? { records: 0, hooks: 0, bytes: 0 },
      findings,
    };
  }

  /** False between the thread's death and its restart. */
  get isAlive(): boolean {
    return this.#port !== null || this.#closing !== null;
  }

  /** Since the thread last said how it is, ms. */
  get silentMs(): number {
    return Date.now() - this.#heardMs;
  }

  store(request: OtlpRequest): Promise<StoreOutcome> {
    const refusal = this.#refusal(request.body.byteLength);
    if (refusal !== null) return Promise.resolve(refusal);
    return new Promise((resolve) => {
      const id = this.#remember({ kind: 'otlp', bytes: request.body.byteLength, resolve });
      const body = ownMemory(request.body);
      this.#send({ kind: 'otlp', id, request: { ...request, body } }, [body.buffer]);
    });
  }

  spoolHook(request: HookRequest): Promise<SpoolOutcome> {
    const bytes = request.payload.length;
    const refusal = this.#refusal(bytes);
    if (refusal !== null)
      return Promise.resolve({ status: refusal.reason === 'full' ? 'full' : 'failed', message: refusal.message });
    return new Promise((resolve) => {
      const id = this.#remember({ kind: 'hook', bytes, resolve });
      this.#send({ kind: 'hook', id, request }, []);
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #refusal(bytes: number): Extract<StoreOutcome, { status: 'retry' }> | null {
    if (this.#closing !== null)
      return { status: 'retry', reason: 'stopping', message: 'the receiver is stopping', afterSeconds: 5 };
    if (this.#port === null)
      return {
        status: 'retry',
        reason: 'failed',
        message: 'the thread that writes died and is being started again',
        afterSeconds: 1,
      };
    const { maxRequests, maxBytes } = this.#options;
    if (this.#waiting.size < maxRequests && (this.#bytes + bytes <= maxBytes || this.#waiting.size === 0)) return null;
    const held = `${this.#waiting.size} requests with ${this.#bytes} bytes`;
    return { status: 'retry', reason: 'full', message: `${held} wait to be written, which is all that may`, afterSeconds: 1 };
  }

  #remember(waiting: Waiting): number {
    this.#lastId += 1;
    this.#waiting.set(this.#lastId, waiting);
    this.#bytes += waiting.bytes;
    return this.#lastId;
  }

  #send(message: ToStoreThread, transfer: ArrayBuffer[]): void {
    this.#port?.postMessage(message, transfer);
  }

  #start(): void {
    this.#restartTimer = null;
    const { settings, agentId, entry = ENTRY } = this.#options;
    const { port1, port2 } = new MessageChannel();
    const data: StoreThreadData = { aiTrackerWriter: true, settings, agentId, port: port2 };
    const { NODE_OPTIONS: _, ...env } = process.env;
    // Not the process's own options: a preloaded module has no business in this thread.
    const worker = new Worker(entry, { name: 'ai-tracker-store', workerData: data, transferList: [port2], execArgv: [], env });
    this.#worker = worker;
    this.#port = port1;
    let cause: Error | null = null;
    port1.on('message', (message: FromStoreThread) => this.#received(message));
    worker.on('error', (error: Error) => {
      cause = error;
    });
    worker.on('exit', (code) => this.#ended(worker, port1, cause ?? new Error(`it ended with code ${code}`)));
  }

  #received(message: FromStoreThread): void {
    this.#heardMs = Date.now();
    switch (message.kind) {
      case 'ready':
        this.#onReady?.();
        break;
      case 'answers':
        this.#backOff.reset();
        for (const answer of message.answers) this.#answered(answer);
        break;
      case 'state':
        this.#state = message.state;
        break;
      case 'closed':
        this.#state = message.state;
        this.#onClosed?.();
        break;
    }
  }

  #answered(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    this.#bytes -= waiting.bytes;
    if (waiting.kind === 'otlp' && answer.kind === 'otlp') waiting.resolve(answer.outcome);
    else if (waiting.kind === 'hook' && answer.kind === 'hook') waiting.resolve(answer.outcome);
  }

  #ended(worker: Worker, port: MessagePort, error: Error): void {
    if (this.#worker !== worker) return;
    // Its last words may still lie in the port: the end of a thread is told by another way.
    for (let found = receiveMessageOnPort(port); found !== undefined; found = receiveMessageOnPort(port)) {
      this.#received(found.message as FromStoreThread);
    }
    port.close();
    this.#worker = null;
    this.#port = null;
    this.#onClosed?.();
    if (this.#onStartFailed !== null) {
      this.#onStartFailed(error);
      return;
    }
    this.#answerAll(`the thread that writes died: ${error.message}`, 'failed');
    if (this.#closing !== null) return;
    this.#past = addPast(this.#past, this.#state, 'over');
    this.#state = null;
    this.#deaths += 1;
    const times = this.#deaths === 1 ? 'once' : `${this.#deaths} times`;
    this.#deathFinding = {
      level: 'red',
      code: 'thread-died',
      message: `the thread that writes died ${times} and was started again; what was in it is asked for again: ${error.stack ?? error.message}`,
    };
    this.#restartTimer = setTimeout(() => this.#start(), this.#backOff.next());
  }

  async #close(): Promise<void> {
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    const worker = this.#worker;
    if (worker === null) return;
    const { closeMs = CLOSE_MS } = this.#options;
    const ended = await new Promise<boolean>((resolve) => {
      const late = setTimeout(() => resolve(false), closeMs);
      this.#onClosed = () => {
        clearTimeout(late);
        resolve(true);
      };
      this.#send({ kind: 'close' }, []);
    });
    this.#worker = null;
    this.#port?.close();
    this.#port = null;
    if (ended) {
      await worker.terminate();
      return;
    }
    const message = `the thread that writes did not end within ${closeMs / 1000} s, its disk may hang; what was in it was not answered with success`;
    this.#deathFinding = { level: 'red', code: 'not-writing', message };
    this.#answerAll(message, 'stopping');
    // It is not waited for: nothing interrupts a thread that waits for a disk.
    worker.unref();
    void worker.terminate();
  }

  /** What was handed over is asked for again. */
  #answerAll(message: string, reason: 'failed' | 'stopping'): void {
    for (const [id, { kind }] of [...this.#waiting]) {
      if (kind === 'hook') this.#answered({ kind, id, outcome: { status: 'failed', message } });
      else this.#answered({ kind, id, outcome: { status: 'retry', reason, message, afterSeconds: 1 } });
    }
  }
}

/** Counts of threads that are no more. */
type Past = Pick<StoreState, 'rejected' | 'refusedSpans' | 'unusedLogs' | 'hooks'> & { readonly books: Books };

const NO_PAST: Past = { books: {}, rejected: {}, refusedSpans: 0, unusedLogs: 0, hooks: { spooled: 0, failed: 0 } };

function addPast(past: Past, state: StoreState | null, end: 'running' | 'over' = 'running'): Past {
  if (state === null) return past;
  const rejected: Record<string, number> = { ...past.rejected };
  for (const [reason, count] of Object.entries(state.rejected)) rejected[reason] = (rejected[reason] ?? 0) + count;
  return {
    books: addBooks(past.books, state.report.books, end),
    rejected,
    refusedSpans: past.refusedSpans + state.refusedSpans,
    unusedLogs: past.unusedLogs + state.unusedLogs,
    hooks: { spooled: past.hooks.spooled + state.hooks.spooled, failed: past.hooks.failed + state.hooks.failed },
  };
}

/** The bytes in memory that is theirs alone, so that it can be handed over: small buffers of Node share theirs. */
function ownMemory(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
