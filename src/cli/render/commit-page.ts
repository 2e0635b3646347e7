import type { Output } from '../command.ts';
import type { CommitFileReport, CommitReport } from '../lines/commit-report.ts';
import { clean } from './clean.ts';
import { lineSums } from './line-sums.ts';
import { type Column, paint, table } from './table.ts';
import { count, time } from './value.ts';

const LABEL_WIDTH = 12;

/** Whose the lines of a commit are, as text for a person. */
export function commitPage(report: CommitReport, out: Pick<Output, 'width' | 'colour'>, nowMs: number): string {
  const line = (label: string, text: string | null): string =>
    text === null || text === '' ? '' : `${paint(label.padEnd(LABEL_WIDTH), 'dim', out)}${clean(text)}\n`;
  const facts = [
    line('Commit', report.commit_sha),
    line('Repository', report.repo_id),
    line('Branch', report.branch),
    line('Authored', `${time(report.authored_at, nowMs)} UTC`),
    line('Request', report.pr_number === null ? null : `#${report.pr_number} (inferred from the subject)`),
    line('Agent', report.agent_id),
    line('Task', report.task_execution_id),
    line('Trace', report.trace_id),
    line('Known', report.match === 'inferred' ? 'no hook saw it: inferred from equal lines' : null),
  ];
  const columns: readonly Column<CommitFileReport>[] = [
    { header: 'file', cell: (file) => nameOf(file), least: 20 },
    { header: 'agents +', cell: (file) => count(file.ai_lines_added), align: 'right', style: () => 'cyan' },
    { header: 'people +', cell: (file) => count(file.human_lines_added), align: 'right' },
    { header: 'unknown +', cell: (file) => count(file.unknown_lines_added), align: 'right', style: () => 'yellow' },
    { header: 'agents -', cell: (file) => count(file.ai_lines_removed), align: 'right', style: () => 'cyan' },
    { header: 'people -', cell: (file) => count(file.human_lines_removed), align: 'right' },
    { header: 'unknown -', cell: (file) => count(file.unknown_lines_removed), align: 'right', style: () => 'yellow' },
    { header: 'by', cell: ({ agents }) => agents.join(', '), least: 8 },
    { header: 'match', cell: ({ match }) => match ?? '', spare: 2 },
  ];
  const body = report.files.length === 0 ? 'It changed no lines.\n' : table(columns, report.files, out);
  return `${facts.join('')}\n${lineSums({ commits: 1, ...report }, out)}\n${body}`;
}

const nameOf = ({ file_path, previous_path }: CommitFileReport): string =>
  previous_path === null ? file_path : `${file_path} (was ${previous_path})`;
