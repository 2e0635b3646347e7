import { existsSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { absolutePath } from '../model/absolute-path.ts';
import type { Settings } from '../model/settings.ts';
import { agentFileName } from './agent-file-name.ts';

export const AGENT_PLACEHOLDER = '{agent_id}';
/** Where agent-swarm and its like mount what all agents share. */
const SHARED_VOLUME = '/workspace/shared';

export type PlaceSettings = Pick<Settings, 'dbPath' | 'sharedDir' | 'writerId' | 'fileMode'>;

/** `~/.config/ai-tracker`: the folder that cc-ai-tracker used too. */
export const homeFolder = (env: NodeJS.ProcessEnv): string => join(env['HOME'] || homedir(), '.config', 'ai-tracker');

export const homeAgentsFolder = (env: NodeJS.ProcessEnv): string => join(homeFolder(env), 'agents');

/** The file of a process without an agent id. */
export const homeTrackerFile = (env: NodeJS.ProcessEnv): string => join(homeFolder(env), 'tracker.db');

/** The folder of the agents' files, and which rule chose it. */
export function agentsFolder(
  settings: Pick<PlaceSettings, 'sharedDir'>,
  env: NodeJS.ProcessEnv,
  sharedVolume: string = SHARED_VOLUME,
): { readonly folder: string; readonly reason: string } {
  if (settings.sharedDir !== null) return { folder: absolutePath(settings.sharedDir), reason: 'AI_TRACKER_SHARED_DIR' };
  if (existsSync(sharedVolume)) return { folder: join(sharedVolume, 'tracking'), reason: `${sharedVolume} exists` };
  return { folder: homeAgentsFolder(env), reason: 'home folder' };
}

/** This host's own name in an agent's folder on a network file system, safe as a file name. */
export const writerName = (settings: Pick<PlaceSettings, 'writerId'>): string => agentFileName(settings.writerId ?? hostname());

/** The folder of a path that names no agent: above its first `{agent_id}`, or above the file. */
export function folderOfPath(dbPath: string): string {
  const path = absolutePath(dbPath);
  const at = path.indexOf(AGENT_PLACEHOLDER);
  // One character of the placeholder stays, so that it is the last part of what dirname takes off.
  return dirname(at < 0 ? path : path.slice(0, at + 1));
}
