import { styleText } from 'node:util';
import type { Output } from '../command.ts';
import { clean } from './clean.ts';
import { cutTo, widthOf } from './width.ts';

export type Style = 'red' | 'yellow' | 'green' | 'cyan' | 'magenta' | 'dim' | 'bold';

export interface Column<Row> {
  readonly header: string;
  /** `''`: unknown, or nothing to say. */
  readonly cell: (row: Row) => string;
  readonly align?: 'right';
  /** May be cut to so many columns where the terminal is narrow; else it is shown whole. */
  readonly least?: number;
  /** Cuts a cell where something else than its end says least. */
  readonly cut?: (text: string, width: number) => string;
  /** Left out where the terminal is too narrow even then: the highest first. */
  readonly spare?: number;
  /** Shown also where it holds nothing. */
  readonly always?: boolean;
  readonly style?: (row: Row) => Style | null;
}

interface Sized<Row> {
  readonly column: Column<Row>;
  readonly cells: readonly string[];
  readonly width: number;
}

const GAP = 2;

function sizesOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): readonly Sized<Row>[] {
  return columns
    .map((column): Sized<Row> => {
      const cells = rows.map((row) => clean(column.cell(row)));
      return { column, cells, width: cells.reduce((most, cell) => Math.max(most, widthOf(cell)), widthOf(column.header)) };
    })
    .filter(({ column, cells }) => column.always === true || cells.some((cell) => cell !== ''));
}

/** Whether a table of these rows stays within the output's width. */
export const fits = <Row>(columns: readonly Column<Row>[], rows: readonly Row[], { width }: Pick<Output, 'width'>): boolean =>
  total(fit(sizesOf(columns, rows), width), (at) => at.width) <= width;

/** A line per row under the headers, fitted to the output's width. Columns that hold nothing are left out. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], out: Pick<Output, 'width' | 'colour'>): string {
  const shown = fit(sizesOf(columns, rows), out.width);
  const line = (textOf: (at: Sized<Row>) => string, styleOf: (at: Sized<Row>) => Style | null): string => {
    const cells = shown.map((at, i) => {
      const text = (at.column.cut ?? cutTo)(textOf(at), at.width);
      const padding = ' '.repeat(Math.max(0, at.width - widthOf(text)));
      const styled = paint(text, styleOf(at), out);
      return at.column.align === 'right' ? padding + styled : i === shown.length - 1 ? styled : styled + padding;
    });
    return `${cells.join(' '.repeat(GAP)).trimEnd()}\n`;
  };
  const header = line(
    ({ column }) => column.header,
    () => 'dim',
  );
  const body = rows.map((row, i) =>
    line(
      ({ cells }) => cells[i] ?? '',
      ({ column }) => column.style?.(row) ?? null,
    ),
  );
  return header + body.join('');
}

export const paint = (text: string, style: Style | null, { colour }: Pick<Output, 'colour'>): string =>
  colour && style !== null && text !== '' ? styleText(style, text, { validateStream: false }) : text;

const total = <Row>(list: readonly Sized<Row>[], of: (at: Sized<Row>) => number): number =>
  list.reduce((sum, at) => sum + of(at), GAP * (list.length - 1));

/** Drops what can be spared, then takes from the widest column that may be cut, one at a time: short ones stay whole. */
function fit<Row>(columns: readonly Sized<Row>[], width: number): readonly Sized<Row>[] {
  const leastOf = ({ column, width: full }: Sized<Row>): number =>
    column.least === undefined ? full : Math.min(full, Math.max(column.least, widthOf(column.header)));
  let kept = columns;
  while (total(kept, leastOf) > width) {
    const spare = kept.filter(({ column }) => column.spare !== undefined);
    const [first, ...others] = spare;
    if (first === undefined) break;
    const out = others.reduce((a, b) => ((b.column.spare ?? 0) > (a.column.spare ?? 0) ? b : a), first);
    kept = kept.filter((at) => at !== out);
  }
  const widths = new Map(kept.map((at) => [at, at.width]));
  const widthNow = (at: Sized<Row>): number => widths.get(at) ?? 0;
  for (let over = total(kept, (at) => at.width) - width; over > 0; over--) {
    const givers = kept.filter((at) => widthNow(at) > leastOf(at));
    const [first, ...others] = givers;
    if (first === undefined) break;
    const widest = others.reduce((a, b) => (widthNow(b) > widthNow(a) ? b : a), first);
    widths.set(widest, widthNow(widest) - 1);
  }
  return kept.map((at) => ({ ...at, width: widthNow(at) }));
}
