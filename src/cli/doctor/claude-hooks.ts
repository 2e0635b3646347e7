import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gitPlace } from '../../hook/git-place.ts';
import { claudeVersion } from '../../hook/install/claude-version.ts';
import { allHandlers } from '../../hook/install/hook-changes.ts';
import { eventsLeftOut, hooksBlock, isOurs, isPredecessors } from '../../hook/install/hook-entries.ts';
import { drainCommandPath, PACKAGED_SCRIPT, scriptPath } from '../../hook/install/hook-script.ts';
import { homeFolder } from '../../store/folders.ts';
import { runnerOf } from '../claude-install.ts';
import { askReceiver } from './ask-receiver.ts';
import { type ClaudeSettings, claudeSettings } from './claude-settings.ts';
import { type Finding, finding, fine, word } from './findings.ts';
import { onPath } from './on-path.ts';
import type { Check, Sight } from './sight.ts';

/** Whether Claude Code tells us what it edits. */
export const claudeHooks: Check = {
  about: 'hooks',
  async run(sight) {
    const { env, home } = sight;
    const { files, findings } = claudeSettings(sight);
    const version = claudeVersion(env, home);
    const hooked = files.filter(({ value }) => handlersOf(value).some(isOurs));
    const found = [...findings, ...switchedOff(files, hooked), ...predecessors(files)];
    if (hooked.length === 0) {
      if (version === null && files.length === 0 && findings.length === 0) return [fine('no Claude Code was found here')];
      const what = version === null ? 'Claude Code has settings here' : `Claude Code ${version} is here`;
      return [...found, finding('hooks-not-installed', `${what}, and no hook tells what it edits`)];
    }
    for (const file of hooked) found.push(...(await ofFile(file, version, sight)));
    if (hooked.length > 1) {
      const [first, ...others] = hooked.map(({ scope }) => scope);
      found.push(
        finding(
          'hooks-twice',
          `the hooks are in ${hooked.map(({ path }) => path).join(' and ')}`,
          `ai-tracker uninstall --scope ${others.find((scope) => scope !== 'user') ?? first}`,
        ),
      );
    }
    const missing = eventsLeftOut(version);
    if (missing.length > 0) found.push(finding('claude-too-old', `Claude Code ${version} has no ${missing.join(', ')}`));
    return [...found, ...ofBash(sight)];
  },
};

const handlersOf = (value: ClaudeSettings['value']): unknown[] => allHandlers(value).map(({ handler }) => handler);

function switchedOff(files: readonly ClaudeSettings[], hooked: readonly ClaudeSettings[]): Finding[] {
  const found: Finding[] = [];
  const off = files.find(({ value }) => value['disableAllHooks'] === true);
  if (off !== undefined)
    found.push(
      finding('hooks-disabled', `disableAllHooks is set in ${off.path}: no hook runs`, `"\${EDITOR:-vi}" ${word(off.path)}`),
    );
  const managed = files.find(({ scope }) => scope === 'managed');
  if (managed?.value['allowManagedHooksOnly'] === true && !hooked.includes(managed))
    found.push(finding('managed-hooks-only', `${managed.path} allows no hooks but its own; put in there what this prints`));
  return found;
}

const predecessors = (files: readonly ClaudeSettings[]): Finding[] =>
  files
    .filter(({ value }) => handlersOf(value).some(isPredecessors))
    .map(({ path, scope }) => finding('old-hooks', `cc-ai-tracker’s hooks are in ${path}`, install(scope)));

