import { lstatSync, mkdirSync, readFileSync, readlinkSync, realpathSync, rmdirSync, statSync, unlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type FileOwner, writeWhole } from './write-whole.ts';

export type Scope = 'user' | 'project' | 'local';

export const SCOPES: readonly Scope[] = ['user', 'project', 'local'];

/** Where Claude Code reads the settings of a scope. @param projectDir top folder of the project */
export function settingsPath(scope: Scope, env: NodeJS.ProcessEnv, home: string, projectDir: string): string {
  switch (scope) {
    case 'user':
      return join(env['CLAUDE_CONFIG_DIR'] || join(home, '.claude'), 'settings.json');
    case 'project':
      return join(projectDir, '.claude', 'settings.json');
    case 'local':
      return join(projectDir, '.claude', 'settings.local.json');
  }
}

/** A settings file as it lies on the disk, behind its symbolic links. */
export interface SettingsFile {
  readonly path: string;
  /** null: there is none. */
  readonly bytes: Buffer | null;
  readonly mode: number;
  readonly owner: FileOwner | null;
  /** Nobody may write it, not even its owner: somebody meant that. */
  readonly isReadOnly: boolean;
}

/** Of a file that we make; a folder's default for those that a project shares. */
const NEW_FILE_MODE = { user: 0o600, project: 0o644, local: 0o600 } as const satisfies Record<Scope, number>;

/** @throws the file system's error, but for a file that is missing; of a folder in its place, one in words */
export function readSettingsFile(named: string, scope: Scope): SettingsFile {
  const path = behindLinks(named);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { path, bytes: null, mode: NEW_FILE_MODE[scope], owner: null, isReadOnly: false };
  if (found.isDirectory()) throw new Error('it is a folder, and Claude Code wants a file there: move it away');
  const { mode, uid, gid } = found;
  return { path, bytes: readFileSync(path), mode: mode & 0o7777, owner: { uid, gid }, isReadOnly: (mode & 0o222) === 0 };
}

/** The file that is meant: people keep settings as a link into a repository of theirs, and the link has to stay. */
export function behindLinks(path: string): string {
  for (let links = 0, at = resolve(path); ; links++) {
    const found = lstatSync(at, { throwIfNoEntry: false });
    if (found === undefined || !found.isSymbolicLink() || links > 40) return join(realFolder(dirname(at)), basename(at));
    // Not realpath: the file that a link names may not be there yet.
    at = resolve(dirname(at), readlinkSync(at));
  }
}

/** By one name before and after the folder is made. */
function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(realFolder(above), basename(path));
  }
}

/** @returns the folders that had to be made for it, the outermost first */
export function writeSettingsFile({ path, mode, owner }: SettingsFile, text: string): string[] {
  const made = makeFolders(dirname(path));
  try {
    writeWhole(path, Buffer.from(text), mode, owner);
  } catch (error) {
    removeFolders(made);
    throw error;
  }
  return made;
}

function makeFolders(folder: string): string[] {
  if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return [];
  const above = makeFolders(dirname(folder));
  mkdirSync(folder);
  return [...above, folder];
}

/** Those that are still empty. */
export function removeFolders(folders: readonly string[]): void {
  for (const folder of folders.toReversed()) {
    try {
      rmdirSync(folder);
    } catch {
      return;
    }
  }
}

/** Takes away a file that was not there before, and the folders that were made for it. */
export function removeSettingsFile(path: string, madeFolders: readonly string[]): void {
  unlinkSync(path);
  removeFolders(madeFolders);
}
