import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { memoryPath } from '../../attribution/open-memory.ts';
import { damagedBeside } from '../../attribution/set-aside.ts';
import { gitScriptPath, PACKAGED_GIT_SCRIPT } from '../../hook/install/hook-script.ts';
import { readGitUndoRecord } from '../../hook/install-git/git-undo-record.ts';
import { planGitInstall } from '../../hook/install-git/plan-git-install.ts';
import { fileKind } from '../../store/file-kind.ts';
import { homeFolder } from '../../store/folders.ts';
import { hookedRepository } from '../hooked-repository.ts';
import { type Finding, finding, fine, word } from './findings.ts';
import { onPath } from './on-path.ts';
import type { Check, Sight } from './sight.ts';

/** Whether git tells us of the commits of this folder's repository. */
export const gitHooks: Check = {
  about: 'git',
  run(sight) {
    const { cwd, env } = sight;
    // That it is missing, and that there is no repository, is said of Claude Code's commands.
    if (onPath('git', env) === null) return [];
    const config = homeFolder(env);
    const known = readGitUndoRecord(config).repositories;
    const reading = hookedRepository(cwd, env);
    if (reading.status === 'none') return known.length === 0 ? [] : [fine(`hooks are in ${amount(known.length)} of git`)];
    if (reading.status === 'unusable')
      return [finding('git-hooks-unusable', reading.why, 'git config --show-origin core.hooksPath')];
    const { repository } = reading;
    const install = `ai-tracker install --git --repo ${word(repository.top)}`;
    const entry = known.find(({ top, hooksFolder }) => top === repository.top || hooksFolder === repository.hooksFolder);
    const memory = ofMemory(repository.commonDir, sight);
    try {
      const { steps } = planGitInstall(repository, gitScriptPath(config));
      if (entry === undefined) {
        const said = `commits of ${repository.top} are not recorded`;
        // Who has none of our hooks has not asked for them.
        if (!existsSync(dirname(gitScriptPath(config)))) return [...memory, fine(`${said}: ${install}`)];
        if (steps.length > 0) return [...memory, finding('git-hooks-not-installed', said, install)];
        return [...memory, ...ofScript(gitScriptPath(config), repository.hooksFolder)];
      }
      if (entry.hooksFolder !== repository.hooksFolder)
        return [
          ...memory,
          finding(
            'git-hooks-overridden',
            `git looks for hooks in ${repository.hooksFolder} since core.hooksPath was set, and ours are in ${entry.hooksFolder}: commits are not recorded`,
            install,
          ),
        ];
      if (steps.length > 0)
        return [
          ...memory,
          finding(
            'git-hooks-changed',
            `hooks of ${repository.top} were taken away or changed since: not all commits are recorded`,
            install,
          ),
        ];
    } catch (error) {
      return [
        ...memory,
        finding(
          'git-hooks-unusable',
          `cannot read the hooks in ${repository.hooksFolder}: ${(error as Error).message}`,
          `ls -la ${word(repository.hooksFolder)}`,
        ),
      ];
    }
    return [...memory, ...ofScript(gitScriptPath(config), repository.hooksFolder)];
  },
};

/** What the repository remembers of who wrote which lines; it is made at the first commit or edit. */
function ofMemory(commonDir: string, { disk }: Sight): Finding[] {
  const path = memoryPath(commonDir);
  const aside = damagedBeside(path).map((damaged) =>
    finding(
      'memory-set-aside',
      `the memory of whose lines are whose was damaged; it lies in ${damaged} now, and a new one has begun`,
      `ai-tracker reindex && rm ${word(damaged)}*`,
    ),
  );
  if (!existsSync(path)) return aside;
  const kind = fileKind(path);
  if (kind !== 'ours' && kind !== 'empty' && !(kind === 'unclear' && isReadable(path)))
    return [
      ...aside,
      finding(
        'memory-unusable',
        `${path} is ${kind === 'unclear' ? 'not to be read' : kind}: whose lines are whose is not kept`,
        `mv ${word(path)} ${word(`${path}.bad`)}`,
      ),
    ];
  if (disk.mayWrite(path) && disk.mayWrite(dirname(path))) return aside;
  return [
    ...aside,
    finding('memory-read-only', `${path} cannot be written by this user: commits wait in the spool`, `ls -l ${word(path)}`),
  ];
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function ofScript(script: string, hooksFolder: string): Finding[] {
  if (!existsSync(script) || !existsSync(join(script, '..', 'claude-hook.sh')))
    return [finding('git-script-missing', `the hooks in ${hooksFolder} run ${script}, which is not there: they do nothing`)];
  if (!readFileSync(script).equals(readFileSync(PACKAGED_GIT_SCRIPT)))
    return [finding('git-script-outdated', `${script} is that of another version`)];
  return [fine(`commits are recorded, by ${hooksFolder}`)];
}

const amount = (count: number): string => (count === 1 ? 'one repository' : `${count} repositories`);
