import type { TaskStatus } from '../../model/reading.ts';
import { listTasks } from '../../query/tasks.ts';
import { type Command, flagOption, textOption } from '../command.ts';
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
import { writeJsonRows } from '../render/json.ts';
import { taskTable } from '../render/task-table.ts';

const STATUSES: readonly TaskStatus[] = ['running', 'completed', 'failed', 'cancelled', 'lost'];

export const tasks: Command = {
  name: 'tasks',
  usage: '[OPTIONS]',
  about:
    'Lists tasks, one attempt a line, the newest first. The try column counts from 1 and is empty for the first: try 2 is attempt 1 in JSON and SQL. A running task whose process is gone is lost. The task column holds as much of the id as `ai-tracker task` needs. Times are UTC, today’s without the date.',
  options: {
    status: { type: 'string', value: 'STATUS', doc: `only ${STATUSES.slice(0, -1).join(', ')} or ${STATUSES.at(-1)}` },
    type: { type: 'string', value: 'TYPE', doc: 'only this type of task, or one part of it between colons' },
    since: SINCE_OPTION,
    limit: LIMIT_OPTION,
    ...READING_OPTIONS,
  },
  examples: ['ai-tracker tasks --status failed --since 24h', 'ai-tracker tasks --agent worker-7 --json'],
  arguments: [0, 0],
  async run(context) {
    const filter = {
      status: choiceOption(context, 'status', STATUSES),
      type: textOption(context, 'type'),
      since: sinceOption(context),
      limit: limitOption(context),
    };
    const selection = await openSelection(context);
    const found = listTasks(selection, filter);
    const { out, nowMs } = context;
    if (flagOption(context, 'json')) writeJsonRows(out, found.answers);
    else if (found.answers.length === 0) tellNone(context, 'tasks', selection, found);
    else {
      out.write(taskTable(found.answers, out, nowMs));
      tellLimit(context, found.answers.length, filter.limit, 'tasks');
    }
    return tellFailures(context, found);
  },
};
