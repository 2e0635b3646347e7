import { parseArgs } from 'node:util';
import type { Command, Context, OptionSpec } from './command.ts';
import { CommandError, EXIT } from './exit-code.ts';
import { nearestName } from './suggest.ts';

export interface ParsedOptions {
  readonly options: Context['options'];
  readonly positionals: readonly string[];
}

/** Options of the command, in any order with its arguments. @throws {CommandError} where one is not known, or not so used */
export function parseOptions({ name, options }: Command, args: readonly string[]): ParsedOptions {
  const specs: Record<string, OptionSpec> = { ...options, help: { type: 'boolean', short: 'h', doc: '' } };
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(specs).map(([option, { type, short, multiple = false }]) => [
        option,
        short === undefined ? { type, multiple } : { type, short, multiple },
      ]),
    ),
    allowPositionals: true,
    // Not strict: what Node says of a wrong option is written for the program's author.
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined;
    const problem = problemOf(token.rawName, token.value, token.inlineValue === true, spec, Object.keys(specs));
    if (problem !== null) throw new CommandError(EXIT.usage, `${problem}; \`ai-tracker ${name} --help\` lists the options`);
  }
  const joined = Object.entries(values).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value] as const);
  return { options: Object.fromEntries(joined), positionals };
}

function problemOf(
  raw: string,
  value: string | undefined,
  isInline: boolean,
  spec: OptionSpec | undefined,
  names: readonly string[],
): string | null {
  if (spec === undefined) {
    const near = nearestName(raw.replace(/^-+/, ''), names);
    return `there is no option ${raw}${near === null ? '' : `, did you mean --${near}?`}`;
  }
  if (spec.type === 'boolean') return value === undefined ? null : `${raw} takes no value, it was given ${JSON.stringify(value)}`;
  const example = `${raw} ${spec.value ?? 'TEXT'}`;
  if (value === undefined || value === '') return `${raw} needs a value: ${example}`;
  // More likely an option whose value was forgotten than a value that begins so.
  if (!isInline && value.length > 1 && value.startsWith('-'))
    return `${raw} needs a value: ${example} (one that begins with a dash: ${raw}=${value})`;
  return null;
}
