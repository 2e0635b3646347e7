import type { LineSums } from '../../query/commit-sums.ts';
import type { Output } from '../command.ts';
import { type Column, table } from './table.ts';

interface Line {
  readonly who: string;
  readonly added: number;
  readonly removed: number;
  readonly share: string;
}

/** Added lines of agents among all added ones: `62 %`. */
export const share = (part: number, whole: number): string => (whole === 0 ? '' : `${Math.round((100 * part) / whole)} %`);

/** Whose lines they are, one kind of author a line. */
export function lineSums(sums: LineSums, out: Pick<Output, 'width' | 'colour'>): string {
  const added = sums.ai_lines_added + sums.human_lines_added;
  const lines: readonly Line[] = [
    {
      who: 'agents',
      added: sums.ai_lines_added,
      removed: sums.ai_lines_removed,
      share: share(sums.ai_lines_added, added),
    },
    {
      who: 'people',
      added: sums.human_lines_added,
      removed: sums.human_lines_removed,
      share: share(sums.human_lines_added, added),
    },
  ];
  const columns: readonly Column<Line>[] = [
    { header: 'lines by', cell: ({ who }) => who },
    { header: 'added', cell: (line) => String(line.added), align: 'right' },
    { header: 'of added', cell: (line) => line.share, align: 'right' },
    { header: 'removed', cell: (line) => String(line.removed), align: 'right' },
  ];
  return `${table(columns, lines, out)}\nof ${sums.commits} commit${sums.commits === 1 ? '' : 's'}\n`;
}
