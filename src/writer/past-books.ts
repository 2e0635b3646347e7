import { type Books, type DialectBooks, emptyDialectBooks } from '../model/books.ts';

/** Books of writer threads that are no more. */
export type PastBooks = Books;

/**
 * The sum of two books. With `over`, what the second one had waiting is taken out of it: a thread that died left those
 * spans in its files, where the next one finds and counts them.
 */
export function addBooks(a: Books, b: Books, end: 'running' | 'over' = 'running'): Books {
  const sum: Books = {};
  for (const dialect of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const right = b[dialect] ?? emptyDialectBooks();
    sum[dialect] = add(
      a[dialect] ?? emptyDialectBooks(),
      end === 'over' ? { ...right, seen: right.seen - right.waiting, waiting: 0 } : right,
    );
  }
  return sum;
}

function add(a: DialectBooks, b: DialectBooks): DialectBooks {
  return {
    seen: a.seen + b.seen,
    recorded: a.recorded + b.recorded,
    merged: a.merged + b.merged,
    repeated: a.repeated + b.repeated,
    ignored: addCounts(a.ignored, b.ignored),
    waiting: a.waiting + b.waiting,
    dropped: addCounts(a.dropped, b.dropped),
  };
}

function addCounts(a: Record<string, number>, b: Record<string, number>): Record<string, number> {
  const sum = { ...a };
  for (const reason in b) sum[reason] = (sum[reason] ?? 0) + (b[reason] ?? 0);
  return sum;
}
