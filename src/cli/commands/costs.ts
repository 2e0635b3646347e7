import { type CostGrouping, sumCosts } from '../../query/costs.ts';
import { type Command, flagOption, textOption } from '../command.ts';
import {
  choiceOption,
  limitOption,
  openSelection,
  READING_OPTIONS,
  SINCE_OPTION,
  sinceOption,
  tellFailures,
  tellNone,
} from '../reading.ts';
import { costTable } from '../render/cost-table.ts';
import { writeJsonRows } from '../render/json.ts';

const GROUPINGS: readonly CostGrouping[] = ['model', 'agent', 'task', 'tool', 'day'];

export const costs: Command = {
  name: 'costs',
  usage: '[OPTIONS]',
  about:
    'Sums tokens and US dollars over the calls of all agents, the most expensive first, by day the newest. Costs are those that emitters state, else estimates from a price list, else unknown: `+` marks a sum that lacks calls without a price, `?` one that has nothing else. Tokens in include cached ones. By tool, what a model cost within a tool or a sub-agent is counted there. Days are UTC.',
  options: {
    by: { type: 'string', value: 'WHAT', doc: `${GROUPINGS.slice(0, -1).join(', ')} or ${GROUPINGS.at(-1)} (default: model)` },
    since: SINCE_OPTION,
    limit: { type: 'string', value: 'N', doc: 'the first N; 0 for all (default: 50, and all with --json); the total is of all' },
    ...READING_OPTIONS,
  },
  examples: ['ai-tracker costs --since 7d', 'ai-tracker costs --by task --agent worker-7', 'ai-tracker costs --by day --json'],
  arguments: [0, 0],
  async run(context) {
    const by = choiceOption(context, 'by', GROUPINGS) ?? 'model';
    const filter = { by, since: sinceOption(context) };
    const limit = limitOption(context);
    const selection = await openSelection(context);
    const report = sumCosts(selection, filter);
    const shown = limit === null ? report.rows : report.rows.slice(0, limit);
    const { out, nowMs } = context;
    if (flagOption(context, 'json')) writeJsonRows(out, shown);
    else if (shown.length === 0) tellNone(context, 'calls', selection, report);
    else {
      out.write(costTable(by, report, shown, out, nowMs));
      if (shown.length < report.rows.length && textOption(context, 'limit') === null)
        out.note(`${shown.length} of ${report.rows.length} lines; --limit 0 shows all`);
    }
    return tellFailures(context, report);
  },
};
