import type { PendingRequest } from './pending-request.ts';

/**
 * Requests that could not be written, by why. Of those that the same file keeps waiting one is tried, for all: a hundred that
 * were tried each by itself kept the other agents waiting for a second.
 */
export class FailingRequests {
  /** The first of each list is the one that is tried. */
  readonly #byWhy = new Map<string, PendingRequest[]>();

  /** @param tried whether it is the one that was tried for its like */
  add(request: PendingRequest, tried: boolean): void {
    const why = whyOf(request);
    const like = this.#byWhy.get(why);
    if (like === undefined) this.#byWhy.set(why, [request]);
    else if (tried) like.unshift(request);
    else like.push(request);
  }

  /** Takes out those that are to be tried now, one for each cause. */
  takeDue(nowMs: number): PendingRequest[] {
    return [...this.#byWhy.values()]
      .filter(([first]) => first !== undefined && first.dueMs <= nowMs)
      .flatMap((like) => this.#take(like.slice(0, 1)));
  }

  /** Takes out those that waited for the same: what was tried for them succeeded. */
  takeLike(why: string): PendingRequest[] {
    return this.#take(this.#byWhy.get(why) ?? []);
  }

  /** Takes out those that waited long enough. */
  takeExpired(nowMs: number): PendingRequest[] {
    return this.#take(this.#all().filter((request) => request.expiresMs <= nowMs));
  }

  takeAll(): PendingRequest[] {
    const all = this.#all();
    this.#byWhy.clear();
    return all;
  }

  /** When one is to be tried or has waited long enough, epoch milliseconds; null: there are none. */
  get nextMs(): number | null {
    const times = [...this.#byWhy.values()].flatMap((like) =>
      like.map((request, i) => (i === 0 ? request.dueMs : request.expiresMs)),
    );
    return times.length === 0 ? null : times.reduce((least, ms) => Math.min(least, ms));
  }

  #all(): PendingRequest[] {
    return [...this.#byWhy.values()].flat();
  }

  #take(requests: readonly PendingRequest[]): PendingRequest[] {
    const taken = [...requests];
    for (const request of taken) {
      const why = whyOf(request);
      const left = (this.#byWhy.get(why) ?? []).filter((each) => each !== request);
      if (left.length === 0) this.#byWhy.delete(why);
      else this.#byWhy.set(why, left);
    }
    return taken;
  }
}

const whyOf = ({ failure }: PendingRequest): string => failure?.message ?? '';
