import { commitsOfRange } from '../../git/commit-range.ts';
import { OpenFiles } from '../../query/open-files.ts';
import { type Command, type Context, flagOption, textOption } from '../command.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { rangeLines } from '../lines/range-lines.ts';
import { type RangeGrouping, type RangeReport, rangeReport } from '../lines/range-report.ts';
import { openSelection, READING_OPTIONS, tellFailures } from '../reading.ts';
import { jsonText } from '../render/json.ts';
import { rangePage } from '../render/range-page.ts';
import { neededRepository, REPO_OPTION } from '../repository.ts';

const { agent: _, ...OPTIONS } = READING_OPTIONS;

export const attribution: Command = {
  name: 'attribution',
  usage: 'RANGE [OPTIONS]',
  about:
    'Sums whose the added lines of a range are, and what they cost. RANGE is what git log takes (main..feature, v1.0..), a branch (what it has beyond the one it was started from), or a pull request (#12). A task’s cost, all attempts together, is shared by its lines; what left no lines is told apart, and the parts are the whole cost. Files that .gitattributes calls linguist-generated and lock files are left out.',
  options: {
    repo: REPO_OPTION,
    by: { type: 'string', value: 'WHAT', doc: 'pr, agent, task or label:KEY (default: agent)' },
    'fail-unknown-over': {
      type: 'string',
      value: 'PCT',
      doc: 'exit 1 where more than PCT per cent of the added lines are unknown',
    },
    ...OPTIONS,
  },
  examples: [
    'ai-tracker attribution main..HEAD',
    'ai-tracker attribution "#12" --by task',
    'ai-tracker attribution HEAD --fail-unknown-over 5 --json',
  ],
  arguments: [1, 1],
  async run(context) {
    const { out, positionals } = context;
    const [range = ''] = positionals;
    const grouping = groupingOf(context);
    const limit = limitOf(context);
    const repository = neededRepository(context);
    const files = new OpenFiles(await openSelection(context));
    try {
      const commits = commitsOfRange(repository.folders, range);
      if (commits.what === 'failed') throw new CommandError(EXIT.notFound, `cannot read the range ${range}: ${commits.message}`);
      const lines = await rangeLines(context, files, repository, commits.shas);
      const report = rangeReport(files, range, commits.shas, lines, grouping);
      if (flagOption(context, 'json')) out.write(jsonText(report));
      else out.write(rangePage(report, out));
      const failed = tellFailures(context, files.reading);
      if (failed !== EXIT.done || limit === null) return failed;
      const problem = limitProblem(report, limit);
      if (problem === null) return EXIT.done;
      out.note(problem);
      return EXIT.notFound;
    } finally {
      files.close();
    }
  },
};

/** Lines that could not be looked at are no known ones. */
function limitProblem({ unknown_percent: percent, uncompared_commits: uncompared }: RangeReport, limit: number): string | null {
  if (uncompared > 0)
    return `${uncompared} commits cannot be compared with their parents, which --fail-unknown-over needs: git fetch --unshallow`;
  return percent <= limit
    ? null
    : `${percent.toFixed(1)} % of the added lines are unknown, more than the ${limit} % of --fail-unknown-over`;
}

function groupingOf(context: Context): RangeGrouping {
  const text = textOption(context, 'by') ?? 'agent';
  if (text === 'pr' || text === 'agent' || text === 'task') return { by: text };
  const label = /^label:(.+)$/.exec(text)?.[1];
  if (label === undefined) throw new CommandError(EXIT.usage, `--by ${text} is none of pr, agent, task, label:KEY`);
  return { by: 'label', label };
}

function limitOf(context: Context): number | null {
  const text = textOption(context, 'fail-unknown-over');
  if (text === null) return null;
  const limit = /^\d{1,3}(\.\d+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (!(limit >= 0 && limit <= 100))
    throw new CommandError(EXIT.usage, `--fail-unknown-over ${text} is no percentage of 0 to 100`);
  return limit;
}
