/** Bytes of bodies that may be in memory at once, over all requests. */
export class MemoryBudget {
  readonly #max: number;
  #used = 0;

  constructor(maxBytes: number) {
    this.#max = maxBytes;
  }

  get used(): number {
    return this.#used;
  }

  /** @returns false where it is spent: nothing is taken then. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.#max) return false;
    this.#used += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
  }
}

/** What one body has taken; given back as a whole. */
export class MemoryShare {
  readonly #budget: MemoryBudget;
  #taken = 0;

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  take(bytes: number): boolean {
    if (!this.#budget.take(bytes)) return false;
    this.#taken += bytes;
    return true;
  }

  /** May be called twice. */
  release(): void {
    this.#budget.giveBack(this.#taken);
    this.#taken = 0;
  }
}
