/**
 * `npm run test:git-hooks`: husky and lefthook from npm, pre-commit and prek from PyPI, then the tests with them. Those that can't be had
 * here are left out with a line, which says nothing about ours.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { preparePython } from '../python/environment.ts';
import { PYTHON } from './managers.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));

/** What npm says of a package.json and a lock file that don't agree, or of a package that is not the locked one. */
const OUR_FAULT = ['EUSAGE', 'EINTEGRITY', 'EJSONPARSE'];

// lefthook's own install script would install hooks into this repository.
const { stderr, status } = spawnSync('npm', ['ci', '--ignore-scripts', '--fetch-retries=1'], { cwd: here, encoding: 'utf8' });
const code = /\bcode (E\w+)/.exec(stderr ?? '')?.[1] ?? null;
const python = await preparePython(PYTHON);
if (code !== null && OUR_FAULT.includes(code)) {
  console.error(`cannot install husky and lefthook: ${stderr}`);
  process.exitCode = 1;
} else if (python.outcome === 'failed') {
  console.error(python.reason);
  process.exitCode = 1;
} else {
  if (status !== 0) console.log(`skipped: husky and lefthook can't be had here: npm says ${code ?? status}`);
  if (python.outcome === 'skipped') console.log(`skipped: pre-commit and prek can't be had here: ${python.reason}`);
  const args = ['run', '--config', 'test/git-hooks/vitest.config.ts', '--passWithNoTests', ...process.argv.slice(2)];
  process.exitCode = spawnSync('node_modules/.bin/vitest', args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
