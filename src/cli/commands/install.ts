import { homedir } from 'node:os';
import { agentEnv } from '../../hook/install/agent-env.ts';
import { claudeVersion } from '../../hook/install/claude-version.ts';
import { eventsLeftOut, hooksBlock } from '../../hook/install/hook-entries.ts';
import { copyScript, drainCommandOf, gitScriptPath, scriptPath } from '../../hook/install/hook-script.ts';
import { type InstallPlan, planInstall } from '../../hook/install/plan-install.ts';
import {
  readSettingsFile,
  type Scope,
  type SettingsFile,
  settingsPath,
  writeSettingsFile,
} from '../../hook/install/settings-file.ts';
import { settingsValue } from '../../hook/install/settings-text.ts';
import { telemetryEnv } from '../../hook/install/telemetry-env.ts';
import { entryOf, readUndoRecord, withEntry, writeUndoRecord } from '../../hook/install/undo-record.ts';
import { ownHook } from '../../hook/install-git/hook-text.ts';
import { homeFolder } from '../../store/folders.ts';
import { agentOption, agentRemarks } from '../claude-agent.ts';
import { endpointOf, projectFolder, runnerOf, scopeOf, settingsBlock } from '../claude-install.ts';
import { type Command, type Context, flagOption, textOption } from '../command.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { installGit } from '../git-install.ts';
import { clean } from '../render/clean.ts';
import { unifiedDiff } from '../render/diff.ts';
import { shortHome } from '../render/short-home.ts';
import { wrap } from '../render/wrap.ts';

export const install: Command = {
  name: 'install',
  usage: '[OPTIONS]',
  about:
    'Puts hooks into Claude Code’s settings, so that every file that it changes becomes a row, and into the git repository of this folder, so that its commits do. Other people’s hooks, entries and the formatting of files stay; running it again brings older ones up to date. `ai-tracker uninstall` undoes it to the byte.',
  options: {
    claude: { type: 'boolean', doc: 'into Claude Code only' },
    git: { type: 'boolean', doc: 'into a repository’s hooks only; with --claude, both' },
    repo: { type: 'string', value: 'FOLDER', doc: 'the repository, instead of the one of this folder' },
    global: { type: 'boolean', doc: 'refused: says how to have every repository recorded without losing a hook' },
    scope: {
      type: 'string',
      value: 'SCOPE',
      doc: 'user (the default): your settings; project: .claude/settings.json, which others share; local: .claude/settings.local.json',
    },
    telemetry: { type: 'boolean', doc: 'also have spans and logs sent to `ai-tracker serve` (AI_TRACKER_ENDPOINT)' },
    agent: {
      ...{ type: 'string', value: 'ID' },
      doc: 'whose rows these are, where no AGENT_ID is set: writes AGENT_ID, and with --telemetry agent.id',
    },
    http: { type: 'boolean', doc: 'let Claude Code send events to `serve` itself; they are lost while it is down' },
    'claude-version': { type: 'string', value: 'VERSION', doc: 'entries for this version, instead of the one on PATH' },
    'dry-run': { type: 'boolean', doc: 'change nothing, print the difference' },
    print: { type: 'boolean', doc: 'change nothing, print the settings, for managed settings and images' },
  },
  examples: [
    'ai-tracker install',
    'ai-tracker install --telemetry --agent anna-laptop',
    'ai-tracker install --scope project --dry-run',
    'ai-tracker install --git --repo ~/src/shop',
    'ai-tracker install --print --telemetry',
  ],
  arguments: [0, 0],
  run(context) {
    const { env } = context;
    const isGit = flagOption(context, 'git') || textOption(context, 'repo') !== null;
    if (flagOption(context, 'global')) throw new CommandError(EXIT.usage, NOT_GLOBAL);
    if (isGit && !flagOption(context, 'claude') && flagOption(context, 'print')) {
      context.out.write(ownHook(null, gitScriptPath(homeFolder(env))));
      return EXIT.done;
    }
    if (!isGit || flagOption(context, 'claude')) installClaude(context);
    if ((isGit || !flagOption(context, 'claude')) && !flagOption(context, 'print')) {
      const [folder, home] = [textOption(context, 'repo'), env['HOME'] || homedir()];
      installGit(context, { folder, isWanted: isGit, isDry: flagOption(context, 'dry-run'), home });
    }
    return EXIT.done;
  },
};

