import type { Settings } from '../../model/settings.ts';
import type { Deadline } from './deadline.ts';

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
  readonly deadline: Deadline;
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
