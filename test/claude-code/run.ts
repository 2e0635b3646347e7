/**
 * `npm run test:claude`: Claude Code, then the tests with it. Exits 0 with one line where the package can't be had, which says
 * nothing about ours.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { claudeProgram } from './claude-process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));

/** Its own install script only links the program of the platform's package to another place. */
const installed = spawnSync('npm', ['ci', '--ignore-scripts', '--fetch-retries=1'], { cwd: here, encoding: 'utf8' });
const program = claudeProgram();
if (program === null || spawnSync(program, ['--version']).status !== 0) {
  const why =
    program === null ? lastLine(installed.stderr) || 'npm has no program for this platform' : `${program} does not start`;
  console.log(`skipped: @anthropic-ai/claude-code can't be had here: ${why}`);
} else {
  const args = ['run', '--config', 'test/claude-code/vitest.config.ts', ...process.argv.slice(2)];
  process.exitCode = spawnSync('node_modules/.bin/vitest', args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}

function lastLine(text: string): string {
  return (
    text
      .trim()
      .split('\n')
      .find((line) => !/A complete log/.test(line)) ?? ''
  );
}
