import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeWhole } from '../install/write-whole.ts';

/** One work tree whose hooks are recorded. */
export interface GitUndoEntry {
  readonly top: string;
  readonly commonDir: string;
  readonly hooksFolder: string;
  /** Files that are ours or have lines of ours. What they were before follows from what they are. */
  readonly files: readonly string[];
  /** Folders that were made for them. */
  readonly madeFolders: readonly string[];
}

export interface GitUndoRecord {
  readonly v: 1;
  readonly repositories: readonly GitUndoEntry[];
}

const NONE: GitUndoRecord = { v: 1, repositories: [] };

export const gitUndoRecordPath = (configFolder: string): string => join(configFolder, 'hooks', 'installed-git.json');

/** Empty where there is none, or none that can be read: then `uninstall` looks at the repository that it is told. */
export function readGitUndoRecord(configFolder: string): GitUndoRecord {
  try {
    const record = JSON.parse(readFileSync(gitUndoRecordPath(configFolder), 'utf8')) as GitUndoRecord;
    return record.v === 1 && Array.isArray(record.repositories) ? record : NONE;
  } catch {
    return NONE;
  }
}

/** @throws the file system's error */
export function writeGitUndoRecord(configFolder: string, record: GitUndoRecord): void {
  const path = gitUndoRecordPath(configFolder);
  if (record.repositories.length === 0) {
    rmSync(path, { force: true });
    return;
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeWhole(path, Buffer.from(`${JSON.stringify(record, null, 2)}\n`), 0o600);
}

/** By its work tree: one repository may have several, each with hooks of its own where their folder is relative. */
export const repositoryOf = (record: GitUndoRecord, top: string): GitUndoEntry | null =>
  record.repositories.find((entry) => entry.top === top) ?? null;

export const withRepository = (record: GitUndoRecord, top: string, entry: GitUndoEntry | null): GitUndoRecord => ({
  v: 1,
  repositories: [...record.repositories.filter((other) => other.top !== top), ...(entry === null ? [] : [entry])],
});
