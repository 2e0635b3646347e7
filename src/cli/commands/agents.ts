import { placeOf } from '../../query/across-files.ts';
import { type AgentRow, listAgents } from '../../query/agents.ts';
import { type Command, flagOption } from '../command.ts';
import { isAnyImported } from '../imported.ts';
import { openSelection, READING_OPTIONS, tellElsewhere, tellFailures, tellNone } from '../reading.ts';
import { writeJsonRows } from '../render/json.ts';
import { type Column, type Style, table } from '../render/table.ts';
import { ago, count } from '../render/value.ts';

const number = (header: string, value: (row: AgentRow) => number, style: Style | null = null): Column<AgentRow> => ({
  header,
  cell: (row) => count(value(row)),
  align: 'right',
  style: () => style,
});

const columns = (nowMs: number): readonly Column<AgentRow>[] => [
  { header: 'agent', cell: (row) => row.agent_id ?? '(unknown)', least: 12 },
  { header: 'tasks', cell: (row) => String(row.tasks), align: 'right' },
  number('running', (row) => row.running, 'cyan'),
  number('failed', (row) => row.failed, 'red'),
  number('cancelled', (row) => row.cancelled, 'yellow'),
  number('lost', (row) => row.lost, 'magenta'),
  { header: 'calls', cell: (row) => String(row.tool_calls), align: 'right' },
  number('failed calls', (row) => row.failed_calls, 'red'),
  { header: 'last seen', cell: (row) => ago(row.last_seen_at, nowMs) },
  { header: 'file', cell: (row) => row.files.join(', '), least: 16, spare: 1 },
];

export const agents: Command = {
  name: 'agents',
  usage: '[OPTIONS]',
  about: 'Lists agents with what they did: tasks by outcome, calls, when they were last heard of and where their rows lie.',
  options: READING_OPTIONS,
  examples: ['ai-tracker agents', 'ai-tracker agents --dir /data/tracking --json'],
  arguments: [0, 0],
  async run(context) {
    const selection = await openSelection(context);
    const found = listAgents(selection);
    const { out, nowMs } = context;
    if (flagOption(context, 'json')) writeJsonRows(out, found.answers);
    else if (found.answers.length === 0) {
      if (selection.agentId === null && isAnyImported(selection))
        out.note(
          `no agent has recorded in ${placeOf(selection)} yet; what \`import\` took over names none: ai-tracker sql "SELECT * FROM edits" (docs/import.md)`,
        );
      else tellNone(context, 'agents', selection, found);
    } else {
      out.write(table(columns(nowMs), found.answers, out));
      tellElsewhere(context);
    }
    return tellFailures(context, found);
  },
};
