import { mkdtempSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../model/make-folder.ts';
import { AGENT_PLACEHOLDER, folderOfPath } from '../store/folders.ts';
import { type Context, textOption } from './command.ts';
import { CommandError, EXIT } from './exit-code.ts';

/**
 * A place that was typed takes the rows or the command ends before it begins. The recorder's way out, the home's folder,
 * is for places that the environment names, where nobody looks at what a host does.
 * @throws {CommandError}
 */
export function assertPlaceTakes(context: Context): void {
  const dir = textOption(context, 'dir');
  const db = textOption(context, 'db');
  if (dir !== null) assertFolderTakes('--dir', dir, dir);
  else if (db?.includes(AGENT_PLACEHOLDER)) assertFolderTakes('--db', db, folderOfPath(db));
  else if (db !== null && isFolder(db)) refuse('--db', db, 'it is a folder; name it with --dir');
}

function assertFolderTakes(option: string, given: string, folder: string): void {
  const existing = isFolder(folder);
  if (existing === false) refuse(option, given, `${folder} is no folder${option === '--dir' ? '; name a file with --db' : ''}`);
  try {
    makeFolder(folder);
    tryOut(folder);
  } catch (error) {
    refuse(option, given, `${(error as Error).message}; check owner and mode of the folder, or name another`);
  }
}

/** Modes do not tell: root may write everywhere but where the kernel refuses. A disk that takes folders but no files will do. */
function tryOut(folder: string): void {
  try {
    rmdirSync(mkdtempSync(join(folder, '.ai-tracker-')));
  } catch {
    const file = join(folder, `.ai-tracker-${process.pid}`);
    writeFileSync(file, '', { flag: 'wx' });
    rmSync(file);
  }
}

/** Null where nothing is there. */
function isFolder(path: string): boolean | null {
  try {
    return statSync(path).isDirectory();
  } catch {
    return null;
  }
}

function refuse(option: string, given: string, why: string): never {
  throw new CommandError(EXIT.environment, `nothing was recorded: ${option} ${given} cannot hold the rows: ${why}`);
}
