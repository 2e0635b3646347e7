import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { findRepository } from '../../git/find-repository.ts';
import { gitFolders } from '../../git/git-folders.ts';
import { readRepoId } from '../../git/repo-id.ts';
import { commitFolders, sumCommits } from '../../query/commit-sums.ts';
import { type Command, type Context, flagOption, textOption } from '../command.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { openSelection, READING_OPTIONS, tellFailures, tellNone } from '../reading.ts';
import { jsonText } from '../render/json.ts';
import { lineSums } from '../render/line-sums.ts';
import { settleRepositories } from '../settle-repository.ts';
import { dayStart, TZ_OPTION, zoneOption } from '../time-zone.ts';

export const stats: Command = {
  name: 'stats',
  usage: '[OPTIONS]',
  about:
    'Sums the lines of all recorded commits: how many were added and removed by agents and by people. A commit counts once, whoever recorded it, and only while a branch, a tag or a work tree leads to it; one that was rewritten counts as what it became. Days are those of the author’s date.',
  options: {
    days: { type: 'string', value: 'N', doc: 'only commits of the last N days, today included (default: all)' },
    repo: {
      type: 'string',
      value: 'REPO',
      doc: 'only this repository: a folder of it, its id (github.com/org/name) or its name',
    },
    tz: TZ_OPTION,
    ...READING_OPTIONS,
  },
  examples: ['ai-tracker stats', 'ai-tracker stats --days 7 --tz UTC', 'ai-tracker stats --repo . --json'],
  arguments: [0, 0],
  async run(context) {
    const { out, nowMs } = context;
    const zone = zoneOption(context);
    const days = daysOption(context);
    const sinceMs = days === null ? null : dayStart(nowMs, zone, days - 1);
    const selection = await openSelection(context);
    const known = commitFolders(selection).flatMap((top) => gitFolders(top) ?? []);
    await settleRepositories(context, known, { isThorough: false });
    const since = sinceMs === null ? null : new Date(sinceMs).toISOString();
    const report = sumCommits(selection, { since, repositories: repositoriesOf(textOption(context, 'repo')) });
    if (flagOption(context, 'json')) out.write(jsonText({ ...report.sums, since, time_zone: zone }));
    else if (report.sums.commits === 0) tellNone(context, 'commits', selection, report);
    else out.write(lineSums(report.sums, out));
    return tellFailures(context, report);
  },
};

function daysOption(context: Context): number | null {
  const text = textOption(context, 'days');
  if (text === null) return null;
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (days === 0) throw new CommandError(EXIT.usage, `--days ${text} is no number of days; 1 is today`);
  return days;
}

/** What the rows of the repository may call it. */
function repositoriesOf(named: string | null): string[] | null {
  if (named === null) return null;
  if (!existsSync(named) || !statSync(named).isDirectory()) return [named];
  const outcome = findRepository(resolve(named));
  if (outcome.what === 'none') throw new CommandError(EXIT.environment, `no git repository: ${outcome.message}`);
  const { top } = outcome.repository.folders;
  return [readRepoId(top) ?? top, top];
}
