import { homedir } from 'node:os';
import { removeScript } from '../../hook/install/hook-script.ts';
import { planUninstall } from '../../hook/install/plan-uninstall.ts';
import {
  behindLinks,
  readSettingsFile,
  removeSettingsFile,
  SCOPES,
  type Scope,
  settingsPath,
  writeSettingsFile,
} from '../../hook/install/settings-file.ts';
import { entryOf, readUndoRecord, type UndoRecord, withEntry, writeUndoRecord } from '../../hook/install/undo-record.ts';
import { readGitUndoRecord } from '../../hook/install-git/git-undo-record.ts';
import { spoolFolders } from '../../spool/spool-folder.ts';
import { recordNames } from '../../spool/write-record.ts';
import { homeFolder } from '../../store/folders.ts';
import { projectFolder, scopeOf } from '../claude-install.ts';
import { type Command, type Context, flagOption, textOption } from '../command.ts';
import { counted } from '../doctor/amounts.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { uninstallGit } from '../git-install.ts';
import { clean } from '../render/clean.ts';
import { unifiedDiff } from '../render/diff.ts';
import { shortHome } from '../render/short-home.ts';

export const uninstall: Command = {
  name: 'uninstall',
  usage: '[OPTIONS]',
  about:
    'Takes out what `ai-tracker install` put in: to the byte where nobody has changed the file since, else our entries alone. Without --scope and --repo, from every settings file and every repository of this machine into which it was installed. Rows and spooled events stay.',
  options: {
    claude: { type: 'boolean', doc: 'out of Claude Code only' },
    git: { type: 'boolean', doc: 'out of repositories’ hooks only' },
    scope: { type: 'string', value: 'SCOPE', doc: 'only from user, project or local settings of Claude Code' },
    repo: { type: 'string', value: 'FOLDER', doc: 'only out of this repository' },
    'dry-run': { type: 'boolean', doc: 'change nothing, print the difference' },
  },
  examples: ['ai-tracker uninstall', 'ai-tracker uninstall --scope project', 'ai-tracker uninstall --git --repo .'],
  arguments: [0, 0],
  run(context) {
    const { env, out } = context;
    const home = env['HOME'] || homedir();
    const isDry = flagOption(context, 'dry-run');
    const [isClaude, isGit] = doorsOf(context);
    const failures: string[] = [];
    let isAny = false;
    const attempt = (undoOne: () => boolean): void => {
      try {
        isAny = undoOne() || isAny;
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        failures.push(error.message);
      }
    };
    if (isGit) attempt(() => uninstallGit(context, { folder: textOption(context, 'repo'), isDry, home }));
    if (isClaude) attempt(() => uninstallClaude(context, isDry, home));
    const isEmpty =
      readUndoRecord(homeFolder(env)).files.length === 0 && readGitUndoRecord(homeFolder(env)).repositories.length === 0;
    if (!isDry && isEmpty && failures.length === 0) removeScript(homeFolder(env));
    if (failures.length > 0) throw new CommandError(EXIT.environment, failures.join('; '));
    if (isAny && !isDry) tellWaiting(context);
    if (!isAny) out.write('No hooks of ours were found; nothing was changed.\n');
    return EXIT.done;
  },
};

/** What is asked for: all, unless an option names one. */
function doorsOf(context: Context): [claude: boolean, git: boolean] {
  const claude = flagOption(context, 'claude') || textOption(context, 'scope') !== null;
  const git = flagOption(context, 'git') || textOption(context, 'repo') !== null;
  return [claude || !git, git || !claude];
}

/** @returns whether there was something of ours. @throws {CommandError} */
function uninstallClaude(context: Context, isDry: boolean, home: string): boolean {
  const config = homeFolder(context.env);
  let record = readUndoRecord(config);
  let isAny = false;
  const failures: string[] = [];
  for (const { path, scope } of targets(context, record, home)) {
    try {
      const outcome = undo(context, path, scope, record, home, isDry);
      record = outcome.record;
      isAny ||= outcome.changed;
    } catch (error) {
      failures.push(
        `cannot uninstall from ${path}: ${(error as Error).message}. Mend that and run \`ai-tracker uninstall\` again`,
      );
    }
  }
  if (!isDry) writeUndoRecord(config, record);
  if (failures.length > 0) throw new CommandError(EXIT.environment, failures.join('; '));
  return isAny;
}

/** Nothing drains the spool at the end of a turn any more. */
function tellWaiting({ settings, env, out }: Context): void {
  for (const folder of spoolFolders(settings, env).candidates) {
    const { length } = recordNames(folder);
    if (length > 0)
      out.note(
        `${counted(length, 'record still waits', 'records still wait')} in ${folder}: \`ai-tracker agents\` brings them into the database`,
      );
  }
}

/** Files to look into: of the scope, else all that are remembered and those that are at hand. */
function targets({ env, options }: Context, record: UndoRecord, home: string): { path: string; scope: Scope }[] {
  const asked = scopeOf(textOption({ options }, 'scope'));
  const project = projectFolder(process.cwd());
  const atHand = (asked === null ? SCOPES : [asked]).map((scope) => ({
    path: behindLinks(settingsPath(scope, env, home, project)),
    scope,
  }));
  const remembered = asked === null ? record.files.map(({ path, scope }) => ({ path, scope })) : [];
  return [...new Map([...atHand, ...remembered].map((target) => [target.path, target])).values()];
}

function undo(
  { out }: Context,
  path: string,
  scope: Scope,
  record: UndoRecord,
  home: string,
  isDry: boolean,
): { readonly record: UndoRecord; readonly changed: boolean } {
  const known = entryOf(record, path);
  const file = readSettingsFile(path, scope);
  const plan = planUninstall(file, known);
  const forgotten = withEntry(record, path, null);
  if (plan.status === 'unusable') throw new Error(`it ${plan.why}`);
  if (plan.status === 'unchanged') return { record: forgotten, changed: false };
  if (isDry) {
    out.write(unifiedDiff(path, file.bytes?.toString('utf8') ?? '', plan.text ?? ''));
    return { record, changed: true };
  }
  if (file.isReadOnly) throw new Error('it is read-only; `chmod u+w` it first');
  if (plan.text === null) removeSettingsFile(path, known?.madeFolders ?? []);
  else writeSettingsFile(file, plan.text);
  const how =
    plan.text === null
      ? 'removed; it was not there before'
      : plan.exact
        ? 'as it was before, to the byte'
        : 'our entries taken out; the rest was changed since and stays';
  out.write(`${clean(`${shortHome(path, home)}: ${how}`)}\n`);
  for (const command of plan.restored) out.write(`${clean(`  cc-ai-tracker’s hook is back: ${command}`)}\n`);
  return { record: forgotten, changed: true };
}
