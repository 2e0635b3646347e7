import { spawnSync } from 'node:child_process';

export interface GitCall {
  /** Where git runs; it looks for the repository from there, unless `env` names one. */
  readonly cwd: string;
  readonly args: readonly string[];
  /** Milliseconds; git is killed beyond them. */
  readonly limitMs: number;
  /** Added to an environment that names no repository of its own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  /** Of output; git that says more is stopped, and failed. */
  readonly maxOutputBytes?: number;
}

export type GitOutcome =
  | { readonly status: 'done'; readonly output: Buffer }
  /** `code` is git's own; 128 is its word for what cannot go on. */
  | { readonly status: 'failed'; readonly code: number; readonly message: string }
  | { readonly status: 'timeout'; readonly message: string }
  /** There is no git on PATH, or it does not start. */
  | { readonly status: 'no git'; readonly message: string };

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
const MAX_SAID = 500;

/**
 * Runs git and waits for it: for drains and hooks, never on a host's thread. What a hook of git, or whoever called us, left in the
 * environment about a repository does not hold; git's own configuration does, with its `safe.directory`.
 */
export function runGit({ cwd, args, limitMs, env, input, maxOutputBytes = MAX_OUTPUT_BYTES }: GitCall): GitOutcome {
  const tried = `git ${args.join(' ').slice(0, MAX_SAID)} in ${cwd}`;
  const { error, status, signal, stdout, stderr } = spawnSync('git', args, {
    cwd,
    env: { ...withoutRepository(process.env), LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', ...env },
    ...(input === undefined ? {} : { input }),
    timeout: limitMs,
    killSignal: 'SIGTERM',
    maxBuffer: maxOutputBytes,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const said = stderr?.toString('utf8').trim().slice(0, MAX_SAID) ?? '';
  if (error !== undefined) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ETIMEDOUT') return { status: 'timeout', message: `${tried} was not done after ${limitMs} ms` };
    if (code === 'ENOENT' || code === 'EACCES') {
      return { status: 'no git', message: `cannot start ${tried}: ${error.message}; is git on PATH, and the folder there?` };
    }
    return { status: 'failed', code: -1, message: `${tried}: ${error.message}` };
  }
  if (status === 0) return { status: 'done', output: stdout };
  return { status: 'failed', code: status ?? -1, message: `${tried} ended with ${status ?? signal}: ${said}` };
}

/**
 * Variables by which git finds its way: inside a hook of git they name the repository that is being committed to. Those that tell
 * who commits, how to connect or which configuration holds stay.
 */
const REPOSITORY_VARIABLES = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_COMMON_DIR',
  'GIT_INDEX_FILE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_NAMESPACE',
  'GIT_PREFIX',
  'GIT_CEILING_DIRECTORIES',
  'GIT_LITERAL_PATHSPECS',
  'GIT_GLOB_PATHSPECS',
  'GIT_NOGLOB_PATHSPECS',
  'GIT_ICASE_PATHSPECS',
  'GIT_EXTERNAL_DIFF',
  'GIT_DIFF_OPTS',
  'GIT_ATTR_SOURCE',
] as const;

function withoutRepository(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const clean = { ...env };
  for (const name of REPOSITORY_VARIABLES) delete clean[name];
  return clean;
}
