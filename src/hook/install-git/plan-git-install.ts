import { basename, dirname, join, relative } from 'node:path';
import { type FileStep, type HookFile, readHookFile } from './hook-files.ts';
import {
  BEFORE,
  GIT_HOOKS,
  type GitHookName,
  HUSKY_MARKS,
  hookBlock,
  huskyBlock,
  keeperOf,
  lefthookBlock,
  ownershipOf,
  ownHook,
  wrappingHook,
} from './hook-text.ts';
import { hasBlock, withBlock, withoutBlock } from './our-block.ts';

/** A repository, as far as its hooks are concerned. */
export interface HookedRepository {
  /** Top folder of the work tree. */
  readonly top: string;
  readonly commonDir: string;
  /** Where git looks for hooks. */
  readonly hooksFolder: string;
  /** Of husky's own settings: `~/.config/husky/init.sh`. */
  readonly huskyInit: string;
  /** Whether the repository holds that file. */
  isTracked(path: string): boolean;
  /** Whether `git status` would tell of a new file there. */
  isSeen(path: string): boolean;
}

export interface GitInstallPlan {
  readonly steps: readonly FileStep[];
  /** All files that are ours or have lines of ours once that is done. */
  readonly files: readonly string[];
  /** What a person should know, a sentence each. */
  readonly remarks: readonly string[];
}

const HOOK_MODE = 0o755;
const LEFTHOOK_LOCALS = ['', '.', '.config/'].flatMap((before) =>
  ['yml', 'yaml', 'toml', 'json', 'jsonc'].map((ending) => `${before}lefthook-local.${ending}`),
);

/**
 * What has to be done so that each hook of a repository is recorded, and whoever has hooks there keeps them (docs/git.md). Reads
 * files, writes none.
 *
 * @param script path of git-hook.sh, which stays
 * @throws the file system's error
 */
export function planGitInstall(repository: HookedRepository, script: string): GitInstallPlan {
  return new Planning(repository, script).plan();
}

class Planning {
  readonly #repository: HookedRepository;
  readonly #script: string;
  readonly #steps: FileStep[] = [];
  readonly #files: string[] = [];
  readonly #remarks: string[] = [];
  readonly #excluded: string[] = [];
  readonly #byLefthook: GitHookName[] = [];
  #byHusky = false;

  constructor(repository: HookedRepository, script: string) {
    this.#repository = repository;
    this.#script = script;
  }

