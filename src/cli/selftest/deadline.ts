/**
 * For a door's own steps, so that it can say what did not answer before it is given up, and end the process that it started.
 */
const MARGIN_MS = 150;

/** When the whole test must have ended: an agent's start waits for it. */
export class Deadline {
  readonly seconds: number;
  readonly #endMs: number;

  /** @param seconds from the start of this process */
  constructor(seconds: number) {
    this.seconds = seconds;
    this.#endMs = seconds * 1000;
  }

  /** What is left of it, ms; never below 0. */
  get leftMs(): number {
    return Math.max(0, this.#endMs - performance.now());
  }

  /** The longest that a step may take, ms. @param mostMs its own limit */
  stepMs(mostMs = Number.POSITIVE_INFINITY): number {
    return Math.max(1, Math.min(mostMs, Math.round(this.leftMs - MARGIN_MS)));
  }
}
