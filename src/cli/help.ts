import type { Command, OptionSpec } from './command.ts';
import { COMMANDS } from './registry.ts';
import { wrap } from './render/wrap.ts';

const WIDTH = 80;

export const OVERVIEW_HINT = '`ai-tracker --help` lists them';

/** Two columns; the right one is wrapped. */
function listing(rows: readonly (readonly [left: string, right: string])[]): string {
  const left = Math.max(...rows.map(([text]) => text.length)) + 4;
  return rows
    .map(([name, text]) => `  ${name.padEnd(left - 2)}${wrap(text, WIDTH - left).join(`\n${' '.repeat(left)}`)}\n`)
    .join('');
}

export const overview = (): string =>
  [
    'Usage: ai-tracker COMMAND [OPTIONS]',
    '',
    'A flight recorder for agent swarms: which agent ran which task, what the task',
    'called, how long that took and whether it worked.',
    '',
    'Commands:',
    listing(COMMANDS.map(({ name, summary }) => [name, summary])),
    '`ai-tracker COMMAND --help` tells more of one, `ai-tracker --version` which',
    'build this is.',
    '',
    'Exit codes: 0 done, 1 not found or rejected, 2 wrong use, 3 a file or the',
    'environment is at fault.',
    '',
  ].join('\n');

export function commandHelp({ name, usage, about, options, examples }: Command): string {
  const all: Record<string, OptionSpec> = { ...options, help: { type: 'boolean', short: 'h', doc: 'print this' } };
  const rows = Object.entries(all).map(([option, spec]): [string, string] => {
    const short = spec.short === undefined ? '' : `-${spec.short}, `;
    const value = spec.type === 'string' ? ` ${spec.value ?? 'TEXT'}` : '';
    return [`${short}--${option}${value}`, spec.doc];
  });
  return [
    `Usage: ai-tracker ${name} ${usage}`.trimEnd(),
    '',
    ...wrap(about, WIDTH),
    '',
    'Options:',
    listing(rows),
    'Examples:',
    ...examples.map((line) => `  ${line}`),
    '',
  ].join('\n');
}
