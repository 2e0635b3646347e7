import { existsSync } from 'node:fs';
import { OpenFiles } from '../../query/open-files.ts';
import { type Command, flagOption, textOption } from '../command.ts';
import { authoredFile } from '../lines/file-lines.ts';
import { lineChains } from '../lines/line-chain.ts';
import { fileAndLines, REV_OPTION } from '../lines/line-range.ts';
import { openSelection, READING_OPTIONS, tellFailures } from '../reading.ts';
import { writeJsonRows } from '../render/json.ts';
import { whyText } from '../render/why-text.ts';

const { agent: _, ...OPTIONS } = READING_OPTIONS;

export const why: Command = {
  name: 'why',
  usage: 'FILE[:LINE[-LINE]] [OPTIONS]',
  about:
    'Tells why a line is there: line, commit, edit, tool call, request to the model, task, parent task and agent, with times, tokens, cost and trace. Each arrow is exact (ids or contents say so) or inferred (the likeliest). What is missing says how to get it. Without a line it tells of all lines of the file.',
  options: { rev: REV_OPTION, ...OPTIONS },
  examples: ['ai-tracker why src/parser.ts:42', 'ai-tracker why src/parser.ts:10-40 --json'],
  arguments: [1, 1],
  async run(context) {
    const { out, positionals, nowMs } = context;
    const [named = ''] = positionals;
    const question = existsSync(named) ? { file: named, lines: null } : fileAndLines(named);
    const selection = await openSelection(context);
    const files = new OpenFiles(selection);
    try {
      const authored = await authoredFile(context, files, { ...question, revision: textOption(context, 'rev') });
      const chains = lineChains(selection, files, authored);
      if (flagOption(context, 'json')) writeJsonRows(out, chains);
      else out.page(whyText(chains, out, nowMs));
      return tellFailures(context, files.reading);
    } finally {
      files.close();
    }
  },
};
