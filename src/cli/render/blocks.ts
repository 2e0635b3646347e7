import type { Output } from '../command.ts';
import { clean } from './clean.ts';
import { type Column, paint } from './table.ts';
import { widthOf } from './width.ts';

/**
 * A line per value, as in sqlite3's `.mode line`: for rows that are too wide for a table. Nothing is cut off, the terminal
 * breaks long lines.
 */
export function blocks<Row>(columns: readonly Column<Row>[], rows: readonly Row[], out: Pick<Output, 'colour'>): string {
  const names = columns.map(({ header }) => clean(header));
  const width = Math.max(...names.map(widthOf));
  const block = (row: Row): string =>
    columns
      .map(({ cell }, i) => {
        const name = names[i] ?? '';
        const line = `${' '.repeat(width - widthOf(name))}${paint(name, 'dim', out)}  ${clean(cell(row))}`;
        return `${line.trimEnd()}\n`;
      })
      .join('');
  return rows.map(block).join('\n');
}
