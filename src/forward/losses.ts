import type { Signal } from './forwarding.ts';

export type LossReason = 'queue_full' | 'expired' | 'refused' | 'disk' | 'unreadable' | 'removed';

/**
 * What went wrong for good, counted by reason. Each kind is said once, when it first comes: a target may put another id into every
 * answer, and a full queue drops hundreds of requests a second.
 */
export class Losses {
  readonly counts: Record<string, number> = {};
  /** Of requests that the target took: what it threw away of them. */
  readonly rejected: { [S in Signal]?: number } = {};
  /** Of the kind that came last to be known. */
  last: string | null = null;
  readonly #known = new Set<string>();

  /** @param detail tells kinds of one reason apart, such as the status code that a target gave */
  drop(reason: LossReason, signal: Signal, detail: string, sentence: () => string): void {
    this.counts[reason] = (this.counts[reason] ?? 0) + 1;
    this.#say(`${reason} ${signal} ${detail}`, sentence);
  }

  /** @param items spans, log records or data points */
  reject(signal: Signal, items: number, sentence: () => string): void {
    this.rejected[signal] = (this.rejected[signal] ?? 0) + items;
    this.#say(`partial ${signal}`, sentence);
  }

  #say(kind: string, sentence: () => string): void {
    if (this.#known.has(kind)) return;
    this.#known.add(kind);
    this.last = sentence();
  }
}
