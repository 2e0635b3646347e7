import { gitPlace } from '../hook/git-place.ts';
import { type HookRunner, hooksBlock } from '../hook/install/hook-entries.ts';
import { scriptPath } from '../hook/install/hook-script.ts';
import type { Scope } from '../hook/install/settings-file.ts';
import { HOOK_HEADERS } from '../receiver/read-hook.ts';
import { CommandError, EXIT } from './exit-code.ts';

export const DEFAULT_ENDPOINT = 'http://127.0.0.1:4318';

/** Where `serve` is, without a slash at its end. @throws {CommandError} */
export function endpointOf(env: NodeJS.ProcessEnv): string {
  const text = env['AI_TRACKER_ENDPOINT'] || DEFAULT_ENDPOINT;
  if (!URL.canParse(text) || !/^https?:/.test(text)) {
    throw new CommandError(EXIT.usage, `AI_TRACKER_ENDPOINT=${JSON.stringify(text)} is no http URL, such as ${DEFAULT_ENDPOINT}`);
  }
  return text.replace(/\/+$/, '');
}

/** How the hooks of a scope are run: settings that others share must not name a path of this machine. */
export function runnerOf(scope: Scope | 'printed', http: boolean, configFolder: string, env: NodeJS.ProcessEnv): HookRunner {
  if (http) return { what: 'http', url: `${endpointOf(env)}/v1/hooks/claude-code`, headers: HTTP_HEADERS };
  if (process.platform === 'win32') return { what: 'node' };
  return scope === 'user' || scope === 'local' ? { what: 'script', path: scriptPath(configFolder) } : { what: 'name' };
}

/** Claude Code puts in the variables when it sends, so that no secret stands in the settings; what is not set becomes empty. */
const HTTP_HEADERS: Readonly<Record<string, string>> = {
  authorization: 'Bearer $AI_TRACKER_TOKEN',
  [HOOK_HEADERS.agentId]: '$AGENT_ID',
  [HOOK_HEADERS.taskId]: '$AI_TRACKER_TASK_ID',
  [HOOK_HEADERS.traceparent]: '$TRACEPARENT',
  [HOOK_HEADERS.tracestate]: '$TRACESTATE',
};

/** The folder whose `.claude` is the project's. */
export const projectFolder = (cwd: string): string => gitPlace(cwd)?.top ?? cwd;

/** @throws {CommandError} */
export function scopeOf(text: string | null): Scope | null {
  if (text === null || text === 'user' || text === 'project' || text === 'local') return text;
  throw new CommandError(EXIT.usage, `--scope takes user, project or local, not ${JSON.stringify(text)}`);
}

/** The settings by themselves, for managed settings and images. */
export const settingsBlock = (runner: HookRunner, version: string | null, env: Readonly<Record<string, string>>): object => ({
  ...(Object.keys(env).length === 0 ? {} : { env }),
  hooks: hooksBlock(runner, version),
});
