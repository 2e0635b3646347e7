import { type Books, type DialectBooks, emptyDialectBooks } from '../model/books.ts';

/** What became of one ended span; ignored and dropped ones say why. */
export type Disposition = 'recorded' | 'merged' | 'repeated' | 'waiting' | `ignored:${string}` | `dropped:${string}`;

/** One place in the books. There are few, and every span's fate points at one. */
export interface Entry {
  readonly dialect: string;
  readonly disposition: Disposition;
  /** By how much the transaction changes its count. */
  change: number;
  /** How many of those were seen for the first time. */
  seen: number;
}

function add(books: DialectBooks, disposition: Disposition, by: number): void {
  const colon = disposition.indexOf(':');
  if (colon < 0) {
    books[disposition as 'recorded' | 'merged' | 'repeated' | 'waiting'] += by;
    return;
  }
  const reasons = books[disposition.slice(0, colon) as 'ignored' | 'dropped'];
  const reason = disposition.slice(colon + 1);
  const count = (reasons[reason] ?? 0) + by;
  if (count === 0) delete reasons[reason];
  else reasons[reason] = count;
}

/**
 * The books of this process. What a transaction posts counts only once it is committed: a batch that is rolled back
 * and tried again must not be counted twice.
 */
export class Ledger {
  readonly books: Books = {};
  readonly #entries = new Map<string, Map<Disposition, Entry>>();
  readonly #pending = new Set<Entry>();

  /** A span seen for the first time. @returns its place in the books. */
  post(dialect: string, disposition: Disposition): Entry {
    const entry = this.#entry(dialect, disposition);
    entry.change++;
    entry.seen++;
    this.#pending.add(entry);
    return entry;
  }

  /** The fate of a span has changed. @returns its place from now on. */
  move(from: Entry, disposition: Disposition): Entry {
    const to = this.#entry(from.dialect, disposition);
    from.change--;
    to.change++;
    this.#pending.add(from);
    this.#pending.add(to);
    return to;
  }

  /** A span that waits in the holding file; counted under its dialect until it comes out. */
  wait(dialect: string): void {
    const books = (this.books[dialect] ??= emptyDialectBooks());
    books.seen++;
    books.waiting++;
  }

  /** It came again while it waits. */
  repeat(dialect: string): void {
    const books = (this.books[dialect] ??= emptyDialectBooks());
    books.seen++;
    books.repeated++;
  }

  /** It came out, and counts anew where it went. */
  stopWaiting(dialect: string): void {
    const books = (this.books[dialect] ??= emptyDialectBooks());
    books.seen--;
    books.waiting--;
  }

  commit(): void {
    for (const { dialect, disposition, change, seen } of this.#pending) {
      const books = (this.books[dialect] ??= emptyDialectBooks());
      books.seen += seen;
      if (change !== 0) add(books, disposition, change);
    }
    this.rollback();
  }

  rollback(): void {
    for (const entry of this.#pending) {
      entry.change = 0;
      entry.seen = 0;
    }
    this.#pending.clear();
  }

  #entry(dialect: string, disposition: Disposition): Entry {
    let ofDialect = this.#entries.get(dialect);
    if (ofDialect === undefined) this.#entries.set(dialect, (ofDialect = new Map()));
    let entry = ofDialect.get(disposition);
    if (entry === undefined) ofDialect.set(disposition, (entry = { dialect, disposition, change: 0, seen: 0 }));
    return entry;
  }
}
