import type { Holding } from './holding.ts';

const MOST_TRACES_KNOWN = 50_000;

/** Which traces may have spans in the holding file, so that it is not asked for each that comes. */
export class HeldTraces {
  /** null: too many to know, so each is asked for. */
  #traces: Set<string> | null = new Set();
  #dataVersion = -1;

  get hasAny(): boolean {
    return this.#traces === null || this.#traces.size > 0;
  }

  has(traceId: string): boolean {
    return this.#traces?.has(traceId) ?? true;
  }

  add(traceId: string): void {
    this.#traces?.add(traceId);
  }

  /** Nothing of it is held any more. */
  delete(traceId: string): void {
    this.#traces?.delete(traceId);
  }

  /** Other processes of this host put theirs into the same file. @param version the file's, which their writes change. */
  learn(holding: Holding, version: number): void {
    if (version === this.#dataVersion) return;
    this.#dataVersion = version;
    const traces = holding.traces(MOST_TRACES_KNOWN + 1);
    this.#traces = traces.length > MOST_TRACES_KNOWN ? null : new Set(traces);
  }
}