const NOT_GLOBAL =
  'hooks for all repositories at once (core.hooksPath) would switch off those that each has: pre-commit, husky, git-lfs. Install into each repository: ai-tracker install --git --repo FOLDER. For those that you will clone, put what `ai-tracker install --git --print` prints into the hooks of your init.templateDir';

/** @throws {CommandError} */
function installClaude(context: Context): void {
  const { env, out } = context;
  const scope = scopeOf(textOption(context, 'scope')) ?? 'user';
  const home = env['HOME'] || homedir();
  const version = versionOption(context) ?? claudeVersion(env, home);
  const agentId = agentOption(context);
  const telemetry = flagOption(context, 'telemetry');
  const ofTelemetry = telemetry ? telemetryEnv(endpointOf(env)) : {};
  const http = flagOption(context, 'http');
  if (flagOption(context, 'print')) {
    const added = { ...ofTelemetry, ...(agentId === null ? {} : agentEnv(agentId, telemetry)) };
    const block = settingsBlock(runnerOf('printed', http, homeFolder(env), env), versionOption(context), added);
    out.write(`${JSON.stringify(block, null, 2)}\n`);
    for (const line of agentRemarks({ settings: { env: added }, agentId, telemetry, isShared: false, env })) out.note(line);
    return;
  }

  const file = readForInstall(settingsPath(scope, env, home, projectFolder(process.cwd())), scope);
  const record = readUndoRecord(homeFolder(env));
  const runner = runnerOf(scope, http, homeFolder(env), env);
  const known = entryOf(record, file.path);
  const telemetryIsOurs = telemetry || 'CLAUDE_CODE_ENABLE_TELEMETRY' in (known?.env ?? {});
  const whose = agentId ?? known?.env['AGENT_ID'] ?? null;
  const wanted = { ...ofTelemetry, ...(whose === null ? {} : agentEnv(whose, telemetryIsOurs)) };
  const plan = planInstall(file, scope, hooksBlock(runner, version), wanted, known);
  if (plan.status === 'unusable') {
    throw new CommandError(
      EXIT.environment,
      `cannot install into ${file.path}: it ${plan.why}. Mend it, or put in by hand what \`ai-tracker install --print\` prints`,
    );
  }
  if (flagOption(context, 'dry-run')) {
    out.write(unifiedDiff(file.path, plan.before, plan.after));
    out.note(plan.status === 'unchanged' ? 'nothing would change' : 'nothing was changed: this is what `install` would do');
    return;
  }
  if (plan.status === 'changed' && file.isReadOnly) {
    throw new CommandError(EXIT.environment, `cannot install into ${file.path}: it is read-only. \`chmod u+w\` it first`);
  }

  const drain = drainCommandOf(process.execPath, process.argv[1] ?? '');
  // First what the settings will name, then what undoes them.
  const copied = runner.what === 'script' && copyScript(homeFolder(env), drain);
  if (plan.status === 'changed') {
    const madeFolders = plan.undo.madeFolders ?? [];
    const remember = (made: readonly string[]): void =>
      writeUndoRecord(homeFolder(env), withEntry(record, file.path, { ...plan.undo, madeFolders: made }));
    remember(madeFolders);
    const made = writeSettingsFile(file, plan.after);
    if (made.length > 0) remember([...madeFolders, ...made]);
  }
  const settings = settingsValue(plan.after);
  const isShared = scope === 'project';
  tell(context, {
    plan,
    agent: agentRemarks({ settings, agentId: whose, telemetry: telemetryIsOurs, isShared, env }),
    path: file.path,
    scope,
    version,
    home,
    copied,
    http,
    script: runner.what === 'script',
    npx: drain.what === 'npx',
  });
}

