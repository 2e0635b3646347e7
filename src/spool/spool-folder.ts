import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { absolutePath } from '../model/absolute-path.ts';
import type { Settings } from '../model/settings.ts';

const WORKSPACE = '/workspace/shared';

export interface SpoolFolders {
  /** Where a record is written, in order; the next one when a folder cannot take it. */
  readonly candidates: readonly string[];
}

/**
 * `spoolDir`; else `.spool/` beside the database, then the home's. The home's folder stands behind it because the disk
 * that refuses the database refuses its neighbour too.
 */
export function spoolFolders(
  settings: Pick<Settings, 'spoolDir' | 'dbPath' | 'sharedDir'>,
  env: NodeJS.ProcessEnv,
): SpoolFolders {
  const home = join(env['HOME'] || homedir(), '.config', 'ai-tracker', 'spool');
  if (settings.spoolDir !== null) return { candidates: [absolutePath(settings.spoolDir)] };
  const beside = folderOfDatabase(settings);
  return { candidates: beside === null ? [home] : [join(beside, '.spool'), home] };
}

function folderOfDatabase(settings: Pick<Settings, 'dbPath' | 'sharedDir'>): string | null {
  if (settings.dbPath !== null) {
    const placeholder = settings.dbPath.indexOf('{agent_id}');
    // Folders named after an agent may not exist yet; the spool is one for all agents.
    return absolutePath(dirname(placeholder < 0 ? settings.dbPath : `${settings.dbPath.slice(0, placeholder)}x`));
  }
  if (settings.sharedDir !== null) return absolutePath(settings.sharedDir);
  return existsSync(WORKSPACE) ? join(WORKSPACE, 'tracking') : null;
}
