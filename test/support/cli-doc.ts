import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Names of the commands, from the files of their folder; test/architecture.test.ts holds the registry to the same list. */
export const commandNames = (): string[] =>
  readdirSync(`${root}src/cli/commands`)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.replace('.ts', ''))
    .sort();

/** What the command prints of itself on a terminal of 100 columns without colour. */
function help(args: readonly string[]): string {
  const env = { PATH: process.env['PATH'], COLUMNS: '100', NO_COLOR: '1' };
  return execFileSync(process.execPath, [`${root}src/cli/main.ts`, ...args, '--help'], { encoding: 'utf8', env }).trim();
}

const section = (title: string, text: string): string => `## ${title}\n\n\`\`\`text\n${text}\n\`\`\`\n`;

/** docs/cli.md: what `--help` says, so that the page and the command cannot differ. */
export function cliDoc(): string {
  const commands = commandNames().map((name) => section(`ai-tracker ${name}`, help([name])));
  return [
    '# The command line',
    '',
    '<!-- Generated from `ai-tracker --help` by `npm run docs`. -->',
    '',
    'Exit codes: 0 done (an empty list is 0), 1 a named thing was not found or a stated limit was not met, 2 wrong use, 3 the',
    'file or the environment is at fault.',
    '',
    section('ai-tracker', help([])),
    ...commands,
  ].join('\n');
}
