import { basename } from 'node:path';
import type { GitFolders } from './git-folders.ts';
import { runGit } from './run-git.ts';

/** Files that tools write: nobody's lines, whoever ran the tool. */
export const LOCK_FILES: readonly string[] = [
  ...['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb', 'deno.lock'],
  ...['Cargo.lock', 'go.sum', 'poetry.lock', 'pdm.lock', 'uv.lock', 'Pipfile.lock', 'pixi.lock', 'conan.lock'],
  ...['Gemfile.lock', 'composer.lock', 'mix.lock', 'pubspec.lock', 'Podfile.lock', 'Package.resolved', 'flake.lock'],
  ...['gradle.lockfile', 'packages.lock.json', 'paket.lock', '.terraform.lock.hcl'],
];
export const GENERATED_ENDINGS: readonly string[] = ['.min.js', '.min.css', '.js.map', '.css.map'];

const LIMIT_MS = 30_000;
const locks = new Set(LOCK_FILES);

/** By its name alone. */
export const isNamedGenerated = (path: string): boolean =>
  locks.has(basename(path)) || GENERATED_ENDINGS.some((ending) => path.endsWith(ending));

/**
 * Those of the paths that are generated: `linguist-generated` in .gitattributes says so (and `-linguist-generated` that a file of the list
 * is not), else their names do.
 */
export function generatedFiles({ top }: GitFolders, paths: Iterable<string>): Set<string> {
  const all = [...new Set(paths)];
  const generated = new Set(all.filter(isNamedGenerated));
  if (all.length === 0) return generated;
  const outcome = runGit({
    cwd: top,
    args: ['check-attr', '-z', '--stdin', 'linguist-generated'],
    input: all.map((path) => `${path}\0`).join(''),
    limitMs: LIMIT_MS,
  });
  if (outcome.status !== 'done') return generated;
  const parts = outcome.output.toString('utf8').split('\0');
  for (let n = 0; n + 2 < parts.length; n += 3) {
    const [path = '', value = ''] = [parts[n], parts[n + 2]];
    if (value === 'set' || value === 'true') generated.add(path);
    else if (value === 'unset' || value === 'false') generated.delete(path);
  }
  return generated;
}
