import type { SpanNode } from '../model/span-node.ts';
import type { Disposition, Ledger } from './ledger.ts';

interface Fate {
  readonly dialect: string;
  disposition: Disposition;
}

/** What became of the spans of this process, so that its books follow every change of mind. Spans of earlier processes are in theirs. */
export class Fates {
  readonly #ledger: Ledger;
  readonly #fates = new WeakMap<SpanNode, Fate>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** A span seen for the first time. */
  begin(node: SpanNode, dialect: string, disposition: Disposition): void {
    this.#fates.set(node, { dialect, disposition });
    this.#ledger.post(dialect, null, disposition);
  }

  become(node: SpanNode, disposition: Disposition): void {
    const fate = this.#fates.get(node);
    if (fate === undefined || fate.disposition === disposition) return;
    this.#ledger.post(fate.dialect, fate.disposition, disposition);
    fate.disposition = disposition;
  }
}
