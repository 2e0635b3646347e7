/** Doubling delays with a ceiling. Jitter keeps processes that wait for one lock from meeting again each time. */
export class BackOff {
  readonly #firstMs: number;
  readonly #ceilingMs: number;
  #failures = 0;
  constructor(firstMs: number, ceilingMs: number) {
    this.#firstMs = firstMs;
    this.#ceilingMs = ceilingMs;
  }
  get failures(): number {
    return this.#failures;
  }
  /** Milliseconds to wait after one more failure. */
  next(): number {
    const full = Math.min(this.#firstMs * 2 ** this.#failures, this.#ceilingMs);
    this.#failures += 1;
    return full * (0.75 + Math.random() * 0.5);
  }
  reset(): void {
    this.#failures = 0;
  }
}
