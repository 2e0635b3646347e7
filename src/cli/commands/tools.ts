import type { CallKind } from '../../model/reading.ts';
import { listCalls } from '../../query/tool-calls.ts';
import { type Command, flagOption, textOption } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { namedTask } from '../named-task.ts';
import {
  choiceOption,
  LIMIT_OPTION,
  limitOption,
  openSelection,
  READING_OPTIONS,
  SINCE_OPTION,
  sinceOption,
  tellFailures,
  tellLimit,
  tellNone,
} from '../reading.ts';
import { callTable } from '../render/call-table.ts';
import { writeJsonRows } from '../render/json.ts';

const KINDS: readonly CallKind[] = ['tool', 'mcp', 'llm', 'http', 'agent', 'rpc', 'db'];

export const tools: Command = {
  name: 'tools',
  usage: '[OPTIONS]',
  about:
    'Lists calls of tools, MCP tools and HTTP endpoints, the newest first, each with the task that made it. Times are UTC, today’s without the date.',
  options: {
    task: { type: 'string', value: 'ID', doc: 'only calls of this task; the beginning of its id is enough' },
    kind: { type: 'string', value: 'KIND', doc: `only ${KINDS.slice(0, -1).join(', ')} or ${KINDS.at(-1)}` },
    failed: { type: 'boolean', doc: 'only calls that failed' },
    since: SINCE_OPTION,
    limit: LIMIT_OPTION,
    ...READING_OPTIONS,
  },
  examples: ['ai-tracker tools --failed --since 24h', 'ai-tracker tools --task 5f0c2a9e --kind mcp'],
  arguments: [0, 0],
  async run(context) {
    const task = textOption(context, 'task');
    const filter = {
      kind: choiceOption(context, 'kind', KINDS),
      failedOnly: flagOption(context, 'failed'),
      since: sinceOption(context),
      limit: limitOption(context),
    };
    const selection = await openSelection(context);
    const owners = task === null ? null : namedTask(context, selection, task).attempts.map((row) => row.id);
    const found = listCalls(selection, { ...filter, tasks: owners });
    const { out, nowMs } = context;
    if (flagOption(context, 'json')) writeJsonRows(out, found.answers);
    else if (found.answers.length === 0) tellNone(context, 'calls', selection, found.files.length);
    else {
      out.write(callTable(found.answers, out, nowMs));
      tellLimit(context, found.answers.length, filter.limit, 'calls');
    }
    // What could not be read was said when the task was looked for.
    return task === null ? tellFailures(context, found) : EXIT.done;
  },
};
