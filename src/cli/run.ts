import { boundedText } from '../model/bounded-text.ts';
import { packageVersion } from '../model/package-version.ts';
import { resolveSettings } from '../model/settings.ts';
import type { Command, Context, Output } from './command.ts';
import { CommandError, EXIT, type ExitCode } from './exit-code.ts';
import { commandHelp, OVERVIEW_HINT, overview } from './help.ts';
import { showPaged } from './pager.ts';
import { parseOptions } from './parse-options.ts';
import { COMMANDS } from './registry.ts';
import { clean } from './render/clean.ts';
import { nearestName } from './suggest.ts';

/** What the command line needs of `process`. */
export interface Surroundings {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadableStream;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * @returns the exit status. What went wrong stands on stderr by then, in one line where it is a fault that we know.
 * @throws what is a mistake of ours
 */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const out = outputOf(surroundings);
  try {
    return await dispatch(args, surroundings, out);
  } catch (error) {
    if (error instanceof CommandError) {
      out.note(error.message);
      return error.exitCode;
    }
    if ((error as Error).name === 'StoreError' || typeof (error as NodeJS.ErrnoException).code === 'string') {
      out.note((error as Error).message);
      return EXIT.environment;
    }
    throw error;
  }
}

async function dispatch(args: readonly string[], surroundings: Surroundings, out: Output): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === undefined) {
    surroundings.stderr.write(overview());
    return EXIT.usage;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    const topic = name === 'help' ? rest[0] : undefined;
    out.write(topic === undefined ? overview() : commandHelp(await find(topic)));
    return EXIT.done;
  }
  if (name === '--version' || name === '-v') {
    out.write(`${packageVersion()}\n`);
    return EXIT.done;
  }
  const command = await find(name);
  const { options: given, positionals } = parseOptions(command, rest);
  const { agent } = given;
  // As it is in the rows.
  const options = typeof agent === 'string' ? { ...given, agent: boundedText(agent) } : given;
  if (options['help'] === true) {
    out.write(commandHelp(command));
    return EXIT.done;
  }
  const [least, most] = command.arguments;
  if (positionals.length < least || positionals.length > most) {
    const what =
      positionals.length < least ? 'an argument is missing' : `${JSON.stringify(positionals[most])} is one argument too many`;
    throw new CommandError(EXIT.usage, `${what}. Usage: ai-tracker ${name} ${command.usage}`);
  }
  if (command.goesOnUnheard === true) goOnUnheard(surroundings);
  const context = { ...contextOf(command, options, surroundings, out), positionals };
  await assertNativeModule();
  return command.run(context);
}

/** Instead of what `main.ts` does about it. Each later line is tried again: a disk gets room, a pipe never a new reader. */
function goOnUnheard({ stdout, stderr }: Surroundings): void {
  for (const stream of [stdout, stderr]) stream.removeAllListeners('error').on('error', () => undefined);
}

async function find(name: string): Promise<Command> {
  const registered = COMMANDS.find((command) => command.name === name);
  if (registered !== undefined) return registered.load();
  const names = COMMANDS.map((command) => command.name);
  const near = nearestName(name, names);
  const hint = near === null ? OVERVIEW_HINT : `did you mean \`${near}\`?`;
  throw new CommandError(EXIT.usage, `there is no command ${JSON.stringify(name)}; ${hint}`);
}

/** `--db` and `--dir` stand above the environment, and each above the other's variable. */
function contextOf(
  { refusesUnreadableSettings = false }: Command,
  options: Context['options'],
  { env, stdin }: Surroundings,
  out: Output,
): Omit<Context, 'positionals'> {
  const { db, dir } = options;
  const { settings, problems } = resolveSettings({}, env);
  if (refusesUnreadableSettings && problems.length > 0) throw new CommandError(EXIT.usage, problems.join('; '));
  for (const problem of problems) out.note(`${problem}; its default holds`);
  if (typeof db === 'string' && typeof dir === 'string') throw new CommandError(EXIT.usage, 'give --db or --dir, not both');
  const place = typeof db === 'string' ? { dbPath: db } : typeof dir === 'string' ? { dbPath: null, sharedDir: dir } : undefined;
  return { options, settings: { ...settings, ...place }, env, input: stdin, out, nowMs: Date.now() };
}

async function assertNativeModule(): Promise<void> {
  try {
    const { loadNativeModule } = await import('../store/open.ts');
    loadNativeModule();
  } catch (error) {
    throw new CommandError(
      EXIT.environment,
      `SQLite's native module (better-sqlite3) does not load in Node ${process.version} on ${process.platform}-${process.arch}: ${(error as Error).message.split('\n')[0]?.replace(/\.$/, '')}. Install ai-tracker-otel anew on this machine.`,
    );
  }
}

function outputOf({ stdout, stderr, env }: Surroundings): Output {
  const columns = Number(env['COLUMNS']);
  const asked = Number.isInteger(columns) && columns > 0 ? columns : null;
  return {
    write: (text) => void stdout.write(text),
    page: (text) => {
      if (!stdout.isTTY || !showPaged(text, env)) stdout.write(text);
    },
    note: (message) => void stderr.write(`ai-tracker: ${clean(message)}\n`),
    width: asked ?? (stdout.isTTY ? stdout.columns || 80 : Number.POSITIVE_INFINITY),
    colour: wantsColour(env, stdout.isTTY),
  };
}

function wantsColour(env: NodeJS.ProcessEnv, isTty: boolean): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR']) return env['FORCE_COLOR'] !== '0';
  return isTty && env['TERM'] !== 'dumb';
}
