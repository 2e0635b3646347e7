import type { Settings } from '../model/settings.ts';
import type { ExitCode } from './exit-code.ts';

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** May be given several times; the values come joined by commas. */
  readonly multiple?: boolean;
  /** What stands for the value in the help text. */
  readonly value?: string;
  readonly doc: string;
}

/** Where a command prints. What it prints of data has to go through render/ first. */
export interface Output {
  /** To stdout, as it is. */
  write(text: string): void;
  /** To stdout, by the user's pager where that is a terminal: for what may be longer than the screen. */
  page(text: string): void;
  /** One line to stderr. */
  note(message: string): void;
  /** Columns; infinite where stdout is no terminal, so that nothing is cut off for programs. */
  readonly width: number;
  readonly colour: boolean;
}

export interface Context {
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  /** Of the environment, with `--db` and `--dir` above it. */
  readonly settings: Settings;
  readonly env: NodeJS.ProcessEnv;
  readonly input: NodeJS.ReadableStream;
  readonly out: Output;
  readonly nowMs: number;
}

/** One verb of the command line; `--help` and docs/cli.md are made of it. */
export interface Command {
  readonly name: string;
  /** What follows the name: `FILE…`. */
  readonly usage: string;
  readonly about: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly string[];
  /** How many positional arguments it takes. */
  readonly arguments: readonly [least: number, most: number];
  /** Others go on with the default of a variable that cannot be read, and say so. */
  readonly refusesUnreadableSettings?: boolean;
  /** A service: it goes on when nobody reads what it says, or the disk of its log is full. Others end. */
  readonly goesOnUnheard?: boolean;
  run(context: Context): ExitCode | Promise<ExitCode>;
}

/** Null where it was not given. */
export const textOption = ({ options }: Pick<Context, 'options'>, name: string): string | null => {
  const value = options[name];
  return typeof value === 'string' ? value : null;
};

export const flagOption = ({ options }: Pick<Context, 'options'>, name: string): boolean => options[name] === true;

/** Where the files are: options of every command that reads or writes them. */
export const PLACE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  dir: { type: 'string', value: 'FOLDER', doc: 'folder of the agents’ files, instead of AI_TRACKER_SHARED_DIR' },
  db: { type: 'string', value: 'FILE', doc: 'one file, instead of AI_TRACKER_DB_PATH' },
};
