import { agentFiles } from './agent-files.ts';
import { claudeHooks } from './claude-hooks.ts';
import { claudeTelemetry } from './claude-telemetry.ts';
import { diskRoom } from './disk-room.ts';
import type { Finding } from './findings.ts';
import { gitHooks } from './git-hooks.ts';
import { program } from './program.ts';
import { receiver } from './receiver.ts';
import type { Check, Sight } from './sight.ts';
import { spools } from './spools.ts';
import { waitingRows } from './waiting-rows.ts';
import { workTree } from './work-tree.ts';

/** In the order in which they are told. */
export const CHECKS: readonly Check[] = [
  program,
  agentFiles,
  diskRoom,
  waitingRows,
  spools,
  workTree,
  claudeHooks,
  claudeTelemetry,
  gitHooks,
  receiver,
];

export interface Told extends Finding {
  readonly about: string;
}

/** All that the checks find, those that ask over the network at the same time. */
export async function examine(sight: Sight): Promise<readonly Told[]> {
  const found = await Promise.all(
    CHECKS.map(async ({ about, run }) => (await run(sight)).map((finding): Told => ({ about, ...finding }))),
  );
  return found.flat();
}
