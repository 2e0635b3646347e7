import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type FoundRepository, findRepository } from '../git/find-repository.ts';
import { type Context, type OptionSpec, textOption } from './command.ts';
import { CommandError, EXIT } from './exit-code.ts';

export const REPO_OPTION: OptionSpec = {
  type: 'string',
  value: 'PATH',
  doc: 'a folder of the repository (default: the one that you are in)',
};

/** The repository that `--repo` names, else the one around the current folder. Null where there is none; git's words then. */
export function repositoryOf(context: Context): { readonly repository: FoundRepository | null; readonly message: string } {
  const folder = resolve(textOption(context, 'repo') ?? '.');
  if (textOption(context, 'repo') !== null && statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new CommandError(EXIT.environment, `there is no folder ${folder} to look for a repository in`);
  const outcome = findRepository(folder);
  return outcome.what === 'found'
    ? { repository: outcome.repository, message: '' }
    : { repository: null, message: outcome.message };
}

/** @throws {CommandError} where there is none */
export function neededRepository(context: Context): FoundRepository {
  const { repository, message } = repositoryOf(context);
  if (repository !== null) return repository;
  throw new CommandError(EXIT.environment, `no git repository: ${message}; go into one, or name it with --repo`);
}
