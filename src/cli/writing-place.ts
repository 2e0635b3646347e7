import { accessSync, constants, mkdtempSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { absolutePath } from '../model/absolute-path.ts';
import { makeFolder } from '../model/make-folder.ts';
import { REFUSALS } from '../store/agent-file.ts';
import { fileKind } from '../store/file-kind.ts';
import { AGENT_PLACEHOLDER, agentsFolder, folderOfPath, homeAgentsFolder } from '../store/folders.ts';
import { assertTakesRows } from '../store/open.ts';
import { StoreError } from '../store/store-error.ts';
import { type Context, textOption } from './command.ts';
import { CommandError, EXIT } from './exit-code.ts';

/**
 * A place that was typed takes the rows or the command ends before it begins. The recorder's way out, the home's folder,
 * is for places that the environment names, where nobody looks at what a host does. There is none beside one file for all:
 * where that is a file of another kind it will never do, whoever named it.
 * @throws {CommandError}
 */
export function assertPlaceTakes(context: Context): void {
  const dir = textOption(context, 'dir');
  const db = textOption(context, 'db');
  if (dir !== null) assertFolderTakes('--dir', dir, dir);
  else if (db?.includes(AGENT_PLACEHOLDER)) assertFolderTakes('--db', db, folderOfPath(db));
  else if (db !== null) assertFileTakes('--db', db, true);
  else if (context.settings.dbPath !== null && !context.settings.dbPath.includes(AGENT_PLACEHOLDER))
    assertFileTakes('AI_TRACKER_DB_PATH', context.settings.dbPath, false);
}

/** The folder that takes the agents' files, and why the wanted one does not. A disk that is only full is still the one. */
export function folderThatTakes({ settings, env }: Pick<Context, 'settings' | 'env'>): { folder: string; why: string | null } {
  const { folder, reason } = agentsFolder(settings, env);
  try {
    makeFolder(folder);
    tryOut(folder);
    return { folder, why: null };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const home = homeAgentsFolder(env);
    if (!REFUSALS.has(code ?? '') || home === folder) return { folder, why: null };
    const what = `${folder} (${reason}) cannot hold the rows: ${message}`;
    return { folder: home, why: `${what}; they go to ${home}. Check owner and mode of the folder, then start again` };
  }
}

/** @param isTyped whether the file must also be writable now */
function assertFileTakes(option: string, given: string, isTyped: boolean): void {
  const path = absolutePath(given);
  const exists = isFolder(path);
  if (exists === true) refuse(option, given, 'it is a folder; name it with --dir');
  if (exists === false) {
    const kind = fileKind(path);
    if (kind === 'foreign' || kind === 'damaged')
      refuse(option, given, 'it is none of ai-tracker’s files; name another with --db or --dir, or one that is not there yet');
    if (kind === 'ours' || kind === 'unclear') assertAdmits(option, given, path);
  }
  if (!isTyped) return;
  try {
    if (exists === false) accessSync(path, constants.W_OK);
    makeFolder(dirname(path));
    tryOut(dirname(path));
  } catch (error) {
    refuse(option, given, `${(error as Error).message}; check owner and mode of file and folder, or name another`);
  }
}

/** A file of a newer release may shut older writers out; one that begins well may be damaged behind its beginning. */
function assertAdmits(option: string, given: string, path: string): void {
  try {
    assertTakesRows(path);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    refuse(
      option,
      given,
      error.code === 'too-old'
        ? `${error.reason}; upgrade: npm install -g ai-tracker-otel@latest, or name another file with --db`
        : error.message,
    );
  }
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
