import type { CallReading } from '../model/reading.ts';
import type { FoldedHttp, SpanFacts, SpanNode } from '../model/span-node.ts';
import type { Owner } from './call-rows.ts';
import type { Disposition, Entry, Ledger } from './ledger.ts';

/** What the row of a call was last written from: while all of it is the same, so is the row. */
export interface Written {
  readonly facts: SpanFacts;
  readonly reading: CallReading;
  readonly http: FoldedHttp | null;
  readonly owner: Owner | null;
  readonly parentRow: string | null;
}

/**
 * A span with what only this process knows of it; on the node itself, since a WeakMap of them cost 3 % of a batch, and there
 * from the start: added later it lay in an object of its own.
 */
export interface Tracked extends SpanNode {
  fate?: Entry | undefined;
  written?: Written | undefined;
  /** Of a model call: the one around it when it was last settled. */
  around?: SpanNode | null | undefined;
}

/** Whether it is the same but for whose it is and what it stands in. */
export const isSameCall = (was: Written, now: Written): boolean =>
  was.facts === now.facts && was.reading === now.reading && isSameHttp(was.http, now.http);

function isSameHttp(a: FoldedHttp | null, b: FoldedHttp | null): boolean {
  if (a === null || b === null) return a === b;
  const isSameCount = a.count === b.count && a.resends === b.resends;
  return isSameCount && a.status === b.status && a.lastEndMs === b.lastEndMs && a.lastSpanId === b.lastSpanId;
}

export const isSamePlace = (was: Written, now: Written): boolean =>
  was.parentRow === now.parentRow &&
  was.owner?.taskExecutionId === now.owner?.taskExecutionId &&
  was.owner?.match === now.owner?.match;

/** What became of the spans of this process, so that its books follow every change of mind. Spans of earlier processes are in theirs. */
export class Fates {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** A span seen for the first time. */
  begin(node: Tracked, dialect: string, disposition: Disposition): void {
    node.fate = this.#ledger.post(dialect, disposition);
  }

  become(node: Tracked, disposition: Disposition): void {
    const { fate } = node;
    if (fate === undefined || fate.disposition === disposition) return;
    node.fate = this.#ledger.move(fate, disposition);
  }
}

/** Far less than the memory's age limit in days: what is younger costs no look into the tables. */
const NEVER_FORGOTTEN_MS = 3_600_000;

/** Rows outlive the memory of their spans; a span so old may have a row that nothing but the table tells of. */
export const mayBeForgotten = (atMs: number, nowMs: number): boolean => nowMs - atMs > NEVER_FORGOTTEN_MS;
