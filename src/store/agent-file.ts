import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { absolutePath } from '../model/absolute-path.ts';
import type { HealthFinding } from '../model/health.ts';
import { agentFileName, type ReservedName } from './agent-file-name.ts';
import { fileKind } from './file-kind.ts';
import { type FileSystemKind, fileSystemOf } from './file-system.ts';
import {
  AGENT_PLACEHOLDER,
  agentsFolder,
  folderOfPath,
  homeAgentsFolder,
  homeTrackerFile,
  type PlaceSettings,
  writerName,
} from './folders.ts';
import { ensureFile, FILE_MODE, wouldMakeFile } from './make-file.ts';
import { openForReading } from './open.ts';
import { StoreError } from './store-error.ts';

export interface FileLocation {
  readonly path: string;
  /** Which rule chose it, in words for a person. */
  readonly reason: string;
  /** The wanted folder refused us: red, and to be said once on stderr too. */
  readonly fallback: HealthFinding | null;
  /** To be said once, though no fault: an older tool's file was left alone. */
  readonly notice: string | null;
}

/** What locating asks of the disk; tests bring folders that behave like other file systems. */
export interface DiskProbe {
  fileSystem(folder: string): FileSystemKind;
  exists(path: string): boolean;
  /** Makes an empty file of ours with its folders, or finds it there and writable. @throws the file system's error */
  makeFile(path: string): void;
  /** A file of another program. */
  isForeign(path: string): boolean;
  /** Exists where many agents share a volume. */
  readonly sharedVolume?: string;
}

/** Codes of the file system after which the home's folder is taken instead: what may pass (a full disk) is not among them. */
export const REFUSALS = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOENT', 'ELOOP', 'EISDIR', 'ENAMETOOLONG']);

function isForeign(path: string): boolean {
  const kind = fileKind(path);
  if (kind !== 'unclear') return kind === 'foreign' || kind === 'damaged';
  try {
    openForReading(path, { busyTimeoutMs: 0 }).close();
    return false;
  } catch (error) {
    return error instanceof StoreError && error.code === 'not-ours';
  }
}

/** Really makes the folders and the file: whether a disk lets us is only known by doing it. */
export const makingProbe = (fileMode: number | null): DiskProbe => ({
  fileSystem: (folder) => fileSystemOf(folder).kind,
  exists: existsSync,
  makeFile: (path) => ensureFile(path, fileMode ?? FILE_MODE),
  isForeign,
});

/** Makes nothing: for telling where a file would be. */
export const lookingProbe: DiskProbe = { ...makingProbe(null), makeFile: wouldMakeFile };

/**
 * The file of an agent, or (`null`) of a process without one. Files that exist are used again, in whatever shape they
 * were made; a file is made where there is none.
 * @throws {StoreError} `read-only` where not even the home folder can be written; the file system's own error where the
 * disk fails in a way that may pass (full, too many open files).
 */
export function locateFile(
  agentId: string | null,
  settings: PlaceSettings,
  env: NodeJS.ProcessEnv,
  probe: DiskProbe = makingProbe(settings.fileMode),
): FileLocation {
  return agentId === null ? locateWithoutAgent(settings, env, probe) : locateNamed(agentFileName(agentId), settings, env, probe);
}

/** The file of a reserved name: `unassigned` takes what no agent claimed. */
export function locateReserved(
  name: ReservedName,
  settings: PlaceSettings,
  env: NodeJS.ProcessEnv,
  probe: DiskProbe = makingProbe(settings.fileMode),
): FileLocation {
  return locateNamed(name, settings, env, probe);
}

/**
 * Where rows wait whose agent is not known yet: one file per writing host, hidden from readers. `null` where all agents
 * share one file and nothing has to wait.
 */
export function holdingFile(
  settings: PlaceSettings,
  env: NodeJS.ProcessEnv,
  probe: DiskProbe = makingProbe(settings.fileMode),
): FileLocation | null {
  if (settings.dbPath !== null && !settings.dbPath.includes(AGENT_PLACEHOLDER)) return null;
  const name = `.holding-${writerName(settings)}.db`;
  const folder =
    settings.dbPath === null ? agentsFolder(settings, env, probe.sharedVolume).folder : folderOfPath(settings.dbPath);
  return firstPossible([join(folder, name)], [join(homeAgentsFolder(env), name)], 'rows without an agent yet', probe);
}

function locateNamed(name: string, settings: PlaceSettings, env: NodeJS.ProcessEnv, probe: DiskProbe): FileLocation {
  if (settings.dbPath !== null)
    return {
      path: absolutePath(settings.dbPath.replaceAll(AGENT_PLACEHOLDER, name)),
      reason: 'AI_TRACKER_DB_PATH',
      fallback: null,
      notice: null,
    };
  const { folder, reason } = agentsFolder(settings, env, probe.sharedVolume);
  const home = homeAgentsFolder(env);
  return firstPossible(shapes(folder, name, settings, probe), shapes(home, name, settings, probe), reason, probe);
}

function locateWithoutAgent(settings: PlaceSettings, env: NodeJS.ProcessEnv, probe: DiskProbe): FileLocation {
  if (settings.dbPath !== null) return locateNamed('default', settings, env, probe);
  const tracker = homeTrackerFile(env);
  const inAgents = shapes(homeAgentsFolder(env), 'default', settings, probe);
  if (probe.exists(tracker) && probe.isForeign(tracker)) {
    const notice = `${tracker} is not a file of this version (cc-ai-tracker's?) and is left alone; \`ai-tracker import ${tracker}\` takes its data over.`;
    return { ...firstPossible(inAgents, [], `no agent id, and ${tracker} is taken`, probe), notice };
  }
  // Two hosts that share a home on a network disk must not write one file.
  if (isRemote(probe.fileSystem(dirname(tracker)))) return firstPossible(inAgents, [], 'no agent id', probe);
  return firstPossible([tracker], [], 'no agent id', probe);
}

const isRemote = (kind: FileSystemKind): boolean => kind === 'network' || kind === 'fuse';

/** The shapes of one agent's file in a folder, best first; those that exist already go before those that do not. */
function shapes(folder: string, name: string, settings: PlaceSettings, probe: DiskProbe): string[] {
  // Only the host's own file: locks of other hosts are not to be relied on there, whoever made the other shapes.
  if (isRemote(probe.fileSystem(folder))) return [join(folder, name, `${writerName(settings)}.db`)];
  const flat = join(folder, `${name}.db`);
  const own = join(folder, name, 'tracker.db');
  return !probe.exists(flat) && probe.exists(own) ? [own, flat] : [flat, own];
}

function firstPossible(wanted: readonly string[], home: readonly string[], reason: string, probe: DiskProbe): FileLocation {
  let refusal: NodeJS.ErrnoException | undefined;
  for (const path of [...wanted, ...home]) {
    try {
      probe.makeFile(path);
    } catch (error) {
      if (!REFUSALS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      refusal ??= error as NodeJS.ErrnoException;
      continue;
    }
    if (wanted.includes(path)) return { path, reason, fallback: null, notice: null };
    const message = `cannot write ${wanted[0]} (${refusal?.message ?? 'refused'}); rows go to ${path}, where readers of the shared folder do not see them. Check owner and mode of ${dirname(wanted[0] as string)}.`;
    return {
      path,
      reason: 'home folder, since the wanted one refuses',
      fallback: { level: 'red', code: 'fallback-folder', message },
      notice: null,
    };
  }
  throw new StoreError('read-only', 'make', (wanted[0] ?? home[0]) as string, refusal?.message ?? 'refused', refusal);
}
