import { type Dirent, existsSync, readdirSync } from 'node:fs';
import { join, parse, resolve, sep } from 'node:path';
import { fileKind } from './file-kind.ts';
import { AGENT_PLACEHOLDER, agentsFolder, homeAgentsFolder, homeTrackerFile, type PlaceSettings } from './folders.ts';

export interface ListedFile {
  readonly path: string;
  /** The agent as far as the name tells; the rows' `agent_id` is the truth. Null for a file of no one agent. */
  readonly agentHint: string | null;
}

const EXTENSION = '.db';
/** The combined file that `ai-tracker aggregate` makes of the others. */
const AGGREGATED = 'aggregated.db';

/**
 * Every agent file that the settings lead to, in all shapes, sorted by path. Files of other programs, holding files and
 * SQLite's companions are left out; one that cannot be read is listed, so that opening it says why.
 */
export function listFiles(
  settings: Pick<PlaceSettings, 'dbPath' | 'sharedDir'>,
  env: NodeJS.ProcessEnv,
  sharedVolume?: string,
): ListedFile[] {
  if (settings.dbPath !== null) {
    if (settings.dbPath.includes(AGENT_PLACEHOLDER)) return matchesOf(resolve(settings.dbPath)).sort(byPath);
    return existsSync(settings.dbPath) ? [{ path: resolve(settings.dbPath), agentHint: null }] : [];
  }
  const { folder } = agentsFolder(settings, env, sharedVolume);
  const files = listFolder(folder);
  if (settings.sharedDir === null) {
    // Nobody named a folder: then the home's files belong to the answer too, also those that fell back to it.
    if (folder !== homeAgentsFolder(env)) files.push(...listFolder(homeAgentsFolder(env)));
    const tracker = homeTrackerFile(env);
    if (existsSync(tracker) && mayBeOurs(tracker)) files.push({ path: tracker, agentHint: null });
  }
  return files.sort(byPath);
}

/** Every agent file of one folder: `<id>.db`, `<id>/tracker.db`, `<id>/<writer>.db`. An absent folder has none. */
export function listFolder(folder: string): ListedFile[] {
  const files: ListedFile[] = [];
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (isDatabase(entry)) {
      if (mayBeOurs(path)) files.push({ path, agentHint: entry.name.slice(0, -EXTENSION.length) });
      continue;
    }
    if (entry.name.startsWith('.')) continue;
    for (const inner of entriesOf(path)) {
      if (isDatabase(inner) && mayBeOurs(join(path, inner.name)))
        files.push({ path: join(path, inner.name), agentHint: entry.name });
    }
  }
  return files.sort(byPath);
}

const byPath = (a: ListedFile, b: ListedFile): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

const isDatabase = (entry: Dirent): boolean =>
  !entry.isDirectory() && entry.name.endsWith(EXTENSION) && !entry.name.startsWith('.') && entry.name !== AGGREGATED;

function mayBeOurs(path: string): boolean {
  const kind = fileKind(path);
  return kind === 'ours' || kind === 'unclear';
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    // An entry that is no folder, or a folder that is not there or not ours to see, has no files for us.
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

/** Files that a path with `{agent_id}` in one or several of its parts can have made. */
function matchesOf(pattern: string): ListedFile[] {
  const { root } = parse(pattern);
  let found: ListedFile[] = [{ path: root, agentHint: null }];
  for (const part of pattern.slice(root.length).split(sep)) {
    const at = part.indexOf(AGENT_PLACEHOLDER);
    if (at < 0) {
      found = found.map(({ path, agentHint }) => ({ path: join(path, part), agentHint }));
      continue;
    }
    const [before, after] = [part.slice(0, at), part.slice(at + AGENT_PLACEHOLDER.length)];
    found = found.flatMap(({ path, agentHint }) =>
      entriesOf(path).flatMap(({ name }): ListedFile[] => {
        // No agent's name begins with a dot; the holding file's does.
        if (
          name.startsWith('.') ||
          name.length <= before.length + after.length ||
          !name.startsWith(before) ||
          !name.endsWith(after)
        )
          return [];
        const hint = name.slice(before.length, name.length - after.length);
        return agentHint === null || agentHint === hint ? [{ path: join(path, name), agentHint: hint }] : [];
      }),
    );
  }
  return found.filter(({ path }) => existsSync(path) && mayBeOurs(path));
}
