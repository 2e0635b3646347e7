import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { claudeHook } from '../../../src/cli/claude-hook.ts';
import { run } from '../../../src/cli/run.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const ADAPTER = join(ROOT, 'test/attribution-adapter');
const GIT_HOOK = join(ROOT, 'src/hook/shell/git-hook.sh');
const GIT_HOOKS = ['post-commit', 'post-rewrite', 'post-merge', 'post-checkout', 'post-applypatch'];

/** Between two calls that a model makes one after the other lie seconds. Within a tenth of one, a command and an edit pass for simultaneous. */
const CALLS_APART_MS = 120;

/** Who runs something: a person in a terminal, or an agent within its Bash tool. */
export type Runner = { readonly kind: 'human' } | { readonly kind: 'agent'; readonly agent: string; readonly session: string };

export interface GitRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface GitOptions {
  readonly by?: Runner;
  readonly input?: string | Buffer;
  readonly env?: NodeJS.ProcessEnv;
  /** It may fail: git refuses what does not go. */
  readonly mayFail?: boolean;
}

/**
 * A scratch home with repositories in which real git runs with our hooks.
 *
 * `quick`: Claude Code's hooks run in this process and git's as the shell script that is installed; `commands`: each is a process of
 * `ai-tracker`, by the adapter.
 */
export class Playground {
  readonly root: string;
  readonly repo: string;
  readonly #home: string;
  readonly #state: string;
  readonly #way: 'quick' | 'commands';
  #commandEndedMs = 0;

