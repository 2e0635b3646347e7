import type { BatchMessage, DropReason, Settlement } from './messages.ts';

type Place = 'thread' | 'spool';

interface Outstanding {
  readonly message: BatchMessage;
  place: Place;
}

interface Waiter {
  readonly upTo: number;
  lost: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Every batch from hand-over to the file: where it is, who waits for it, what became of its ended spans. */
export class Ledger {
  /** In the order of ids, so the first key is the oldest. */
  readonly #outstanding = new Map<number, Outstanding>();
  readonly #waiters = new Set<Waiter>();
  readonly #dropped: Record<string, number> = {};
  #lastId = 0;
  #spans = 0;
  #queued = 0;
  #spooled = 0;
  #written = 0;

  get lastId(): number {
    return this.#lastId;
  }
  /** Spans, open ones included, whose text this process holds. */
  get spansInMemory(): number {
    return this.#spans;
  }
  /** Ended spans in memory. */
  get queued(): number {
    return this.#queued;
  }
  /** Ended spans in the spool that this process put there. */
  get spooled(): number {
    return this.#spooled;
  }
  /** Ended spans that are in a file. */
  get written(): number {
    return this.#written;
  }
  get dropped(): Readonly<Record<string, number>> {
    return this.#dropped;
  }
  get isSettled(): boolean {
    return this.#outstanding.size === 0;
  }

  add(text: string, spans: number, ended: number): BatchMessage {
    this.#lastId += 1;
    const message: BatchMessage = { kind: 'batch', id: this.#lastId, spans, ended, text };
    this.#outstanding.set(message.id, { message, place: 'thread' });
    this.#spans += spans;
    this.#queued += ended;
    return message;
  }

  /** Ended spans that never became a batch. */
  drop(reason: DropReason, ended: number): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + ended;
  }

  settle(settlement: Settlement): void {
    const found = this.#outstanding.get(settlement.id);
    if (found === undefined) return;
    const { message, place } = found;
    if (place === 'thread') {
      this.#spans -= message.spans;
      this.#queued -= message.ended;
    } else {
      this.#spooled -= message.ended;
    }
    if (settlement.outcome === 'spooled') {
      this.#spooled += message.ended;
      this.#outstanding.set(message.id, { message: { ...message, text: '' }, place: 'spool' });
      return;
    }
    this.#outstanding.delete(message.id);
    if (settlement.outcome === 'written') {
      this.#written += message.ended;
    } else {
      const lost = settlement.ended ?? message.ended;
      this.#written += message.ended - lost;
      this.drop(settlement.reason, lost);
      for (const waiter of this.#waiters) if (message.id <= waiter.upTo) waiter.lost += lost;
    }
    this.#wake();
  }

  /** Batches whose only copy is here and with the thread, oldest first. */
  inThread(): BatchMessage[] {
    return [...this.#outstanding.values()].filter((o) => o.place === 'thread').map((o) => o.message);
  }

  /**
   * Resolves when every batch handed over so far is in a file.
   * @throws {Error} when one of them was lost, or when `timeoutMs` have passed.
   */
  settledSoFar(timeoutMs: number, whyNot: () => string): Promise<void> {
    if (this.#outstanding.size === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        upTo: this.#lastId,
        lost: 0,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      // Not unref'd: who awaits a flush at the end of a script wants the process to live until it is done.
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(
          new Error(
            `${this.#queued} ended spans are not in the file after ${timeoutMs} ms (they stay queued, ${this.#spooled} more in the spool): ${whyNot()}`,
          ),
        );
      }, timeoutMs);
      this.#waiters.add(waiter);
    });
  }

  #wake(): void {
    if (this.#waiters.size === 0) return;
    const oldest = this.#outstanding.keys().next().value ?? Number.POSITIVE_INFINITY;
    for (const waiter of this.#waiters) {
      if (waiter.upTo >= oldest) continue;
      this.#waiters.delete(waiter);
      if (waiter.lost === 0) waiter.resolve();
      else waiter.reject(new Error(`${waiter.lost} ended spans were lost before they reached the file; health() says why`));
    }
  }
}
