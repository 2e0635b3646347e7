import { type Books, type DialectBooks, emptyDialectBooks } from '../model/books.ts';

/** What became of one ended span; ignored and dropped ones say why. */
export type Disposition = 'recorded' | 'merged' | 'repeated' | 'waiting' | `ignored:${string}` | `dropped:${string}`;

function add(books: DialectBooks, disposition: Disposition, by: 1 | -1): void {
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

interface Entry {
  readonly dialect: string;
  readonly from: Disposition | null;
  readonly to: Disposition;
}

/**
 * The books of this process. Entries of a transaction count only once it is committed: a batch that is rolled back
 * and tried again must not be counted twice.
 */
export class Ledger {
  readonly books: Books = {};
  #pending: Entry[] = [];

  /** A span seen for the first time (`from` null), or one whose fate has changed. */
  post(dialect: string, from: Disposition | null, to: Disposition): void {
    if (from !== to) this.#pending.push({ dialect, from, to });
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
    for (const { dialect, from, to } of this.#pending) {
      const books = (this.books[dialect] ??= emptyDialectBooks());
      if (from === null) books.seen++;
      else add(books, from, -1);
      add(books, to, 1);
    }
    this.#pending = [];
  }

  rollback(): void {
    this.#pending = [];
  }
}
