import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join, parse, resolve, sep } from 'node:path';
import { fileKind } from './file-kind.ts';
import { AGENT_PLACEHOLDER, agentsFolder, homeAgentsFolder, homeTrackerFile, type PlaceSettings } from './folders.ts';
import { asStoreError, StoreError } from './store-error.ts';

export interface ListedFile {
  readonly path: string;
  /** The agent as far as the name tells; the rows' `agent_id` is the truth. Null for a file of no one agent. */
  readonly agentHint: string | null;
}

/** What is done about a folder that cannot be read. */
type Refused = (error: StoreError) => void;

const throwing: Refused = (error) => {
  throw error;
};

const EXTENSION = '.db';
/** Root's own at the top of every ext4 volume; no agent's name has a plus sign. */
const DISK_CHECKERS_FOLDER = 'lost+found';
/** The combined file that `ai-tracker aggregate` makes of the others. */
const AGGREGATED = 'aggregated.db';

/**
 * Every agent file that the settings lead to, in all shapes, sorted by path. Databases of other programs, holding files
 * and SQLite's companions are left out. What cannot be read or is damaged is listed, so that opening it says why: rows
 * that are missing must not look like rows that never were.
 * @throws {StoreError} where the folder itself cannot be read; one that is not there has no files. With `refused` it
 * is told instead, and counts as empty.
 */
export function listFiles(
  settings: Pick<PlaceSettings, 'dbPath' | 'sharedDir'>,
  env: NodeJS.ProcessEnv,
  sharedVolume?: string,
  refused: Refused = throwing,
): ListedFile[] {
  if (settings.dbPath !== null) {
    if (settings.dbPath.includes(AGENT_PLACEHOLDER)) return matchesOf(resolve(settings.dbPath), refused).sort(byPath);
    return isThere(settings.dbPath) ? [{ path: resolve(settings.dbPath), agentHint: null }] : [];
  }
  const { folder } = agentsFolder(settings, env, sharedVolume);
  const files = listFolder(folder, refused);
  if (settings.sharedDir === null) {
    // Nobody named a folder: then the home's files belong to the answer too, also those that fell back to it.
    // A home that this user may not see is no fault there: nothing of ours can have fallen back to it.
    if (folder !== homeAgentsFolder(env)) files.push(...listFolder(homeAgentsFolder(env), () => undefined));
    const tracker = homeTrackerFile(env);
    if (isThere(tracker, false) && mayBeOurs(tracker)) files.push({ path: tracker, agentHint: null });
  }
  return files.sort(byPath);
}

/**
 * Every agent file of one folder: `<id>.db`, `<id>/tracker.db`, `<id>/<writer>.db`. An absent folder has none.
 * @throws {StoreError} where the folder cannot be read
 */
export function listFolder(folder: string, refused: Refused = throwing): ListedFile[] {
  const files: ListedFile[] = [];
  for (const entry of entriesOf(folder, refused)) {
    const path = join(folder, entry.name);
    if (isDatabase(entry)) {
      if (mayBeOurs(path)) files.push({ path, agentHint: entry.name.slice(0, -EXTENSION.length) });
      continue;
    }
    if (entry.name.startsWith('.') || entry.name === DISK_CHECKERS_FOLDER) continue;
    const seal = (): void => void files.push({ path, agentHint: entry.name });
    for (const inner of entriesBelow(path, seal)) {
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
  return kind !== 'foreign' && kind !== 'empty';
}

/** Whether something is there. Where that may not be known, `unknown`. */
function isThere(path: string, unknown = true): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? false : unknown;
  }
}

function entriesOf(folder: string, refused: Refused): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    const told = asStoreError(error, 'read the folder', folder);
    if (!(told instanceof StoreError)) throw error;
    refused(told);
    return [];
  }
}

/** The entries of what may be an agent's folder; `sealed` where it is one that refuses. */
function entriesBelow(path: string, sealed: () => void): Dirent[] {
  return entriesOf(path, ({ cause }) => {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOTDIR') sealed();
  });
}

/** Files that a path with `{agent_id}` in one or several of its parts can have made. */
function matchesOf(pattern: string, refused: Refused): ListedFile[] {
  const { root } = parse(pattern);
  const sealed: ListedFile[] = [];
  let isFirst = true;
  let found: ListedFile[] = [{ path: root, agentHint: null }];
  for (const part of pattern.slice(root.length).split(sep)) {
    const at = part.indexOf(AGENT_PLACEHOLDER);
    if (at < 0) {
      found = found.map(({ path, agentHint }) => ({ path: join(path, part), agentHint }));
      continue;
    }
    const [before, after] = [part.slice(0, at), part.slice(at + AGENT_PLACEHOLDER.length)];
    const entries = isFirst
      ? ({ path }: ListedFile) => entriesOf(path, refused)
      : (file: ListedFile) => entriesBelow(file.path, () => sealed.push(file));
    isFirst = false;
    found = found.flatMap((folder) =>
      entries(folder).flatMap(({ name }): ListedFile[] => {
        // No agent's name begins with a dot; the holding file's does.
        if (
          name.startsWith('.') ||
          name.length <= before.length + after.length ||
          !name.startsWith(before) ||
          !name.endsWith(after)
        )
          return [];
        const hint = name.slice(before.length, name.length - after.length);
        const isOneAgent = folder.agentHint === null || folder.agentHint === hint;
        return isOneAgent ? [{ path: join(folder.path, name), agentHint: hint }] : [];
      }),
    );
  }
  return [...found.filter(({ path }) => isThere(path) && mayBeOurs(path)), ...sealed];
}
