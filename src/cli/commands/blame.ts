import { tasksById } from '../../query/chain-rows.ts';
import { editsById } from '../../query/edits.ts';
import { OpenFiles } from '../../query/open-files.ts';
import { type Command, flagOption, textOption } from '../command.ts';
import { authoredFile } from '../lines/file-lines.ts';
import { lineRange, REV_OPTION } from '../lines/line-range.ts';
import { openSelection, READING_OPTIONS, tellFailures } from '../reading.ts';
import { blameLines, blameText } from '../render/blame-text.ts';
import { writeJsonRows } from '../render/json.ts';

const { agent: _, ...OPTIONS } = READING_OPTIONS;

export const blame: Command = {
  name: 'blame',
  usage: 'FILE [OPTIONS]',
  about:
    'Prints a file as git blame does, with who wrote each line: the agent and its task, or the person who committed it. `~` marks what is inferred: nobody saw that line being committed, but a recorded one is equal to it. `?` marks lines of which nothing is known; `ai-tracker why FILE:LINE` says why. Lines that are not committed yet are told too. It follows what git blame follows: renames, merges, blame.ignoreRevsFile.',
  options: {
    lines: { type: 'string', short: 'L', value: 'M[-N]', doc: 'only these lines' },
    rev: REV_OPTION,
    ...OPTIONS,
  },
  examples: [
    'ai-tracker blame src/parser.ts',
    'ai-tracker blame src/parser.ts -L 10-40',
    'ai-tracker blame src/parser.ts --json',
  ],
  arguments: [1, 1],
  async run(context) {
    const { out, positionals, nowMs } = context;
    const [file = ''] = positionals;
    const asked = textOption(context, 'lines');
    const lines = asked === null ? null : lineRange(asked);
    const files = new OpenFiles(await openSelection(context));
    try {
      const authored = await authoredFile(context, files, { file, revision: textOption(context, 'rev'), lines });
      const edits = editsById(
        files,
        authored.lines.flatMap(({ author }) => (author.kind === 'agent' ? (author.modificationId ?? []) : [])),
      );
      const tasks = tasksById(
        files,
        [...edits.values()].flatMap(({ task_execution_id }) => task_execution_id ?? []),
      );
      const told = blameLines(authored, edits, tasks);
      if (flagOption(context, 'json')) writeJsonRows(out, told);
      else out.page(blameText(told, out, nowMs));
      return tellFailures(context, files.reading);
    } finally {
      files.close();
    }
  },
};
