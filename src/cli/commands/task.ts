import { taskDetail } from '../../query/task-detail.ts';
import { type Command, flagOption } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { namedTask } from '../named-task.ts';
import { openSelection, READING_OPTIONS } from '../reading.ts';
import { jsonText } from '../render/json.ts';
import { taskPage } from '../render/task-page.ts';

export const task: Command = {
  name: 'task',
  usage: 'ID [OPTIONS]',
  about:
    'Shows one task: what it was, how it went, its attempts, parent and children, labels and calls. ID is its id, the id that its emitter gave it, or the beginning of either. Of several attempts the last is shown.',
  options: READING_OPTIONS,
  examples: ['ai-tracker task 5f0c2a9e', 'ai-tracker task hatchet:5f0c2a9e-0d6b-4c41-9a52-6f3e1f0c2d11:0 --json'],
  arguments: [1, 1],
  async run(context) {
    const selection = await openSelection(context);
    const { task } = namedTask(context, selection, context.positionals[0] ?? '');
    const detail = taskDetail(selection, task);
    const { out, nowMs } = context;
    out.write(flagOption(context, 'json') ? jsonText(detail) : taskPage(detail, out, nowMs));
    return EXIT.done;
  },
};
