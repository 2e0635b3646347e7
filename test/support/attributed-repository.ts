import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { claudeHook } from '../../src/cli/claude-hook.ts';
import { aiTracker, type CommandRun } from '../cli/command.ts';

const GIT_HOOK = fileURLToPath(new URL('../../src/hook/shell/git-hook.sh', import.meta.url));
const GIT_HOOKS = ['post-commit', 'post-rewrite', 'post-merge', 'post-checkout'];

export interface AgentCall {
  readonly agent: string;
  readonly task?: string;
  /** The model's id of the call. */
  readonly call: string;
  readonly session?: string;
}

/** A repository in which people and agents work, with git's hooks as they are installed. Remove `root` when done. */
export class AttributedRepository {
  readonly root = mkdtempSync(join(tmpdir(), 'ai-tracker-lines-'));
  readonly top = join(this.root, 'repo');
  /** Of the agents' files. */
  readonly tracking = join(this.root, 'tracking');
  readonly home = join(this.root, 'home');

  constructor() {
    const hooks = join(this.home, 'hooks');
    for (const folder of [this.top, hooks, this.tracking]) mkdirSync(folder, { recursive: true });
    for (const name of GIT_HOOKS)
      writeFileSync(join(hooks, name), `#!/bin/sh\nexec sh "${GIT_HOOK}" ${name} "$@"\n`, { mode: 0o755 });
    const config = ['[user]', ' name = Hu Man', ' email = h@example.invalid', '[init]', ' defaultBranch = main'];
    const more = ['[core]', ` hooksPath = ${hooks}`, '[protocol "file"]', ' allow = always', '[advice]', ' detachedHead = false'];
    writeFileSync(join(this.home, '.gitconfig'), `${[...config, ...more].join('\n')}\n`);
    this.git('init', '-q');
  }

  env(call: Partial<AgentCall> = {}): NodeJS.ProcessEnv {
    const { agent = 'laptop', task } = call;
    return {
      ...{ PATH: process.env['PATH'], HOME: this.home, AI_TRACKER_SHARED_DIR: this.tracking, AGENT_ID: agent },
      ...{ GIT_CONFIG_NOSYSTEM: '1', GIT_EDITOR: 'true', TZ: 'UTC', FILTER_BRANCH_SQUELCH_WARNING: '1' },
      ...(task === undefined ? {} : { AI_TRACKER_TASK_ID: task }),
    };
  }

  /** By a person, with the hooks. @returns what it prints, trimmed */
  git(...args: string[]): string {
    return this.gitIn(this.top, ...args);
  }

  gitIn(folder: string, ...args: string[]): string {
    const ran = spawnSync('git', args, { cwd: folder, env: this.env(), encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(`git ${args.join(' ')}: ${ran.status} ${ran.stdout}${ran.stderr}`);
    return ran.stdout.trim();
  }

  /** In a clone or by a server: no hook of ours runs. */
  gitWithoutHooks(folder: string, ...args: string[]): string {
    return this.gitIn(folder, '-c', 'core.hooksPath=/dev/null', ...args);
  }

  write(path: string, ...lines: string[]): void {
    mkdirSync(dirname(join(this.top, path)), { recursive: true });
    writeFileSync(join(this.top, path), lines.map((line) => `${line}\n`).join(''));
  }

  commit(subject: string): string {
    this.git('add', '-A');
    this.git('commit', '-qm', subject);
    return this.git('rev-parse', 'HEAD');
  }

  /** An agent writes a file with Claude Code's `Write`. */
  async agentWrites(path: string, lines: readonly string[], call: AgentCall): Promise<void> {
    const file = join(this.top, path);
    const content = lines.map((line) => `${line}\n`).join('');
    const before = existsSync(file) ? readFileSync(file, 'utf8') : null;
    const told = {
      ...{ session_id: call.session ?? `session-${call.agent}`, cwd: this.top, tool_name: 'Write', tool_use_id: call.call },
      tool_input: { file_path: file, content },
    };
    await this.#hook({ ...told, hook_event_name: 'PreToolUse' }, call);
    this.write(path, ...lines);
    const type = before === null ? 'create' : 'update';
    const response = { type, filePath: file, content, structuredPatch: [], originalFile: before };
    await this.#hook({ ...told, hook_event_name: 'PostToolUse', tool_response: response }, call);
  }

  async #hook(event: object, call: AgentCall): Promise<void> {
    const here = process.cwd();
    process.chdir(this.top);
    try {
      await claudeHook(Readable.from([Buffer.from(JSON.stringify(event))]), this.env(call));
    } finally {
      process.chdir(here);
    }
  }

  /** `ai-tracker ARGS` in the repository, or in another folder, with the rows of `tracking`. */
  ask(
    args: readonly string[],
    { cwd = this.top, env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<CommandRun> {
    return aiTracker(args, { home: this.home, cwd, env: { ...this.env(), ...env } });
  }

  /** The same, as JSON. @throws where the command failed */
  async json<T>(args: readonly string[], where: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<T> {
    const { code, stdout, stderr } = await this.ask([...args, '--json'], where);
    if (code !== 0) throw new Error(`ai-tracker ${args.join(' ')}: ${code} ${stderr}`);
    return JSON.parse(stdout) as T;
  }
}
