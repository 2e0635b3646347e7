import { commitsSince } from '../../git/commits-since.ts';
import type { FoundRepository } from '../../git/find-repository.ts';
import type { Selection } from '../../query/across-files.ts';
import { recordedCommits } from '../../query/commits.ts';
import { OpenFiles } from '../../query/open-files.ts';
import { type Command, type Context, flagOption } from '../command.ts';
import { reportOfCommit } from '../lines/commit-lines.ts';
import { RememberedLines } from '../lines/remembered-lines.ts';
import { openSelection, READING_OPTIONS, SINCE_OPTION, sinceOption, tellFailures } from '../reading.ts';
import { jsonText } from '../render/json.ts';
import { neededRepository, REPO_OPTION } from '../repository.ts';
import { settleRepositories } from '../settle-repository.ts';

const { agent: _, ...OPTIONS } = READING_OPTIONS;

/** What became of the commits of a repository. */
interface ReindexReport {
  /** Commits that were looked at. */
  readonly commits: number;
  /** Of these, recorded before, and now. */
  readonly recorded: number;
  readonly newly_recorded: number;
  /** Told by equal lines whenever they are asked for: nothing is written of them. */
  readonly inferred: number;
  readonly unknown: number;
}

export const reindex: Command = {
  name: 'reindex',
  usage: '[OPTIONS]',
  about:
    'Looks again for commits of a repository that were not recorded: those that no hook told of (hooks off, the tool not there, made by filter-branch), those whose rows are gone with their file, and those that came from elsewhere and hold lines that this repository remembers. It goes back to when the repository began to remember, or to --since.',
  options: { repo: REPO_OPTION, since: SINCE_OPTION, ...OPTIONS },
  examples: ['ai-tracker reindex', 'ai-tracker reindex --repo ~/project --since 30d'],
  arguments: [0, 0],
  async run(context) {
    const { out } = context;
    const repository = neededRepository(context);
    const since = sinceOption(context);
    const selection = await openSelection(context);
    const remembered = new RememberedLines(context, repository.folders);
    const sinceMs = since === null ? remembered.bornMs() : Date.parse(since);
    // Nothing is remembered: then there is no start, and only what --since names is looked at.
    const shas = Number.isFinite(sinceMs) ? (commitsSince(repository.folders, sinceMs) ?? []) : [];
    const before = recordedNow(selection, shas);
    await settleRepositories(context, [repository.folders], { isThorough: true });
    remembered.writeAgain((all) => recordedNow(selection, all));
    const files = new OpenFiles(selection);
    try {
      const { inferred, unknown, isKept } = await lookAt(context, files, repository, remembered, shas);
      remembered.close();
      await settleRepositories(context, [repository.folders], { isThorough: true });
      const after = recordedNow(selection, shas);
      const report: ReindexReport = {
        commits: shas.length,
        recorded: before.size,
        newly_recorded: after.size - before.size,
        inferred: inferred.filter((sha) => !isKept.has(sha) && !after.has(sha)).length,
        unknown: unknown.filter((sha) => !after.has(sha)).length,
      };
      if (flagOption(context, 'json')) out.write(jsonText(report));
      else out.write(textOf(report, remembered.isThere));
      return tellFailures(context, files.reading);
    } finally {
      remembered.close();
      files.close();
    }
  },
};

function recordedNow(selection: Selection, shas: readonly string[]): Set<string> {
  const files = new OpenFiles(selection);
  try {
    return new Set(recordedCommits(files, shas, []).keys());
  } finally {
    files.close();
  }
}

interface LookedAt {
  readonly inferred: readonly string[];
  readonly unknown: readonly string[];
  /** Rows of these are written. */
  readonly isKept: ReadonlySet<string>;
}

/**
 * A commit from elsewhere gets rows only where the repository itself remembers all that is known of it: in a row, what is no agent's is
 * a person's, and that would hide what other agents' files tell by equal lines.
 */
async function lookAt(
  context: Context,
  files: OpenFiles,
  repository: FoundRepository,
  remembered: RememberedLines,
  shas: readonly string[],
): Promise<LookedAt> {
  const inferred: string[] = [];
  const unknown: string[] = [];
  const isKept = new Set<string>();
  const recorded = recordedCommits(files, shas, []);
  for (const sha of shas) {
    if (recorded.has(sha)) continue;
    const report = await reportOfCommit(context, files, sha, repository);
    if (report === null) {
      unknown.push(sha);
      continue;
    }
    const told = remembered.commit(sha);
    const own = told?.files.reduce((sum, file) => sum + file.aiAdded, 0) ?? 0;
    if (own > 0 && own === report.ai_lines_added && report.unknown_lines_added === 0) {
      remembered.keep(sha);
      isKept.add(sha);
    } else inferred.push(sha);
  }
  return { inferred, unknown, isKept };
}

function textOf({ commits, recorded, newly_recorded, inferred, unknown }: ReindexReport, isThere: boolean): string {
  if (!isThere && commits === 0)
    return 'this repository remembers nothing: no hook has run in it. Its commits are told by equal lines when they are asked for; --since names how far back to look.\n';
  const parts = [
    `${newly_recorded} recorded now`,
    `${recorded} recorded before`,
    `${inferred} told by equal lines when they are asked for`,
    `${unknown} of which nothing is known`,
  ];
  return `${commits} commit${commits === 1 ? '' : 's'}: ${parts.join(', ')}\n`;
}