function readForInstall(path: string, scope: Scope): SettingsFile {
  try {
    return readSettingsFile(path, scope);
  } catch (error) {
    throw new CommandError(
      EXIT.environment,
      `cannot install into ${path}: ${(error as Error).message}. Mend that and run \`ai-tracker install\` again`,
    );
  }
}

interface Told {
  readonly plan: Exclude<InstallPlan, { status: 'unusable' }>;
  /** What keeps hooks and telemetry from one agent. */
  readonly agent: readonly string[];
  readonly path: string;
  readonly scope: Scope;
  readonly version: string | null;
  readonly home: string;
  readonly copied: boolean;
  readonly script: boolean;
  readonly http: boolean;
  readonly npx: boolean;
}

function tell({ env, out }: Context, told: Told): void {
  const { plan, path, scope, home, copied, script } = told;
  const say = (line = ''): void => out.write(`${clean(line)}\n`);
  const undo = scope === 'user' ? 'ai-tracker uninstall' : `ai-tracker uninstall --scope ${scope}`;
  if (plan.status === 'unchanged' && !copied) say('The hooks are installed and up to date; nothing was changed.');
  else say('The hooks are installed. Sessions that run now take them up when they start anew.');
  say();
  say(`  settings  ${shortHome(path, home)}`);
  if (script) say(`  script    ${shortHome(scriptPath(homeFolder(env)), home)}`);
  say(`  undo      ${undo}`);
  say();

  for (const line of remarks(told)) {
    out.write(`${wrap(clean(line), 78).join('\n  ')}\n`);
  }
}

/** What the person should know beside, a paragraph each. */
function remarks({ plan, agent, scope, version, script, http, npx }: Told): string[] {
  const leftOut = eventsLeftOut(version);
  return [
    ...plan.replaced.map((command) => `Took out cc-ai-tracker’s hook, which would count edits twice: ${command}`),
    ...(plan.upgraded > 0 ? [`Brought ${plan.upgraded} older entries of ours up to date.`] : []),
    ...(plan.addedEnv.length > 0 ? [`Added to env: ${plan.addedEnv.join(', ')}`] : []),
    ...plan.keptEnv.map((name) => `Left as it was, since it has another value: env.${name}`),
    ...agent,
    ...(scope === 'project' && !http ? [SHARED] : []),
    ...(http ? ['Events go to `ai-tracker serve` alone: those that come while it is down are lost.'] : []),
    ...(npx && script ? [BY_NPX] : []),
    ...(leftOut.length > 0
      ? [`Left out, since Claude Code ${version} ignores settings that name them: ${leftOut.join(', ')}`]
      : []),
    ...(version === null ? [NO_VERSION] : []),
  ];
}

const SHARED = 'They run for everybody who has `ai-tracker-hook` on PATH (npm i -g ai-tracker-otel) and do nothing for others.';
const BY_NPX =
  'This was run by npx, which throws its copy away: rows appear when an `ai-tracker` command reads. After `npm i -g ai-tracker-otel`, `ai-tracker install` has them written at the end of each turn.';
const NO_VERSION =
  'No `claude` was found: the entries are for 2.1.197 and newer. For an older one, which would ignore the whole file: --claude-version VERSION';

function versionOption(context: Context): string | null {
  const text = textOption(context, 'claude-version');
  if (text === null || /^\d+\.\d+\.\d+/.test(text)) return text;
  throw new CommandError(
    EXIT.usage,
    `--claude-version takes what \`claude --version\` prints, such as 2.1.330, not ${JSON.stringify(text)}`,
  );
}
