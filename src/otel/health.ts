import { type Books, imbalance } from '../model/books.ts';
import type { FileReport, Health, HealthFinding } from '../model/health.ts';
import { addBooks } from '../writer/past-books.ts';
import { processFindings } from '../writer/process-findings.ts';
import { allWriters } from '../writer/shared-writers.ts';

/**
 * How recording goes in this process: `green`, `amber` (a person should know) or `red` (spans are lost, or will be).
 *
 * ```ts
 * app.get('/healthz', (_, response) => response.status(health().status === 'red' ? 503 : 200).json(health()));
 * ```
 *
 * Plain data, safe to serialise; never throws, never waits. Books are as of the last commit that the writer reported.
 */
export function health(): Health {
  let books: Books = {};
  const files: FileReport[] = [];
  const findings: HealthFinding[] = [...processFindings()];
  let queued = 0;
  let spooled = 0;
  for (const writer of allWriters()) {
    const one = writer.health();
    books = addBooks(books, one.books);
    files.push(...one.files);
    findings.push(...one.findings);
    queued += one.queued;
    spooled += one.spooled;
  }
  for (const [dialect, of] of Object.entries(books)) {
    const missing = imbalance(of);
    if (missing === 0) continue;
    findings.push({
      level: 'red',
      code: 'books',
      message: `the books of ${dialect} do not balance: ${Math.abs(missing)} spans too ${missing > 0 ? 'few' : 'many'} accounted for; please report this`,
    });
  }
  const status = findings.some((f) => f.level === 'red') ? 'red' : findings.length > 0 ? 'amber' : 'green';
  return { status, findings, books, files, queued, spooled };
}
