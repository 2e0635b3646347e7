import type { Settings } from '../../model/settings.ts';

/** What one door is tried with. All of them write the rows of an agent of the test's own, in the real folder. */
export interface Bench {
  readonly agentId: string;
  /** Of that agent. */
  readonly file: string;
  /** With that agent's place in them. */
  readonly settings: Settings;
  /** The same for a process that is started. */
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly cwd: string;
  /** Gone after the test. */
  readonly scratch: string;
}

export type DoorOutcome =
  | { readonly status: 'ok'; readonly message: string }
  /** Nobody asked for this door here. */
  | { readonly status: 'skipped'; readonly message: string }
  | { readonly status: 'failed'; readonly message: string; readonly command: string };

export interface Door {
  readonly name: string;
  /** May throw: that is a failure with the error's message. */
  try(bench: Bench): DoorOutcome | Promise<DoorOutcome>;
}

/**
 * Longest that a step of a door may take. All of them together take less than a second on a machine that is idle; but a machine that is
 * busy while its containers start is no reason to keep them from it.
 */
export const STEP_LIMIT_MS = 10_000;
