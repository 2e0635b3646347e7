import { type DialectBooks, sumCounts } from '../model/books.ts';
import type { RecorderReport } from '../model/health.ts';
import type { Output } from './command.ts';
import type { WriteFailure } from './ingest-batches.ts';
import { clean } from './render/clean.ts';
import { jsonText } from './render/json.ts';
import { type Column, table } from './render/table.ts';

export interface FileReading {
  readonly file: string;
  requests: number;
  spans: number;
  logs: number;
  /** Malformed spans and log records, by what is wrong with them. */
  readonly rejected: Record<string, number>;
  /** Requests, or parts of them, that could not be read. */
  malformed: number;
  /** Why the file could not be read to its end. */
  error: string | null;
}

type BookRow = DialectBooks & { readonly dialect: string };

const counts = (header: string, count: (row: BookRow) => number): Column<BookRow> => ({
  header,
  cell: (row) => String(count(row) || ''),
  align: 'right',
});

const COLUMNS: readonly Column<BookRow>[] = [
  { header: 'dialect', cell: (row) => row.dialect },
  counts('spans', (row) => row.seen),
  counts('recorded', (row) => row.recorded),
  counts('merged', (row) => row.merged),
  counts('repeated', (row) => row.repeated),
  counts('ignored', (row) => sumCounts(row.ignored)),
  counts('waiting', (row) => row.waiting),
  counts('dropped', (row) => sumCounts(row.dropped)),
];

const some = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

const reasons = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${count} ${reason.replaceAll('_', ' ')}`)
    .join(', ');

/** What was read goes to stdout, what went wrong to stderr. */
export function writeReadingReport(
  out: Output,
  readings: readonly FileReading[],
  report: RecorderReport,
  failures: readonly WriteFailure[],
  asJson: boolean,
): void {
  for (const { spans, message } of failures) {
    out.note(`${some(spans, 'span')} not written: ${message} Taking the same files in again adds what is missing.`);
  }
  const told = new Set(failures.map(({ message }) => message));
  for (const { message } of report.findings) if (!told.has(message)) out.note(message);
  if (asJson) {
    const files = report.files.map(({ path, agentId }) => ({ path, agent_id: agentId }));
    out.write(jsonText({ read: readings, books: report.books, written_to: files, failures }));
    return;
  }
  for (const reading of readings) out.write(`${clean(lineOf(reading))}\n`);
  const rows = Object.entries(report.books).map(([dialect, books]): BookRow => ({ dialect, ...books }));
  if (rows.length === 0) return;
  out.write(`\n${table(COLUMNS, rows, out)}\n`);
  for (const { dialect, ignored } of rows) {
    if (sumCounts(ignored) > 0) out.write(`${clean(`Ignored of ${dialect}: ${reasons(ignored)}.`)}\n`);
  }
  const waiting = rows.reduce((sum, row) => sum + row.waiting, 0);
  if (waiting > 0)
    out.write(`${some(waiting, 'span waits for its agent', 'spans wait for their agent')}: nothing names it. --agent ID does.\n`);
  for (const { path } of report.files) out.write(`Written to ${clean(path)}\n`);
}

function lineOf({ file, requests, spans, logs, rejected, malformed }: FileReading): string {
  const parts = [some(requests, 'request'), some(spans, 'span')];
  if (logs > 0) parts.push(some(logs, 'log record'));
  if (sumCounts(rejected) > 0) parts.push(`${sumCounts(rejected)} rejected (${reasons(rejected)})`);
  if (malformed > 0) parts.push(`${malformed} malformed`);
  return `${file === '-' ? 'stdin' : file}: ${parts.join(', ')}`;
}
