import { existsSync } from 'node:fs';
import { type Answers, placeOf, type Selection } from '../query/across-files.ts';
import { type Context, flagOption, type OptionSpec, PLACE_OPTIONS, textOption } from './command.ts';
import { drainSpools } from './drain-spools.ts';
import { CommandError, EXIT, type ExitCode } from './exit-code.ts';

/** Options of every command that reads. */
export const READING_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  agent: { type: 'string', value: 'ID', doc: 'only rows of this agent' },
  ...PLACE_OPTIONS,
  json: { type: 'boolean', doc: 'print the rows as JSON, with every column; [] where there are none' },
};

export const SINCE_OPTION: OptionSpec = {
  type: 'string',
  value: 'WHEN',
  doc: 'only from then on: 30m, 12h, 7d ago, or a date or time such as 2026-01-15 or 2026-01-15T10:00:00Z (UTC)',
};

export const LIMIT_OPTION: OptionSpec = {
  type: 'string',
  value: 'N',
  doc: 'the newest N; 0 for all (default: 50, and all with --json)',
};

const DEFAULT_LIMIT = 50;

/** The files that the options lead to, what waits in the spool brought into them first. */
export async function openSelection(context: Context): Promise<Selection> {
  assertPlaceExists(context);
  await drainSpools(context);
  const { settings, env, nowMs } = context;
  return { settings, env, agentId: textOption(context, 'agent'), nowMs };
}

/** A place that the user named has to be there; one that nobody has recorded in yet is merely empty. */
export function assertPlaceExists(context: Context): void {
  for (const option of ['db', 'dir']) {
    const path = textOption(context, option);
    if (path === null || path.includes('{agent_id}') || existsSync(path)) continue;
    throw new CommandError(EXIT.environment, `there is no ${option === 'db' ? 'file' : 'folder'} ${path}`);
  }
}

/** Says which files could not be read. @returns what the shell is told */
export function tellFailures(
  { out }: Pick<Context, 'out'>,
  { files, failures }: Pick<Answers<unknown>, 'files' | 'failures'>,
): ExitCode {
  for (const { message } of failures) out.note(message);
  return failures.length > 0 && files.length === 0 ? EXIT.environment : EXIT.done;
}

/** In place of an empty table. */
export function tellNone(context: Context, what: string, selection: Selection, files: number): void {
  const where = placeOf(selection);
  context.out.note(files === 0 ? `nothing has been recorded in ${where} yet` : `no ${what} in ${where} that fit`);
}

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const;

/** ISO text; null where the option was not given. @throws {CommandError} */
export function sinceOption(context: Context): string | null {
  const text = textOption(context, 'since');
  if (text === null) return null;
  const span = /^(\d{1,6})([smhdw])$/.exec(text);
  if (span !== null) return new Date(context.nowMs - Number(span[1]) * UNIT_MS[span[2] as keyof typeof UNIT_MS]).toISOString();
  // Without a zone JavaScript would take the local one; the rows are in UTC.
  const zoned = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?$/.test(text)
    ? `${text.replace(' ', 'T')}${text.length > 10 ? 'Z' : ''}`
    : text;
  const ms = /^\d{4}-/.test(zoned) ? Date.parse(zoned) : Number.NaN;
  if (Number.isNaN(ms))
    throw new CommandError(EXIT.usage, `--since ${text} is no time; write 30m, 12h, 7d, or a date such as 2026-01-15`);
  return new Date(ms).toISOString();
}

/** Null for all. @throws {CommandError} */
export function limitOption(context: Context): number | null {
  const text = textOption(context, 'limit');
  if (text === null) return flagOption(context, 'json') ? null : DEFAULT_LIMIT;
  if (!/^\d{1,9}$/.test(text)) throw new CommandError(EXIT.usage, `--limit ${text} is no number of rows`);
  return Number(text) || null;
}

/** @throws {CommandError} where the value is none of those */
export function choiceOption<T extends string>(context: Context, name: string, choices: readonly T[]): T | null {
  const text = textOption(context, name);
  if (text === null) return null;
  const choice = choices.find((one) => one === text);
  if (choice === undefined) throw new CommandError(EXIT.usage, `--${name} ${text} is none of ${choices.join(', ')}`);
  return choice;
}

/** Under a table that may go on. */
export function tellLimit(context: Context, shown: number, limit: number | null, what: string): void {
  if (limit !== null && shown >= limit && textOption(context, 'limit') === null) {
    context.out.note(`the newest ${limit} ${what}; --limit 0 shows all`);
  }
}
