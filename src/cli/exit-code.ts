/** What the command says to the shell. */
export const EXIT = {
  /** Done; an empty list is done too. */
  done: 0,
  /** A named thing was not found, some of the input was rejected, or a stated limit was not met. */
  notFound: 1,
  /** Wrong use of the command line. */
  usage: 2,
  /** The file or the environment is at fault. */
  environment: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command with this status; the message is for the person who typed it: what failed, and what to do next. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;
  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
