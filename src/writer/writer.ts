import { emptyDialectBooks } from '../model/books.ts';
import type { Health, HealthFinding, RecorderReport } from '../model/health.ts';
import type { Settings } from '../model/settings.ts';
import type { Origin, ProcessSession } from '../model/span-record.ts';
import { Ledger } from './ledger.ts';
import type { DropReason, ToHost, Trouble } from './messages.ts';
import { addBooks, type PastBooks } from './past-books.ts';
import { currentSession, endSession } from './process-session.ts';
import { sayOnce } from './say.ts';
import { spoolUnsettled } from './spool-unsettled.ts';
import { ThreadHandle } from './thread-handle.ts';

/** Longest that an exiting host waits for the thread, then for nothing: what is left goes to the spool. */
const EXIT_WAIT_MS = 2000;
/** Within it, how long the thread may wait for a locked file. */
const EXIT_LOCK_WAIT_MS = 1200;
/** How long a process whose event loop ran empty may live on for its last spans. */
const BEFORE_EXIT_WAIT_MS = 5000;
/**
 * The thread spools what is beyond queueMax. So many times that in memory means that it does not even get round to it: it
 * hangs in a dead disk, or the host makes spans faster than anybody can take them, without ever yielding.
 */
const QUEUES_IN_MEMORY = 4;
/** A thread that never came up will not: a module is missing, or does not load on this machine. */
const STARTS_WITHOUT_SUCCESS = 3;
/** Findings of the recorder that say where rows are: nobody looks into `health()` for rows that are not where they should be. */
const TO_SAY: ReadonlySet<string> = new Set(['fallback-folder', 'old-file']);
export const DEFAULT_FLUSH_TIMEOUT_MS = 30_000;

/** Something that holds spans which are not handed over yet: a processor, an exporter. */
export interface SpanSource {
  /** Hands everything over, now, on this thread. */
  handOverAll(): void;
  /** Ended spans held. */
  readonly held: number;
}

/**
 * The host's end of the writer thread. Its methods neither wait nor throw, but for `flush` and `close`, which return
 * promises, and the exit handler, which may block.
 */
export class Writer {
  readonly settings: Settings;
  readonly session: ProcessSession;
  readonly origin: Origin;
  readonly #ledger = new Ledger();
  readonly #sources = new Set<SpanSource>();
  readonly #thread: ThreadHandle;
  readonly #past: PastBooks = {};
  readonly #findings = new Map<string, HealthFinding>();
  #report: RecorderReport | null = null;
  #accepted = 0;
  #trouble: Trouble | null = null;
  #unusable = false;
  #everReady = false;
  #crashes = 0;
  #closing: Promise<void> | null = null;
  #closed = false;
  #onClosed: (() => void) | null = null;
  #flushedBeforeExit = 0;

