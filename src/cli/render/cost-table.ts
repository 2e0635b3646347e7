import type { CostGrouping, CostReport, CostRow, CostSums } from '../../query/costs.ts';
import type { Output } from '../command.ts';
import { dollars, tokens } from './amount.ts';
import { clean } from './clean.ts';
import { shortIds } from './short-id.ts';
import { type Column, paint, table } from './table.ts';
import { taskType } from './task-table.ts';
import { count, time } from './value.ts';

type Line = { readonly row: CostRow | null; readonly sums: CostSums };

/** Models without a price that are named; the others are counted. */
const NAMED_MODELS = 3;

const textOf = (row: CostRow, column: string): string | null => {
  const value = row[column];
  return typeof value === 'string' ? value : null;
};

/** What the rows are of. The last row is the total, whose name stands in the first column. */
function naming(by: CostGrouping, rows: readonly CostRow[], out: Pick<Output, 'width'>, nowMs: number): Column<Line>[] {
  const named = (of: (row: CostRow) => string): ((line: Line) => string) => {
    return ({ row }) => (row === null ? '' : of(row));
  };
  const first = (header: string, of: (row: CostRow) => string, least?: number): Column<Line> => ({
    header,
    cell: ({ row }) => (row === null ? 'total' : of(row)),
    ...(least === undefined ? {} : { least }),
  });
  const nameOf = (row: CostRow): string | null => textOf(row, 'task_id') ?? textOf(row, 'task_execution_id');
  switch (by) {
    case 'model':
      return [
        first('model', (row) => textOf(row, 'model') ?? '(not named)', 24),
        { header: 'provider', cell: named((row) => textOf(row, 'provider') ?? ''), least: 8, spare: 0 },
      ];
    case 'agent':
      return [first('agent', (row) => textOf(row, 'agent_id') ?? '(unknown)', 16)];
    case 'day':
      return [first('day', (row) => textOf(row, 'day') ?? '')];
    case 'tool':
      return [
        first('tool', (row) => textOf(row, 'tool_name') ?? '(not named)', 10),
        { header: 'kind', cell: named((row) => textOf(row, 'kind') ?? '') },
      ];
    case 'task': {
      const short = Number.isFinite(out.width) ? shortIds(rows.flatMap((row) => nameOf(row) ?? [])) : (id: string) => id;
      return [
        // Whole: what is cut off would not name it to `ai-tracker task`.
        first('task', (row) => short(nameOf(row) ?? '(no task)')),
        { header: 'type', cell: named((row) => taskType(textOf(row, 'task_type'))), least: 8 },
        { header: 'agent', cell: named((row) => textOf(row, 'agent_id') ?? ''), least: 8, spare: 2 },
        { header: 'started', cell: named((row) => time(textOf(row, 'started_at'), nowMs)), spare: 4 },
      ];
    }
  }
}

/** `?` where nothing is known of money that was spent, `+` where not all is. */
function cost({ cost_usd, unpriced_calls }: CostSums): string {
  if (unpriced_calls === 0) return dollars(cost_usd);
  return cost_usd === null ? '?' : `${dollars(cost_usd)}+`;
}

const number = (header: string, of: (sums: CostSums) => string, spare?: number): Column<Line> => ({
  header,
  cell: ({ sums }) => of(sums),
  align: 'right',
  ...(spare === undefined ? {} : { spare }),
});

/** What was spent on what, the total, and how far it can be relied on. */
export function costTable(
  by: CostGrouping,
  report: CostReport,
  shown: readonly CostRow[],
  out: Pick<Output, 'width' | 'colour'>,
  nowMs: number,
): string {
  const lines: Line[] = shown.map((row) => ({ row, sums: row }));
  lines.push({ row: null, sums: report.total });
  const columns: Column<Line>[] = [
    ...naming(by, shown, out, nowMs),
    number('calls', (sums) => count(sums.calls)),
    ...(by === 'model' ? [] : [number('models', (sums) => count(sums.model_calls), 5)]),
    number('in', (sums) => tokens(sums.input_tokens)),
    number('cached', (sums) => tokens(sums.cache_read_tokens), 6),
    number('out', (sums) => tokens(sums.output_tokens)),
    number('cost', cost),
    number('estimated', (sums) => dollars(sums.estimated_usd), 1),
    { ...number('unpriced', (sums) => count(sums.unpriced_calls), 2), style: () => 'yellow' },
  ];
  const notes = notesOf(report).map((note) => `${paint(clean(note), 'dim', out)}\n`);
  return table(columns, lines, out) + (notes.length === 0 ? '' : `\n${notes.join('')}`);
}

function notesOf({ total, unpriced, priceLists }: CostReport): string[] {
  const notes: string[] = [];
  if (total.estimated_usd !== null)
    notes.push(`estimated: by ${priceLists.join(', ') || 'a price list'}; the rest is what the emitters stated`);
  const withTokens = unpriced.map((one) => ({ model: one.model, calls: one.calls_with_tokens }));
  const without = unpriced.map((one) => ({ model: one.model, calls: one.calls - one.calls_with_tokens }));
  for (const [what, models] of [
    ['unpriced, the price list lacks it', withTokens],
    ['unpriced, no tokens were told', without],
  ] as const) {
    const some = models.filter(({ calls }) => calls > 0).sort((x, y) => y.calls - x.calls);
    if (some.length === 0) continue;
    const named = some.slice(0, NAMED_MODELS).map(({ model, calls }) => `${model ?? 'no model named'} (${calls})`);
    const others = some.length - named.length;
    notes.push(`${what}: ${named.join(', ')}${others > 0 ? ` and ${others} other models` : ''}`);
  }
  return notes;
}
