/**
 * `npm run test:claude`: Claude Code, then the tests with it. Exits 0 with one line where the package can't be had, which says
 * nothing about ours.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { claudeProgram } from './claude-process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));

/** What npm says of a package.json and a lock file that don't agree, or of a package that is not the locked one. */
const OUR_FAULT = ['EUSAGE', 'EINTEGRITY', 'EJSONPARSE'];

// Its own install script only puts the program of the platform's package into another place.
const { stderr, error } = spawnSync('npm', ['ci', '--ignore-scripts', '--fetch-retries=1'], { cwd: here, encoding: 'utf8' });
const code = /\bcode (E\w+)/.exec(stderr ?? '')?.[1] ?? null;
const program = claudeProgram();
if (code !== null && OUR_FAULT.includes(code)) {
  console.error(`cannot install Claude Code: ${stderr}`);
  process.exitCode = 1;
} else if (program === null || spawnSync(program, ['--version']).status !== 0) {
  console.log(`skipped: @anthropic-ai/claude-code can't be had here: ${why(program)}`);
} else {
  const args = ['run', '--config', 'test/claude-code/vitest.config.ts', ...process.argv.slice(2)];
  process.exitCode = spawnSync('node_modules/.bin/vitest', args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}

function why(program: string | null): string {
  if (program !== null) return `${program} does not start`;
  if (error !== undefined) return `npm does not start: ${error.message}`;
  return code === null ? 'it has no program for this platform' : `npm says ${code}`;
}