  constructor(settings: Settings, entry: URL) {
    this.settings = settings;
    this.session = currentSession();
    this.origin = { door: 'process', session: this.session, agentId: settings.agentId };
    this.#thread = new ThreadHandle({
      entry,
      settings,
      session: this.session,
      onMessage: (message) => this.#onMessage(message),
      onCrash: (error) => this.#onCrash(error),
      toSend: () => this.#ledger.inThread(),
    });
    process.on('exit', this.#onExit);
    process.on('beforeExit', this.#onBeforeExit);
  }

  addSource(source: SpanSource): void {
    this.#sources.add(source);
  }

  removeSource(source: SpanSource): void {
    this.#sources.delete(source);
  }

  /** Counts an ended span that a source took in. Called for every span: it must stay this small. */
  accept(): void {
    this.#accepted += 1;
  }

  /** Hands a batch to the thread; its text is kept until the thread says what became of it. */
  handOver(text: string, spans: number, ended: number): void {
    if (this.#unusable || this.#closed) {
      this.#ledger.drop(this.#unusable ? 'unusable' : 'after_shutdown', ended);
      return;
    }
    if (this.#ledger.spansInMemory + spans > QUEUES_IN_MEMORY * this.settings.queueMax && this.#ledger.spansInMemory > 0) {
      this.#ledger.drop('queue_full', ended);
      this.#find(
        'red',
        'queue-full',
        `spans are being lost: ${QUEUES_IN_MEMORY * this.settings.queueMax} are in memory and the writer does not take them: ${this.#whyNot()}`,
      );
      return;
    }
    const message = this.#ledger.add(text, spans, ended);
    // A thread that starts is sent all that is outstanding, this one too.
    if (this.#thread.hasStarted) this.#thread.send(message);
    else this.#thread.start();
  }

  drop(reason: DropReason, ended: number): void {
    this.#ledger.drop(reason, ended);
  }

  /**
   * Resolves when everything that ended before the call is committed.
   * @throws {Error} after `timeoutMs`; the spans stay queued. Also when some were lost.
   */
  flush(timeoutMs = DEFAULT_FLUSH_TIMEOUT_MS): Promise<void> {
    if (this.#unusable || this.#closed) return Promise.resolve();
    for (const source of this.#sources) source.handOverAll();
    return this.#ledger.settledSoFar(timeoutMs, () => this.#whyNot());
  }

  /** Flushes, ends the session, lets the thread go. What could not be written in time is spooled, and the promise rejects. */
  close(timeoutMs = DEFAULT_FLUSH_TIMEOUT_MS): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  health(): Health {
    let held = 0;
    for (const source of this.#sources) held += source.held;
    const { written, spooled, dropped } = this.#ledger;
    const queued = this.#ledger.queued + held;
    const books = addBooks(this.#past, this.#report?.books ?? {});
    // Spans that no dialect has seen yet, or ever will. The recorder's own books hold the written ones.
    const outside = {
      ...emptyDialectBooks(),
      seen: this.#accepted - written,
      waiting: queued + spooled,
      dropped: { ...dropped },
    };
    if (outside.seen !== 0 || outside.waiting !== 0 || Object.keys(dropped).length > 0) books['unclassified'] = outside;
    const findings = [...(this.#report?.findings ?? []), ...this.#findings.values()];
    if (this.#trouble !== null) {
      const { reason, message, sinceMs } = this.#trouble;
      const seconds = Math.round((Date.now() - sinceMs) / 1000);
      findings.push({
        level: reason === 'locked' && seconds < 60 ? 'amber' : 'red',
        code: 'write-failed',
        message: `for ${seconds} s: ${message}`,
      });
    }
    if (spooled > 0)
      findings.push({
        level: 'amber',
        code: 'spooled',
        message: `${spooled} ended spans wait in the spool until the file can be written`,
      });
    const lost = Object.entries(dropped).filter(([, count]) => count > 0);
    if (lost.length > 0) {
      findings.push({
        level: 'red',
        code: 'dropped',
        message: `spans lost: ${lost.map(([reason, count]) => `${count} ${reason}`).join(', ')}`,
      });
    }
    return { status: 'green', findings, books, files: this.#report?.files ?? [], queued, spooled };
  }

  #whyNot(): string {
    if (!this.#thread.isAlive) return 'the writer thread died and is being started again';
    return this.#trouble?.message ?? 'the writer thread has not answered yet';
  }

  #find(level: 'amber' | 'red', code: string, message: string): void {
    if (!this.#findings.has(code)) sayOnce(message);
    this.#findings.set(code, { level, code, message });
  }

  #take(report: RecorderReport): void {
    this.#report = report;
    for (const { code, message } of report.findings) if (TO_SAY.has(code)) sayOnce(message);
  }

  #onMessage(message: ToHost): void {
    switch (message.kind) {
      case 'ready':
        this.#everReady = true;
        break;
      case 'settled':
        if (message.report !== null) this.#take(message.report);
        for (const settlement of message.settlements) this.#ledger.settle(settlement);
        break;
      case 'trouble':
        this.#trouble = message.trouble;
        if (message.trouble !== null && message.trouble.reason !== 'locked') sayOnce(message.trouble.message);
        break;
      case 'finding':
        this.#find(message.finding.level, message.finding.code, message.finding.message);
        break;
      case 'unusable':
        this.#becomeUnusable(message.message);
        break;
      case 'closed':
        if (message.report !== null) this.#take(message.report);
        this.#onClosed?.();
        break;
    }
  }

  #becomeUnusable(why: string): void {
    this.#unusable = true;
    this.#find('red', 'unusable', `nothing is recorded: ${why}`);
    for (const { id } of this.#ledger.inThread()) this.#ledger.settle({ id, outcome: 'dropped', reason: 'unusable' });
    this.#thread.retire();
    this.#onClosed?.();
  }

  #onCrash(error: Error): void {
    Object.assign(this.#past, addBooks(this.#past, this.#report?.books ?? {}, 'over'));
    this.#report = null;
    this.#crashes += 1;
    if (!this.#everReady && this.#crashes >= STARTS_WITHOUT_SUCCESS) {
      this.#becomeUnusable(`the writer thread cannot start: ${error.message}`);
      return;
    }
    if (!this.#everReady) return;
    this.#find('amber', 'writer-restarted', `the writer thread died and is started again, nothing is lost: ${error.message}`);
    // Nobody to close: what the exit path does with the rest is the spool's business.
    this.#onClosed?.();
  }

  async #close(timeoutMs: number): Promise<void> {
    let failure: unknown = null;
    try {
      await this.flush(timeoutMs);
    } catch (error) {
      failure = error;
    }
    if (this.#thread.isAlive && !this.#unusable) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, EXIT_WAIT_MS);
        this.#onClosed = () => {
          clearTimeout(timer);
          resolve();
        };
        this.#thread.send({ kind: 'close', waitMs: 0 });
      });
    }
    this.#finish();
    if (failure !== null) throw failure;
  }

  #finish(): void {
    if (this.#closed) return;
    for (const source of this.#sources) source.handOverAll();
    this.#thread.receiveNow();
    this.#spoolTheRest();
    this.#closed = true;
    this.#thread.retire();
    endSession(this.session);
    process.off('exit', this.#onExit);
    process.off('beforeExit', this.#onBeforeExit);
  }

  /** The loop ran empty: the process may live a little longer, without blocking anybody. */
  readonly #onBeforeExit = (): void => {
    for (const source of this.#sources) source.handOverAll();
    if (this.#closed || this.#ledger.isSettled || this.#ledger.lastId === this.#flushedBeforeExit) return;
    this.#flushedBeforeExit = this.#ledger.lastId;
    this.#ledger.settledSoFar(BEFORE_EXIT_WAIT_MS, () => this.#whyNot()).catch(() => {});
  };

  /** No event loop any more: hand over, sleep until the thread is done or time is up, spool what is left. */
  readonly #onExit = (): void => {
    for (const source of this.#sources) source.handOverAll();
    const deadline = Date.now() + EXIT_WAIT_MS;
    let closed = false;
    this.#onClosed = () => {
      closed = true;
    };
    if (this.#thread.isAlive && !this.#unusable && (!this.#ledger.isSettled || this.#report !== null)) {
      this.#thread.send({ kind: 'close', waitMs: EXIT_LOCK_WAIT_MS });
      for (;;) {
        const seen = this.#thread.pulse;
        this.#thread.receiveNow();
        const left = deadline - Date.now();
        if (closed || left <= 0) break;
        this.#thread.sleepUntilNews(seen, left);
      }
    }
    this.#spoolTheRest();
  };

  #spoolTheRest(): void {
    const lost = spoolUnsettled(this.#ledger, this.settings);
    if (lost !== null) this.#find('red', 'queue-full', `spans are being lost: ${lost}`);
  }
}
