import type { ImportedTable, ImportReport } from '../ingest/import-old-tracker.ts';
import { sumCounts } from '../model/books.ts';
import type { Output } from './command.ts';
import { clean } from './render/clean.ts';
import { jsonText } from './render/json.ts';
import { type Column, table } from './render/table.ts';

type Row = ImportedTable & { readonly name: string };

const number = (header: string, value: (row: Row) => number): Column<Row> => ({
  header,
  cell: (row) => String(value(row)),
  align: 'right',
});

const COLUMNS: readonly Column<Row>[] = [
  { header: 'table', cell: (row) => row.name },
  number('rows', (row) => row.rows),
  number('taken over', (row) => row.written),
  number('here already', (row) => row.known),
  number('repeated', (row) => row.repeated),
  number('not taken', (row) => sumCounts(row.notTaken)),
];

const tables = ({ edits, commits, commitFiles }: ImportReport): Row[] => [
  { name: 'edits', ...edits },
  { name: 'commits', ...commits },
  { name: 'commit_files', ...commitFiles },
];

/** Rows that cannot be kept, over all files. */
export const notTaken = (report: ImportReport): number =>
  tables(report).reduce((sum, row) => sum + sumCounts(row.notTaken), report.broken.length);

export function writeImportReport(out: Output, reports: readonly ImportReport[], asJson: boolean): void {
  if (asJson) {
    const files = reports.map(({ source, target, edits, commits, commitFiles, reposByName, broken }) => ({
      ...{ source, target },
      tables: { edits: jsonTable(edits), commits: jsonTable(commits), commit_files: jsonTable(commitFiles) },
      ...{ repositories_by_name: reposByName, damaged: broken },
    }));
    return out.write(jsonText({ imported: files }));
  }
  for (const report of reports) {
    out.write(`${clean(report.source)} → ${clean(report.target)}\n\n${table(COLUMNS, tables(report), out)}`);
    for (const line of remarks(report)) out.write(`${clean(line)}\n`);
    out.write('\n');
  }
}

const jsonTable = ({ notTaken, ...counts }: ImportedTable): object => ({ ...counts, not_taken: notTaken });

function remarks(report: ImportReport): string[] {
  const lines = tables(report).flatMap(({ name, notTaken }) =>
    Object.entries(notTaken).map(([reason, count]) => `Not taken of ${name}: ${count} with ${reason}.`),
  );
  if (report.commits.repeated > 0)
    lines.push('Repeated: a commit that the old hook counted more than once; its first count is taken.');
  if (report.reposByName > 0) {
    const [repositories, they] =
      report.reposByName === 1 ? ['1 repository', 'it is'] : [`${report.reposByName} repositories`, 'they are'];
    lines.push(`${repositories} could not be found at the old place; ${they} known by name only.`);
  }
  return [...lines, ...report.broken];
}
