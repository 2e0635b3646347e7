import type { Output } from '../command.ts';
import type { RangeGroup, RangeReport } from '../lines/range-report.ts';
import { dollars } from './amount.ts';
import { clean } from './clean.ts';
import { share } from './line-sums.ts';
import { type Column, paint, table } from './table.ts';
import { count } from './value.ts';
import { wrap } from './wrap.ts';

const linesOf = (one: Pick<RangeGroup, 'ai_lines_added' | 'human_lines_added' | 'unknown_lines_added'>): number =>
  one.ai_lines_added + one.human_lines_added + one.unknown_lines_added;

/** Where there is no key. */
const NAMES = { agent: '(none)', human: 'people', unknown: 'unknown', all: '(none)' } as const;

/** What a range adds up to, group by group, the whole, and what of the cost is not in it. */
export function rangePage(report: RangeReport, out: Pick<Output, 'width' | 'colour'>): string {
  const total: RangeGroup = { key: 'total', kind: 'all', ...report };
  const rows = [...report.groups, total];
  const columns: readonly Column<RangeGroup>[] = [
    { header: report.by, cell: ({ key, kind }) => key ?? NAMES[kind], least: 12 },
    { header: 'commits', cell: (row) => count(row.commits), align: 'right', spare: 1 },
    { header: 'agents +', cell: (row) => count(row.ai_lines_added), align: 'right', style: () => 'cyan' },
    { header: 'people +', cell: (row) => count(row.human_lines_added), align: 'right' },
    { header: 'unknown +', cell: (row) => count(row.unknown_lines_added), align: 'right', style: () => 'yellow' },
    { header: 'share', cell: (row) => share(linesOf(row), linesOf(report)), align: 'right', spare: 2 },
    { header: 'cost', cell: (row) => (row.cost_usd === 0 ? '' : dollars(row.cost_usd)), align: 'right' },
  ];
  const notes = notesOf(report)
    .flatMap((note) => wrap(clean(note), out.width))
    .map((line) => `${paint(line, 'dim', out)}\n`);
  return `${table(columns, rows, out)}${notes.length === 0 ? '' : `\n${notes.join('')}`}`;
}

function notesOf(report: RangeReport): string[] {
  const notes: string[] = [];
  if (report.total_usd > 0) {
    const parts = [
      `${dollars(report.cost_usd)} for these lines`,
      `${dollars(report.elsewhere_usd)} for lines elsewhere`,
      `${dollars(report.unallocated_usd)} left no lines`,
    ];
    const unpriced = report.unpriced_calls > 0 ? `, ${report.unpriced_calls} requests without a price` : '';
    notes.push(`of ${dollars(report.total_usd)} in all: ${parts.join(', ')}${unpriced}`);
  }
  if (report.inferred_commits > 0)
    notes.push(
      `no hook saw ${report.inferred_commits} of ${report.commits} commits: what is known of them is inferred from equal lines`,
    );
  if (report.uncompared_commits > 0)
    notes.push(`${report.uncompared_commits} commits are not counted: their parents were not fetched; git fetch --unshallow`);
  if (report.left_out_lines > 0)
    notes.push(`left out: ${report.left_out_lines} lines of ${report.left_out_files.length} generated or lock files`);
  if (report.unknown_lines_added > 0) notes.push(`${report.unknown_percent.toFixed(1)} % of the added lines are unknown`);
  return notes;
}
