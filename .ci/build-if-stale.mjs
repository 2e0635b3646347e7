/**
 * `prepare`: builds, unless dist is newer than everything that it is made of. npm runs `prepare` not only after `npm ci`
 * but also whenever npx links this package into a cache that is new (npm 11.19: libnpmexec links the package of the
 * current folder always), and a build there costs seconds and rewrites files that other processes are just loading.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Milliseconds; 0 where it is not there. */
const changed = (path) => statSync(root + path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

// Folders too: theirs changes when a file goes away.
const sources = ['src', ...readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' }).map((file) => `src/${file}`)];
const newest = Math.max(...[...sources, 'package.json', 'tsconfig.json', 'tsconfig.build.json'].map(changed));

// Both are written by every build, one early and one late.
if (Math.min(changed('dist/index.js'), changed('dist/cli/main.js')) <= newest) {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
}
