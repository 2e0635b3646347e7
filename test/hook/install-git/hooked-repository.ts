import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type GitHookEvent, readGitHook } from '../../../src/hook/git-hook.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { homeSpool, hooksIn } from '../shell/shell-hook.ts';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A home with one repository in it, whose `user.name` is known, and nothing else of ours. */
export class Playground {
  readonly home = realpathSync(scratchFolder());
  readonly repo = join(this.home, 'repo');
  readonly #path: string;

  /** @param path folders before the system's, in which commands are looked for */
  constructor(path: readonly string[] = []) {
    this.#path = [...path, dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':');
    writeFileSync(
      join(this.home, '.gitconfig'),
      '[user]\n name = a\n email = a@b\n[init]\n defaultBranch = main\n[protocol "file"]\n allow = always\n',
    );
    mkdirSync(this.repo);
    // A file where drains want a folder for their lock: none starts, and records stay to be looked at.
    mkdirSync(homeSpool(this.home), { recursive: true });
    writeFileSync(join(homeSpool(this.home), '.draining'), '');
    this.git(['init', '-q']);
  }

  run(command: string, args: readonly string[], { cwd = this.repo, env = {} as NodeJS.ProcessEnv, input = '' } = {}): Ran {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      ...{ cwd, input, encoding: 'utf8' },
      env: {
        PATH: this.#path,
        HOME: this.home,
        LC_ALL: 'C',
        GIT_EDITOR: 'true',
        GIT_SEQUENCE_EDITOR: 'true',
        COLUMNS: '80',
        ...env,
      },
    });
    if (error !== undefined) throw error;
    return { code: status, out: stdout, err: stderr };
  }

  /** @throws where git fails */
  git(args: readonly string[], more: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): string {
    const { code, out, err } = this.run('git', args, more);
    if (code !== 0) throw new Error(`git ${args.join(' ')} ended with ${code}: ${out}${err}`);
    return out.trim();
  }

  commit(message: string, more: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Ran {
    return this.run('git', ['commit', '-q', '--allow-empty', '-m', message], more);
  }

  aiTracker(args: readonly string[], cwd = this.repo): Ran {
    return this.run(process.execPath, [MAIN, ...args], { cwd });
  }

  /** @throws where it fails */
  install(cwd = this.repo): string {
    return this.#succeed(['install', '--git'], cwd);
  }

  /** @throws where it fails */
  uninstall(cwd = this.repo): string {
    return this.#succeed(['uninstall', '--git'], cwd);
  }

  #succeed(args: readonly string[], cwd: string): string {
    const { code, out, err } = this.aiTracker(args, cwd);
    if (code !== 0) throw new Error(`ai-tracker ${args.join(' ')} ended with ${code}: ${out}${err}`);
    return out;
  }

  /** Writes an executable file into the repository. */
  hook(name: string, text: string, mode = 0o755): string {
    const path = join(this.repo, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  }

  /** What hooks of git have spooled, in their order. */
  events(): GitHookEvent[] {
    return hooksIn(homeSpool(this.home))
      .flatMap((record) => {
        const reading = readGitHook(record);
        return reading.what === 'event' ? [reading.event] : [];
      })
      .toSorted((a, b) => a.timeMs - b.timeMs);
  }

  /** How often a hook of that name was recorded for the commit that is checked out. */
  recorded(hook = 'post-commit', cwd = this.repo): number {
    const head = this.git(['rev-parse', 'HEAD'], { cwd });
    return this.events().filter((event) => event.hook === hook && event.place.headSha === head).length;
  }

  /** Everything below a folder but git's objects, logs and the like, with bytes, modes and links. */
  picture(folder = this.repo): Record<string, string> {
    const shown: Record<string, string> = {};
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()) {
      if (/(^|\/)\.git\/(?!hooks|info$|info\/exclude$|ai-tracker|config$)/.test(name)) continue;
      const path = join(folder, name);
      const found = lstatSync(path);
      const mode = (found.mode & 0o7777).toString(8);
      if (found.isSymbolicLink()) shown[name] = `-> ${readlinkSync(path)}`;
      else shown[name] = found.isDirectory() ? `${mode} folder` : `${mode} ${readFileSync(path, 'latin1')}`;
    }
    return shown;
  }

  said(name: string): string {
    const path = join(this.home, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }
}
