import { resolve } from 'node:path';
import { copyGitScript, drainCommandOf, gitScriptPath, removeGitScript } from '../hook/install/hook-script.ts';
import {
  type GitUndoEntry,
  readGitUndoRecord,
  repositoryOf,
  withRepository,
  writeGitUndoRecord,
} from '../hook/install-git/git-undo-record.ts';
import { type FileStep, removeEmptyFolders, takeStep } from '../hook/install-git/hook-files.ts';
import { type HookedRepository, planGitInstall } from '../hook/install-git/plan-git-install.ts';
import { planGitUninstall } from '../hook/install-git/plan-git-uninstall.ts';
import { homeFolder } from '../store/folders.ts';
import type { Context } from './command.ts';
import { CommandError, EXIT } from './exit-code.ts';
import { hookedRepository } from './hooked-repository.ts';
import { clean } from './render/clean.ts';
import { unifiedDiff } from './render/diff.ts';
import { shortHome } from './render/short-home.ts';
import { wrap } from './render/wrap.ts';

export interface GitInstallOptions {
  /** Of the repository, or within it; null: where the command runs. */
  readonly folder: string | null;
  /** Whether it is an error that there is no repository. */
  readonly isWanted: boolean;
  readonly isDry: boolean;
  readonly home: string;
}

/** Puts our hooks into the repository. @throws {CommandError} */
export function installGit(context: Context, { folder, isWanted, isDry, home }: GitInstallOptions): void {
  const { env, out } = context;
  const where = resolve(folder ?? '.');
  const reading = hookedRepository(where, env);
  if (reading.status !== 'found') {
    const said =
      reading.status === 'none' ? `${where} is in no work tree of git` : `no hooks can be put into ${where}: ${reading.why}`;
    if (isWanted) throw new CommandError(EXIT.environment, `${said}. Name one: ai-tracker install --git --repo FOLDER`);
    out.write(
      `${wrap(clean(`${said}: commits are not recorded. In a repository: ai-tracker install --git`), 78).join('\n  ')}\n`,
    );
    return;
  }
  const { repository } = reading;
  const config = homeFolder(env);
  const record = readGitUndoRecord(config);
  const known = repositoryOf(record, repository.top);
  try {
    const plan = planGitInstall(repository, gitScriptPath(config));
    if (isDry) return tellDry(context, plan.steps);
    // First what the hooks will name, then what undoes them, whatever happens on the way.
    const drain = drainCommandOf(process.execPath, process.argv[1] ?? '');
    const copied = copyGitScript(config, drain);
    const entry: GitUndoEntry = {
      ...{ top: repository.top, commonDir: repository.commonDir, hooksFolder: repository.hooksFolder },
      files: [...new Set([...(known?.files ?? []), ...plan.files])],
      madeFolders: known?.madeFolders ?? [],
    };
    const remember = (madeFolders: readonly string[]): void =>
      writeGitUndoRecord(config, withRepository(record, repository.top, { ...entry, madeFolders }));
    remember(entry.madeFolders);
    const made = plan.steps.flatMap(takeStep);
    if (made.length > 0) remember([...entry.madeFolders, ...made]);
    tell(context, repository, plan.remarks, copied || plan.steps.length > 0, home);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(
      EXIT.environment,
      `cannot put hooks into ${repository.hooksFolder}: ${(error as Error).message}. See to owner and mode, then: ai-tracker install --git`,
    );
  }
}

function tell(
  { out }: Context,
  repository: HookedRepository,
  remarks: readonly string[],
  isChanged: boolean,
  home: string,
): void {
  const say = (line = ''): void => out.write(`${clean(line)}\n`);
  say(
    isChanged
      ? 'The hooks of git are installed: commits are recorded from now on.'
      : 'The hooks of git are installed and up to date.',
  );
  say();
  say(`  repository  ${shortHome(repository.top, home)}`);
  say(`  hooks       ${shortHome(repository.hooksFolder, home)}`);
  say('  undo        ai-tracker uninstall --git');
  say();
  for (const remark of remarks) out.write(`${wrap(clean(remark), 78).join('\n  ')}\n`);
}

function tellDry({ out }: Context, steps: readonly FileStep[]): void {
  for (const step of steps) {
    if (step.do === 'move') out.write(`${clean(`rename ${step.from} to ${step.to}`)}\n`);
    else {
      const after = step.do === 'write' ? step.bytes.toString('utf8') : '';
      out.write(unifiedDiff(step.path, step.before?.bytes.toString('utf8') ?? '', after));
    }
  }
  out.note(steps.length === 0 ? 'nothing would change in the repository' : 'nothing was changed in the repository');
}

export interface GitUninstallOptions {
  /** Null: every repository that is remembered, and the one at hand. */
  readonly folder: string | null;
  readonly isDry: boolean;
  readonly home: string;
}

/** Takes our hooks out again. @returns whether there were any. @throws {CommandError} */
export function uninstallGit(context: Context, { folder, isDry, home }: GitUninstallOptions): boolean {
  const { env, out } = context;
  const config = homeFolder(env);
  let record = readGitUndoRecord(config);
  const failures: string[] = [];
  let isAny = false;
  for (const entry of targets(record.repositories, folder, env)) {
    const others = record.repositories.filter(({ top }) => top !== entry.top).flatMap(({ files }) => files);
    // A folder of hooks that is named for it alone goes with it; one for all repositories stays until the last.
    const isShared = (path: string): boolean => others.includes(path);
    try {
      const steps = planGitUninstall(entry.files, isShared);
      isAny ||= steps.length > 0;
      if (isDry) {
        if (steps.length > 0) tellDry(context, steps);
        continue;
      }
      for (const step of steps) takeStep(step);
      removeEmptyFolders(entry.madeFolders);
      record = withRepository(record, entry.top, null);
      if (steps.length > 0) out.write(`${clean(`${shortHome(entry.hooksFolder, home)}: as it was before, to the byte`)}\n`);
    } catch (error) {
      failures.push(`cannot uninstall from ${entry.hooksFolder}: ${(error as Error).message}`);
    }
  }
  if (!isDry) {
    writeGitUndoRecord(config, record);
    if (record.repositories.length === 0) removeGitScript(config);
  }
  if (failures.length > 0)
    throw new CommandError(EXIT.environment, `${failures.join('; ')}. Mend that and run \`ai-tracker uninstall --git\` again`);
  return isAny;
}

function targets(known: readonly GitUndoEntry[], folder: string | null, env: NodeJS.ProcessEnv): GitUndoEntry[] {
  const reading = hookedRepository(resolve(folder ?? '.'), env);
  if (reading.status !== 'found') {
    if (folder === null) return [...known];
    // The folder may be gone, and what lay in it with it.
    return known.filter(({ top }) => top === resolve(folder));
  }
  const { top, commonDir, hooksFolder } = reading.repository;
  const found = known.find((entry) => entry.top === top) ?? { top, commonDir, hooksFolder, files: [], madeFolders: [] };
  // Also where nobody remembers: what an install would write to is what one has written to.
  const files = [...new Set([...found.files, ...planGitInstall(reading.repository, '').files])];
  const here = { ...found, files };
  return folder === null ? [...known.filter((entry) => entry.top !== top), here] : [here];
}
