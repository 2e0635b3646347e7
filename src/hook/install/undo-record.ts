import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Scope } from './settings-file.ts';
import { writeWhole } from './write-whole.ts';

/** What `uninstall` needs to put one settings file back as it was. */
export interface UndoEntry {
  /** Behind its links. */
  readonly path: string;
  readonly scope: Scope;
  /** The bytes before, base64; null: there was no file. */
  readonly before: string | null;
  /** SHA-256 of what we wrote: while the file still has it, nobody else has changed it. */
  readonly written: string;
  /** Folders that were made for the file. */
  readonly madeFolders: readonly string[];
  /** Variables that `--telemetry` and `--agent` added to `env`. */
  readonly env: Readonly<Record<string, string>>;
}

/** All settings files into which we wrote, in one file beside the hook's script. The bytes before may hold keys: mode 0600. */
export interface UndoRecord {
  readonly v: 1;
  readonly files: readonly UndoEntry[];
}

const NONE: UndoRecord = { v: 1, files: [] };

export const undoRecordPath = (configFolder: string): string => join(configFolder, 'hooks', 'installed.json');

/** Empty where there is none, or none that can be read: then `uninstall` takes out our entries and leaves the rest. */
export function readUndoRecord(configFolder: string): UndoRecord {
  try {
    const record = JSON.parse(readFileSync(undoRecordPath(configFolder), 'utf8')) as UndoRecord;
    return record.v === 1 && Array.isArray(record.files) ? record : NONE;
  } catch {
    return NONE;
  }
}

/** @throws the file system's error */
export function writeUndoRecord(configFolder: string, record: UndoRecord): void {
  const path = undoRecordPath(configFolder);
  if (record.files.length === 0) {
    try {
      unlinkSync(path);
    } catch {
      // There was none.
    }
    return;
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeWhole(path, Buffer.from(`${JSON.stringify(record, null, 2)}\n`), 0o600);
}

export const entryOf = (record: UndoRecord, path: string): UndoEntry | null =>
  record.files.find((entry) => entry.path === path) ?? null;

export const withEntry = (record: UndoRecord, path: string, entry: UndoEntry | null): UndoRecord => ({
  v: 1,
  files: [...record.files.filter((other) => other.path !== path), ...(entry === null ? [] : [entry])],
});

export const hashOf = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
