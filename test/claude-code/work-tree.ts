import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file's change as git tells it. */
export interface Change {
  readonly path: string;
  /** A file that moved unchanged is a rename with all its lines, beside the deletion of the file that it was. */
  readonly type: 'create' | 'edit' | 'delete' | 'rename';
  readonly previous: string | null;
  readonly added: number;
  readonly removed: number;
}

const TYPES: Readonly<Record<string, Change['type']>> = { A: 'create', M: 'edit', D: 'delete' };

/** A repository whose state is looked at from time to time, with an index of the test's own. */
export class WorkTree {
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;
  #tree: string;

  constructor(folder: string, files: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.#env = { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1' };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    this.#git(['init', '-q', '-b', 'main']);
    this.#git(['add', '-A']);
    this.#git(['-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '-q', '-m', 'first']);
    this.#tree = this.#git(['rev-parse', 'HEAD^{tree}']);
  }

  /** What has changed since it was last asked, sorted by path. */
  changes(): Change[] {
    const env = { GIT_INDEX_FILE: join(this.folder, '.git', 'truth-index') };
    this.#git(['add', '-A'], env);
    const tree = this.#git(['write-tree'], env);
    const diff = (...form: string[]): string[][] => {
      const text = this.#git(['diff-tree', '-r', ...form, this.#tree, tree]);
      return text === '' ? [] : text.split('\n').map((line) => line.split('\t'));
    };
    const types = new Map(diff('--no-renames', '--name-status').map(([status = '', path = '']) => [path, TYPES[status]]));
    const moved = new Map(diff('-M100%', '--diff-filter=R', '--name-status').map(([, from = '', to = '']) => [to, from]));
    const changed = diff('--no-renames', '--numstat').map(([added, removed, path = '']): Change => {
      const type = types.get(path);
      if (type === undefined) throw new Error(`git tells of ${path} no type that is known here`);
      const previous = moved.get(path) ?? null;
      return { path, type: previous === null ? type : 'rename', previous, added: Number(added), removed: Number(removed) };
    });
    this.#tree = tree;
    return changed.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  #git(args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
    return execFileSync('git', args, { cwd: this.folder, env: { ...this.#env, ...env }, encoding: 'utf8' }).trim();
  }
}
