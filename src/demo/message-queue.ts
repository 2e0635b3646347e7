/** Messages for one listener of a stream, in order; whoever pushes never waits. */
export class MessageQueue<T> {
  readonly #waiting: T[] = [];
  #wake: (() => void) | null = null;
  #ended = false;

  push(message: T): void {
    this.#waiting.push(message);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Yields until `end`, or until the signal says that the listener has gone. */
  async *drain(signal: AbortSignal): AsyncGenerator<T> {
    const end = (): void => this.end();
    signal.addEventListener('abort', end, { once: true });
    try {
      while (!signal.aborted) {
        const next = this.#waiting.shift();
        if (next !== undefined) {
          yield next;
          continue;
        }
        if (this.#ended) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = null;
      }
    } finally {
      signal.removeEventListener('abort', end);
    }
  }
}
