/**
 * Adds to package-lock.json the platform packages (`@biomejs/cli-darwin-arm64` and the like) that npm left out.
 *
 * npm leaves an optional dependency out of the lock file when the registry that it asked does not have it; `npm ci`
 * then refuses that lock file on every machine ("Missing: …@ from lock file", npm 11.19). An entry with version and
 * platform is enough: npm skips it elsewhere and asks its registry for it on the platform that it is for. Only exact
 * versions of platform packages can be completed so; anything else is an error, since its own dependencies would be
 * unknown. Run after every `npm install`: `npm run lock`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = process.argv[2] ?? new URL('../package-lock.json', import.meta.url);
const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const CPU = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const added = [];
for (const [parentPath, parent] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`;
    if (lock.packages[place] !== undefined || lock.packages[`${parentPath}/${place}`] !== undefined) continue;
    const words = name.slice(name.indexOf('/') + 1).split('-');
    const os = OS.find((word) => words.includes(word));
    const cpu = CPU.find((word) => words.includes(word));
    if (os === undefined || cpu === undefined || !/^\d+\.\d+\.\d+$/.test(version)) {
      console.error(
        `package-lock.json: cannot complete ${name}@${version}, wanted by ${parentPath}: not an exact version of a platform package`,
      );
      process.exitCode = 1;
      continue;
    }
    const musl = words.some((word) => word.startsWith('musl'));
    const glibc = words.some((word) => word.startsWith('gnu'));
    lock.packages[place] = {
      version,
      cpu: [cpu],
      ...(parent.dev === true && { dev: true }),
      ...(os === 'linux' && (musl || glibc) && { libc: [musl ? 'musl' : 'glibc'] }),
      optional: true,
      os: [os],
    };
    added.push(name);
  }
}
const [root, ...rest] = Object.entries(lock.packages);
rest.sort(([a], [b]) => a.localeCompare(b, 'en'));
lock.packages = Object.fromEntries([root, ...rest]);
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${added.length} platform packages completed`);
