import type { SpanFacts, SpanNode } from '../model/span-node.ts';
import type { Owner } from './call-rows.ts';
import type { Disposition, Ledger } from './ledger.ts';

interface Fate {
  readonly dialect: string;
  disposition: Disposition;
}

/** What the row of a call was last written from: while all of it is the same, so is the row. */
export interface Written {
  readonly facts: SpanFacts;
  readonly owner: Owner | null;
  readonly parentRow: string | null;
}

/** A span with what only this process knows of it; on the node itself, since a WeakMap of them cost 3 % of a batch. */
export interface Tracked extends SpanNode {
  fate?: Fate;
  written?: Written;
  /** Of a model call: the one around it when it was last settled. */
  around?: SpanNode | null;
}

export function isWritten(was: Written | undefined, facts: SpanFacts, owner: Owner | null, parentRow: string | null): boolean {
  if (was === undefined || was.facts !== facts || was.parentRow !== parentRow) return false;
  return was.owner?.taskExecutionId === owner?.taskExecutionId && was.owner?.match === owner?.match;
}

/** What became of the spans of this process, so that its books follow every change of mind. Spans of earlier processes are in theirs. */
export class Fates {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** A span seen for the first time. */
  begin(node: Tracked, dialect: string, disposition: Disposition): void {
    node.fate = { dialect, disposition };
    this.#ledger.post(dialect, null, disposition);
  }

  become({ fate }: Tracked, disposition: Disposition): void {
    if (fate === undefined || fate.disposition === disposition) return;
    this.#ledger.post(fate.dialect, fate.disposition, disposition);
    fate.disposition = disposition;
  }
}

/** Far less than the memory's age limit in days: what is younger costs no look into the tables. */
const NEVER_FORGOTTEN_MS = 3_600_000;

/** Rows outlive the memory of their spans; a span so old may have a row that nothing but the table tells of. */
export const mayBeForgotten = (atMs: number, nowMs: number): boolean => nowMs - atMs > NEVER_FORGOTTEN_MS;
