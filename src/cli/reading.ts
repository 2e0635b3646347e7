import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import { type Answers, placeOf, type Selection } from '../query/across-files.ts';
import { locateFile, lookingProbe } from '../store/agent-file.ts';
import type { StoreError } from '../store/store-error.ts';
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
/** Damaged files that are told by name. */
const MOST_NAMED = 20;

/** The files that the options lead to, what waits in the spool brought into them first. */
export async function openSelection(context: Context): Promise<Selection> {
  assertPlaceExists(context);
  await drainSpools(context);
  const { settings, env, nowMs } = context;
  return { settings, env, agentId: textOption(context, 'agent'), nowMs };
}

/** A place that the user named has to be there and be what it is named as; one that nobody has recorded in yet is merely empty. */
export function assertPlaceExists(context: Context): void {
  for (const option of ['db', 'dir'] as const) {
    const path = textOption(context, option);
    if (path === null || path.includes('{agent_id}')) continue;
    const problem = option === 'db' ? problemOfFile(path) : problemOfFolder(path);
    if (problem !== null) throw new CommandError(EXIT.environment, problem);
  }
}

function problemOfFile(path: string): string | null {
  if (isFolder(path) === null) return `there is no file ${path}; \`ai-tracker path\` prints where rows lie`;
  return isFolder(path) ? `${path} is a folder; name it with --dir` : null;
}

function problemOfFolder(path: string): string | null {
  if (isFolder(path) === null) return `there is no folder ${path}; \`ai-tracker path\` prints where rows lie`;
  if (!isFolder(path)) return `${path} is no folder; name a file with --db`;
  try {
    accessSync(path, constants.R_OK | constants.X_OK);
    return null;
  } catch {
    return `cannot read the folder ${path}: permission denied; check its owner and mode`;
  }
}

/** Null where nothing is there, or nothing that we may see. */
function isFolder(path: string): boolean | null {
  try {
    return statSync(path).isDirectory();
  } catch {
    return null;
  }
}

/** Says which files could not be read. @returns what the shell is told */
export function tellFailures(
  { out, settings, env }: Pick<Context, 'out' | 'settings' | 'env'>,
  { files, failures }: Pick<Answers<unknown>, 'files' | 'failures'>,
): ExitCode {
  // Many files of a folder share one line; of a file that was named, its own error says more.
  const grouped = settings.dbPath === null || settings.dbPath.includes('{agent_id}');
  const strange = grouped ? failures.filter(({ code }) => code === 'not-ours') : [];
  for (const failure of failures) if (!strange.includes(failure)) out.note(failure.message);
  if (strange.length > 0) out.note(lineOfStrange(strange, placeOf({ settings, env })));
  return failures.length > 0 && files.length === 0 ? EXIT.environment : EXIT.done;
}

function lineOfStrange(strange: readonly StoreError[], place: string): string {
  const names = strange.slice(0, MOST_NAMED).map(({ path }) => nameIn(place, path));
  const more = strange.length > names.length ? ` and ${strange.length - names.length} more` : '';
  const [files, are] = strange.length === 1 ? ['file', 'is'] : ['files', 'are'];
  return `${strange.length} *.db ${files} here ${are} not ours or ${are} damaged: ${names.join(', ')}${more} (in ${place}); \`sqlite3 FILE .recover\` may save what was in them`;
}

function nameIn(folder: string, path: string): string {
  const name = relative(folder, path);
  return name.startsWith('..') ? path : name;
}

/** In place of an empty table. Of files that could not be read nothing is claimed: `tellFailures` speaks of them. */
export function tellNone(
  context: Context,
  what: string,
  selection: Selection,
  { files, failures }: Pick<Answers<unknown>, 'files' | 'failures'>,
): void {
  if (files.length === 0 && failures.length > 0) return;
  const where = placeOf(selection);
  const filters = filtersOf(context);
  if (files.length === 0) context.out.note(`nothing has been recorded in ${where} yet${elsewhere(context)}`);
  else if (filters === '') context.out.note(`${where} holds no ${what}${elsewhere(context)}`);
  else context.out.note(`no ${what} in ${where} fit ${filters}; without these options there may be some`);
}

/** Beside a table of what agents share: rows of processes without an agent are not in it. */
export function tellElsewhere(context: Context): void {
  const told = elsewhere(context);
  if (context.settings.sharedDir !== null && told !== '') context.out.note(told.slice('; '.length));
}

/** Processes without an agent write below the home, wherever agents share a folder: whoever forgot AGENT_ID finds nothing there. */
function elsewhere(context: Context): string {
  if (['db', 'dir', 'agent'].some((option) => textOption(context, option) !== null)) return '';
  try {
    const { path } = locateFile(null, context.settings, context.env, lookingProbe);
    if (!existsSync(path)) return '';
    return `; rows of processes without AGENT_ID lie in ${path}: name it with --db, and set AGENT_ID for what is recorded from now on`;
  } catch {
    // No folder can be written: then there is no such file either.
    return '';
  }
}

/** Options that say where rows are and how they are printed; all others narrow them. */
const NO_FILTER = new Set(['db', 'dir', 'json', 'limit', 'by']);

/** As they were typed: `--status failed --failed`. */
const filtersOf = ({ options }: Context): string =>
  Object.entries(options)
    .filter(([name, value]) => value !== undefined && !NO_FILTER.has(name))
    .map(([name, value]) => (typeof value === 'string' ? `--${name} ${value}` : `--${name}`))
    .join(' ');

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