  constructor(way: 'quick' | 'commands') {
    this.#way = way;
    this.root = mkdtempSync(join(tmpdir(), 'ai-tracker-history-'));
    this.repo = join(this.root, 'repo');
    this.#home = join(this.root, 'home');
    this.#state = join(this.root, 'state');
    const hooks = join(this.#home, 'hooks');
    for (const folder of [this.repo, hooks, this.#state]) mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(this.#home, '.gitconfig'),
      `[user]\n name=Hu Man\n email=h@example.invalid\n[init]\n defaultBranch=main\n[core]\n hooksPath=${hooks}\n autocrlf=false\n[gc]\n auto=0\n[advice]\n detachedHead=false\n[protocol "file"]\n allow=always\n`,
    );
    for (const name of GIT_HOOKS) {
      const command = way === 'quick' ? `sh "${GIT_HOOK}" ${name}` : `"${ADAPTER}" ${name}`;
      const script = way === 'quick' && !existsSync(GIT_HOOK) ? 'exit 0' : `exec ${command} "$@"`;
      writeFileSync(join(hooks, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The environment of whoever runs something here. */
  env(by: Runner): NodeJS.ProcessEnv {
    return {
      ...{ PATH: process.env['PATH'], LANG: 'C.UTF-8', HOME: this.#home, TRACKER_ROOT: this.#state },
      ...{ AI_TRACKER_SHARED_DIR: this.#state, AGENT_ID: by.kind === 'agent' ? by.agent : 'agent-1' },
      ...{ GIT_CONFIG_NOSYSTEM: '1', GIT_EDITOR: 'true', GIT_SEQUENCE_EDITOR: 'true' },
      ...(by.kind === 'agent' ? { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: by.session } : {}),
    };
  }

  /** @throws where git fails and may not */
  git(
    cwd: string,
    args: readonly string[],
    { by = { kind: 'human' }, input, env = {}, mayFail = false }: GitOptions = {},
  ): GitRun {
    const ran = spawnSync('git', args, {
      cwd,
      env: { ...this.env(by), ...env },
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      ...(input === undefined ? {} : { input }),
    });
    if (ran.error !== undefined) throw ran.error;
    const status = ran.status ?? -1;
    if (status !== 0 && !mayFail) throw new Error(`git ${args.join(' ')} in ${cwd}: ${status}\n${ran.stdout}${ran.stderr}`);
    return { status, stdout: ran.stdout, stderr: ran.stderr };
  }

  /** git, asked by the test itself: no hook runs. */
  ask(cwd: string, args: readonly string[], input?: string): string {
    return this.git(cwd, ['-c', 'core.hooksPath=/dev/null', '-c', 'core.quotePath=false', ...args], {
      ...(input === undefined ? {} : { input }),
    }).stdout;
  }

  /** A hook event of Claude Code, run by an agent's session in a folder. */
  async claude(event: Readonly<Record<string, unknown>>, cwd: string, agent: string): Promise<void> {
    const env = this.env({ kind: 'agent', agent, session: '' });
    delete env['CLAUDECODE'];
    delete env['CLAUDE_CODE_SESSION_ID'];
    const input = JSON.stringify(event);
    const isCommand = event['tool_name'] === 'Bash';
    const leftMs = this.#commandEndedMs + CALLS_APART_MS - Date.now();
    if (!isCommand && event['hook_event_name'] === 'PreToolUse' && leftMs > 0) await wait(leftMs);
    if (this.#way === 'commands') {
      const command = event['hook_event_name'] === 'PreToolUse' ? 'pre-hook' : 'post-hook';
      const ran = spawnSync(ADAPTER, [command], { cwd, env, input, encoding: 'utf8' });
      if (ran.status !== 0 || ran.stdout !== '' || ran.stderr !== '')
        throw new Error(`a hook said something: ${ran.status} ${ran.stdout}${ran.stderr}`);
      return;
    }
    const here = process.cwd();
    process.chdir(cwd);
    try {
      await claudeHook(Readable.from([Buffer.from(input)]), env);
    } finally {
      if (isCommand) this.#commandEndedMs = Date.now();
      process.chdir(here);
    }
  }

  /** An `ai-tracker` command in this process. */
  async tracker(cwd: string, args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const texts = { stdout: '', stderr: '' };
    const into = (name: 'stdout' | 'stderr'): NodeJS.WriteStream => {
      const stream = new PassThrough().setEncoding('utf8');
      stream.write = (chunk: unknown) => ((texts[name] += String(chunk)), true);
      return stream as unknown as NodeJS.WriteStream;
    };
    const here = process.cwd();
    process.chdir(cwd);
    try {
      const stdin = Readable.from([]);
      const code = await run(args, { stdout: into('stdout'), stderr: into('stderr'), stdin, env: this.env({ kind: 'human' }) });
      return { code, ...texts };
    } finally {
      process.chdir(here);
    }
  }

  write(dir: string, path: string, text: string): void {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }

  delete(dir: string, path: string): void {
    rmSync(join(dir, path), { force: true });
  }

  /** Every file of a work tree, by its path below the top. */
  read(dir: string): Map<string, string> {
    const files = new Map<string, string>();
    for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      const path = relative(dir, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
      if (entry.isFile() && path !== '.git' && !path.startsWith('.git/')) files.set(path, readFileSync(join(dir, path), 'utf8'));
    }
    return files;
  }

  /** Every file of a commit. */
  readCommit(sha: string): Map<string, string> {
    const entries = this.ask(this.repo, ['ls-tree', '-rz', '--full-tree', sha])
      .split('\0')
      .filter((entry) => entry !== '')
      .map((entry) => /^\d+ blob ([0-9a-f]+)\t([\s\S]*)$/.exec(entry))
      .filter((found) => found !== null);
    const files = new Map<string, string>();
    if (entries.length === 0) return files;
    const batch = this.ask(this.repo, ['cat-file', '--batch'], `${entries.map(([, oid]) => oid).join('\n')}\n`);
    // All texts of a history are ASCII, so that lengths in bytes and in characters are the same.
    let at = 0;
    for (const [, , path] of entries) {
      const end = batch.indexOf('\n', at);
      const length = Number(batch.slice(at, end).split(' ')[2]);
      files.set(path as string, batch.slice(end + 1, end + 1 + length));
      at = end + 1 + length + 1;
    }
    return files;
  }
}
