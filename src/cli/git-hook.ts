import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { firstLine, gitFolders } from '../git/git-folders.ts';
import { gitPlace, headOf } from '../hook/git-place.ts';
import { resolveSettings } from '../model/settings.ts';
import { GIT_HOOK_VARIABLES, hookEnvironment } from '../spool/hook-environment.ts';
import { encodeHookFile, type HookFindings } from '../spool/hook-file.ts';
import { countRefusal } from '../spool/refusals.ts';
import { spoolFolders } from '../spool/spool-folder.ts';
import { writeSpoolBytes } from '../spool/write-record.ts';
import { readHookInput } from './hook-input.ts';

const INPUT_LIMIT_MS = 10_000;
const MAX_INPUT_BYTES = 16 * 1024 * 1024;
/** As the shell script has it: older stashes are older than what is remembered. */
const MOST_STASHES = 200;

/** Where a hook of git runs. */
interface Repository {
  readonly top: string | null;
  readonly gitDir: string;
  readonly commonDir: string;
  readonly branch: string | null;
  readonly headSha: string | null;
}

/**
 * `ai-tracker hook git NAME [ARGS]`: what git-hook.sh does, where there is no script, and to `serve` where `AI_TRACKER_ENDPOINT`
 * is set. Starts no git and waits for no lock.
 *
 * @returns what was not recorded and why, in one line; null where it was, or there was nothing to record
 */
export async function gitHook(
  [hook = '', ...args]: readonly string[],
  input: NodeJS.ReadableStream,
  env: NodeJS.ProcessEnv,
): Promise<string | null> {
  const { settings } = resolveSettings({}, env);
  if (settings.disabled || !/^post-[a-z-]{1,60}$/.test(hook)) return null;
  const cwd = process.cwd();
  const repository = repositoryOf(cwd, env);
  if (repository === null) return null;
  // Only this one is told anything there; others have the terminal's.
  const reading = hook === 'post-rewrite' ? await readHookInput(input, MAX_INPUT_BYTES, INPUT_LIMIT_MS) : null;
  const told = toldBy(hook, args, repository, reading?.status === 'read' ? reading.bytes.toString('utf8') : null);

  const endpoint = env['AI_TRACKER_ENDPOINT'];
  if (endpoint) {
    const { postHook } = await import('./post-hook.ts');
    const body = Buffer.from(JSON.stringify(bodyOf(hook, args, cwd, repository, told, env)));
    if (await postHook(endpoint, '/v1/hooks/git', body, env)) return null;
  }
  const payload = Object.entries(told).map(([name, content]) => `${name}\0${content.replaceAll('\0', '')}\0`);
  const pairs = { ...environmentOf(env), ...findings(hook, args, repository), PWD: cwd };
  const folders = spoolFolders(settings, env).candidates;
  const outcome = writeSpoolBytes(folders, 'hook file', encodeHookFile(pairs, Buffer.from(payload.join(''))), {
    maxBytes: settings.spoolMaxMb * 1024 * 1024,
  });
  if (outcome.status === 'spooled') return null;
  countRefusal(folders, 'refused_git');
  return `this ${hook} was not recorded: ${outcome.message}`;
}

const environmentOf = (env: NodeJS.ProcessEnv): Record<string, string | undefined> => ({
  ...hookEnvironment(env),
  ...Object.fromEntries(GIT_HOOK_VARIABLES.map((name) => [name, env[name]])),
});

function findings(hook: string, args: readonly string[], { top, gitDir, commonDir, branch, headSha }: Repository): HookFindings {
  return {
    ...{ source: 'git', time_ms: String(Date.now()), git_hook: hook, git_args: args.join(' ') },
    ...{ git_dir: gitDir, git_common: commonDir },
    ...(top === null ? {} : { git_top: top }),
    ...(branch === null ? {} : { git_branch: branch }),
    ...(headSha === null ? {} : { git_head: headSha }),
  };
}

/** Of which repository the hook is: git names it where the folder does not tell. */
function repositoryOf(cwd: string, env: NodeJS.ProcessEnv): Repository | null {
  const named = env['GIT_DIR'];
  if (named) {
    const gitDir = resolve(cwd, named);
    const shared = firstLine(join(gitDir, 'commondir'));
    const commonDir = shared === null ? gitDir : resolve(gitDir, shared);
    return existsSync(join(gitDir, 'HEAD')) ? { top: cwd, gitDir, commonDir, ...headOf(gitDir) } : null;
  }
  const place = gitPlace(cwd);
  const folders = place === null ? null : gitFolders(place.top);
  return place === null || folders === null ? null : { ...place, gitDir: folders.gitDir, commonDir: folders.commonDir };
}

/** What git's files tell of the step: the parts of a record (src/hook/git-hook.ts). */
function toldBy(
  hook: string,
  args: readonly string[],
  { gitDir, commonDir }: Repository,
  stdin: string | null,
): Record<string, string> {
  const stashes = linesOf(join(commonDir, 'logs', 'refs', 'stash'))
    .slice(-MOST_STASHES)
    .join('\n');
  const reflog = linesOf(join(gitDir, 'logs', 'HEAD')).at(-1) ?? '';
  const squash = hook === 'post-merge' && args[0] === '1' ? linesOf(join(gitDir, 'SQUASH_MSG')).join('\n') : '';
  const told = { stdin: stdin ?? '', stash: stashes, reflog, squash };
  return Object.fromEntries(Object.entries(told).filter(([, content]) => content !== ''));
}

/** None where there is no such file. */
function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}

const bodyOf = (
  hook: string,
  args: readonly string[],
  cwd: string,
  { top, gitDir, commonDir, branch, headSha }: Repository,
  told: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv,
): object => ({
  ...{ hook, args, cwd, time_ms: Date.now(), git_top: top, git_dir: gitDir, git_common: commonDir },
  ...{ git_branch: branch, git_head: headSha, ...told },
  ...{ claude_session: env['CLAUDE_CODE_SESSION_ID'] ?? null, inside_claude: env['CLAUDECODE'] === '1' },
});