  plan(): GitInstallPlan {
    const { hooksFolder } = this.#repository;
    for (const name of GIT_HOOKS) this.#at(join(hooksFolder, name), name);
    if (this.#byLefthook.length > 0) this.#putIntoLefthook(this.#byLefthook);
    if (this.#byHusky) this.#put(this.#repository.huskyInit, huskyBlock(this.#script), 'at the end', 0o644);
    this.#hide();
    return { steps: this.#steps, files: this.#files, remarks: this.#remarks };
  }

  #at(path: string, name: GitHookName): void {
    const file = readHookFile(path);
    if (file === null) return this.#makeOwn(path, name);
    if (file.isLink) return this.#wrap(path, name);
    switch (ownershipOf(file.bytes)) {
      case 'own':
        return this.#makeOwn(path, name, file);
      case 'wrapping':
        return this.#write(path, file, Buffer.from(wrappingHook(name, this.#script, `${basename(path)}${BEFORE}`)), HOOK_MODE);
      case 'block':
        return this.#putBlock(path, name, file);
      case 'theirs':
        return this.#besideTheirs(path, name, file);
    }
  }

  #besideTheirs(path: string, name: GitHookName, file: HookFile): void {
    switch (keeperOf(file.bytes)) {
      // Both run NAME.legacy before their own, write NAME anew at each install, and leave that one alone.
      case 'pre-commit':
        return this.#at(`${path}.legacy`, name);
      case 'lefthook':
        this.#byLefthook.push(name);
        return;
      case 'husky':
        return this.#besideHusky(join(dirname(dirname(path)), name), name);
      case 'a shell script':
        // git does not run what is not executable, and nothing may come of our being there.
        return (file.mode & 0o111) === 0 ? this.#wrap(path, name) : this.#putBlock(path, name, file);
      case 'another program':
        return this.#wrap(path, name);
    }
  }

  #makeOwn(path: string, name: GitHookName, before: HookFile | null = null): void {
    if (this.#repository.isSeen(path)) this.#excluded.push(path);
    this.#write(path, before, Buffer.from(ownHook(name, this.#script)), HOOK_MODE);
  }

  #putBlock(path: string, name: GitHookName, file: HookFile, itself?: string): void {
    const place = file.bytes.toString('latin1').startsWith('#!') ? 'after the first line' : 'at the top';
    if (this.#repository.isTracked(path))
      this.#remarks.push(`${path} is in the repository and got lines of ours, which \`git status\` tells: do not commit them.`);
    this.#write(path, file, withBlock(file.bytes, hookBlock(name, this.#script, itself), place), file.mode);
  }

  #wrap(path: string, name: GitHookName): void {
    const theirs = `${path}${BEFORE}`;
    if (readHookFile(theirs) !== null) {
      this.#remarks.push(`${path} is not recorded: ${theirs} is in the way. Move it away, and install again.`);
      return;
    }
    if (this.#repository.isTracked(path))
      this.#remarks.push(`${path} is in the repository and was moved to ${basename(theirs)}, which \`git status\` tells.`);
    if (this.#repository.isSeen(theirs)) this.#excluded.push(theirs);
    this.#steps.push({ do: 'move', from: path, to: theirs });
    const bytes = Buffer.from(wrappingHook(name, this.#script, basename(theirs)));
    this.#steps.push({ do: 'write', path, before: null, bytes, mode: HOOK_MODE });
    this.#files.push(path);
  }

  /** husky writes the hooks in `_` anew at each `npm install`, and runs those beside it by `sh -e`. */
  #besideHusky(path: string, name: GitHookName): void {
    const file = readHookFile(path);
    if (file === null || ownershipOf(file.bytes) === 'own') return this.#makeOwn(path, name, file);
    if (!this.#repository.isTracked(path) && !file.isLink) return this.#putBlock(path, name, file, 'sh -e "$0"');
    // What the repository holds is not ours to change: husky has a file of the user's own that it reads before.
    this.#byHusky = true;
    const mark = join(this.#repository.commonDir, HUSKY_MARKS, name);
    this.#write(mark, readHookFile(mark), Buffer.alloc(0), 0o644);
  }

  /** lefthook writes its hooks anew whenever its configuration changed; a local file of it is for what one person adds. */
  #putIntoLefthook(names: readonly GitHookName[]): void {
    const { top, hooksFolder, isTracked } = this.#repository;
    const there = LEFTHOOK_LOCALS.map((name) => join(top, name)).find((path) => readHookFile(path) !== null);
    const path = there ?? join(top, 'lefthook-local.yml');
    const file = readHookFile(path);
    const others = file === null ? '' : withoutBlock(file.bytes).toString('utf8');
    const isFree = /\.ya?ml$/.test(path) && names.every((name) => !new RegExp(`^["']?${name}["']?\\s*:`, 'm').test(others));
    if (isFree && file?.isLink !== true && !isTracked(path)) {
      this.#put(path, lefthookBlock(names, this.#script), 'at the end', 0o644);
      if (file === null || others === '') this.#excludeIfSeen(path);
      return;
    }
    for (const name of names) {
      this.#wrap(join(hooksFolder, name), name);
    }
    this.#remarks.push(
      `${path} has its own ${names.join(', ')} or cannot be added to: ours is in front of lefthook’s instead, and \`lefthook install\` takes it away again.`,
    );
  }

  #put(path: string, lines: readonly string[], place: 'at the end', mode: number): void {
    const file = readHookFile(path);
    this.#write(path, file, withBlock(file?.bytes ?? null, lines, place), file?.mode ?? mode);
  }

  #write(path: string, before: HookFile | null, bytes: Buffer, mode: number): void {
    this.#files.push(path);
    if (before?.bytes.equals(bytes) && before.mode === mode) return;
    this.#steps.push({ do: 'write', path, before, bytes, mode });
  }

  #excludeIfSeen(path: string): void {
    if (this.#repository.isSeen(path)) this.#excluded.push(path);
  }

  /** New files in the work tree are ours alone: kept out of `git status` by the clone's own list. */
  #hide(): void {
    const { top, commonDir } = this.#repository;
    const path = join(commonDir, 'info', 'exclude');
    const file = readHookFile(path);
    const known = file !== null && hasBlock(file.bytes);
    if (this.#excluded.length === 0) {
      if (known) this.#files.push(path);
      return;
    }
    const lines = this.#excluded.map((each) => `/${relative(top, each).replaceAll('\\', '/')}`);
    this.#put(path, [...new Set([...(known ? linesWithin(file.bytes) : []), ...lines])], 'at the end', 0o644);
  }
}

/** What an earlier install has put there: those files are hidden by it, so nobody sees them now. */
function linesWithin(bytes: Buffer): string[] {
  const kept = new Set(withoutBlock(bytes).toString('utf8').split('\n'));
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line.startsWith('/') && !kept.has(line));
}