async function ofFile({ scope, path, value }: ClaudeSettings, version: string | null, sight: Sight): Promise<Finding[]> {
  const { env } = sight;
  const ours = allHandlers(value).filter(({ handler }) => isOurs(handler));
  const texts = ours.map(({ handler }) => handler as { readonly command?: string; readonly url?: string });
  const url = texts.find((handler) => handler.url !== undefined)?.url;
  const found: Finding[] = [];
  if (url !== undefined) found.push(...(await ofHttp(url, path)));
  if (texts.some(({ command }) => command?.includes('claude-hook.sh') === true)) found.push(...ofScript(path, texts, sight));
  if (texts.some(({ command }) => command?.includes('ai-tracker-hook ') === true) && !onPath('ai-tracker-hook', env))
    found.push(finding('hook-command-missing', `${path} runs \`ai-tracker-hook\`, which is not on PATH`));
  if (texts.some(({ command }) => /\bai-tracker hook\b/.test(command ?? '')) && !onPath('ai-tracker', env))
    found.push(finding('hook-command-missing', `${path} runs \`ai-tracker\`, which is not on PATH`));
  if (scope !== 'managed') {
    const wanted = hooksBlock(runnerOf(scope, url !== undefined, homeFolder(env), env), version);
    const missing = Object.keys(wanted).filter((event) => !ours.some((handler) => handler.event === event));
    if (missing.length > 0)
      found.push(finding('hooks-outdated', `${path} has no hook for ${missing.join(', ')}`, install(scope, url)));
  }
  if (found.length === 0) {
    const events = new Set(ours.map(({ event }) => event));
    found.push(fine(`Claude Code${version === null ? '' : ` ${version}`}: ${events.size} events by ${path}`));
  }
  return found;
}

const install = (scope: ClaudeSettings['scope'], url?: string): string =>
  `ai-tracker install${scope === 'user' || scope === 'managed' ? '' : ` --scope ${scope}`}${url === undefined ? '' : ' --http'}`;

async function ofHttp(url: string, path: string): Promise<Finding[]> {
  const answer = await askReceiver(url.replace(/\/v1\/hooks\/.*$/, ''));
  if (answer.what === 'serve') return [];
  const why = answer.what === 'nobody' ? answer.why : answer.said;
  return [
    finding('receiver-down', `${path} sends hook events to ${url}, and no \`serve\` takes them there (${why}): they are lost`),
  ];
}

function ofScript(path: string, handlers: readonly { readonly command?: string }[], { env, home }: Sight): Finding[] {
  const named = handlers.map(({ command }) => /'((?:[^']|'\\'')*claude-hook\.sh)'/.exec(command ?? '')?.[1]).find(Boolean);
  const script = named?.replaceAll("'\\''", "'").replace(/^(\$HOME|~)/, home) ?? scriptPath(homeFolder(env));
  let text: Buffer;
  try {
    text = readFileSync(script);
  } catch (error) {
    return [
      finding(
        'script-missing',
        `${path} runs ${script}, which cannot be read (${(error as NodeJS.ErrnoException).code}): nothing is recorded`,
      ),
    ];
  }
  const found: Finding[] = [];
  if (!text.equals(readFileSync(PACKAGED_SCRIPT)))
    found.push(finding('script-outdated', `${script} is that of another version of this package`));
  if (!drains(env))
    found.push(finding('no-drain', 'no `ai-tracker` is known to the script: what it spools waits until a command reads'));
  return found;
}

/** Whether the script finds a program that drains: what the installation named, else PATH. */
function drains(env: NodeJS.ProcessEnv): boolean {
  try {
    const [node = '', program = ''] = readFileSync(drainCommandPath(homeFolder(env)), 'utf8').split('\n');
    if (existsSync(node) && existsSync(program)) return true;
  } catch {
    // npx leaves none.
  }
  const command = onPath('ai-tracker', env);
  return command !== null && !command.includes(join('', '_npx', ''));
}

/** What Bash changes is found by git. */
function ofBash({ env, cwd, settings }: Sight): Finding[] {
  if (settings.snapshots === 'off')
    return [finding('snapshots-off', 'AI_TRACKER_SNAPSHOTS is off: what Bash commands change is not seen')];
  if (onPath('git', env) === null) return [finding('no-git', 'git is not on PATH: what Bash commands change is not seen')];
  if (gitPlace(cwd) === null)
    return [finding('outside-git', `${cwd} is in no work tree of git: what Bash commands change here is not seen`)];
  return [];
}
