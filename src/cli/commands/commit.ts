import { resolveRevision } from '../../git/resolve-revision.ts';
import { recordedNames } from '../../query/commits.ts';
import { OpenFiles } from '../../query/open-files.ts';
import { type Command, flagOption } from '../command.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { reportOfCommit } from '../lines/commit-lines.ts';
import { openSelection, READING_OPTIONS, tellFailures } from '../reading.ts';
import { commitPage } from '../render/commit-page.ts';
import { jsonText } from '../render/json.ts';
import { REPO_OPTION, repositoryOf } from '../repository.ts';
import { settleRepositories } from '../settle-repository.ts';

export const commit: Command = {
  name: 'commit',
  usage: 'SHA [OPTIONS]',
  about:
    'Shows whose the lines of one commit are: file by file what agents and people added and removed, and which agents and tasks wrote it. SHA is any name that git has for it: abbreviated, a branch, HEAD~2. Outside of a repository the beginning of a recorded commit’s name will do.',
  options: { repo: REPO_OPTION, ...READING_OPTIONS },
  examples: ['ai-tracker commit HEAD', 'ai-tracker commit 1a2b3c4 --json'],
  arguments: [1, 1],
  async run(context) {
    const { out, positionals } = context;
    const [named = ''] = positionals;
    const { repository } = repositoryOf(context);
    const selection = await openSelection(context);
    if (repository !== null) await settleRepositories(context, [repository.folders], { isThorough: false });
    const files = new OpenFiles(selection);
    try {
      const sha = repository === null ? recordedName(files, named) : resolveRevision(repository.folders, named);
      if (sha === null) throw new CommandError(EXIT.notFound, notThere(named, repository !== null));
      const report = await reportOfCommit(context, files, sha, repository);
      if (report === null) throw new CommandError(EXIT.notFound, notRecorded(sha));
      out.write(flagOption(context, 'json') ? jsonText(report) : commitPage(report, out, context.nowMs));
      return tellFailures(context, files.reading);
    } finally {
      files.close();
    }
  },
};

/** @throws {CommandError} where several begin so */
function recordedName(files: OpenFiles, prefix: string): string | null {
  if (!/^[0-9a-f]{4,64}$/i.test(prefix)) return null;
  const names = recordedNames(files, prefix.toLowerCase());
  if (names.length > 1)
    throw new CommandError(EXIT.notFound, `${names.length} recorded commits begin with ${prefix}; give more of the name`);
  return names[0] ?? null;
}

const notThere = (named: string, isInRepository: boolean): string =>
  isInRepository
    ? `git knows no commit ${named} here; name one of this repository, or another repository with --repo`
    : `no recorded commit begins with ${named}, and there is no git repository here to ask; go into one, or name it with --repo`;

const notRecorded = (sha: string): string =>
  `commit ${sha.slice(0, 12)} was not recorded: nothing that was recorded tells whose its lines are. \`ai-tracker reindex\` looks again; for commits to come, \`ai-tracker install --git\` in their repository`;
