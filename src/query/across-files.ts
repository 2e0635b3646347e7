import { statSync } from 'node:fs';
import type { Settings } from '../model/settings.ts';
import { agentsFolder } from '../store/folders.ts';
import { listFiles } from '../store/list-files.ts';
import { type OpenFile, openForReading } from '../store/open.ts';
import { StoreError } from '../store/store-error.ts';

/** Which files a question is put to, and whose rows count. */
export interface Selection {
  readonly settings: Pick<Settings, 'dbPath' | 'sharedDir' | 'senderTimeoutMinutes'>;
  readonly env: NodeJS.ProcessEnv;
  /** Null: of every agent. */
  readonly agentId: string | null;
  /** Our clock, epoch milliseconds. */
  readonly nowMs: number;
}

/** The answers of all files, in the order of their paths. */
export interface Answers<T> {
  readonly answers: readonly T[];
  /** Files that could be read. */
  readonly files: readonly string[];
  /** Why the others could not; each message names its file. */
  readonly failures: readonly StoreError[];
}

/** Opens every file of the selection, one after the other; one that cannot be read stops no other. */
export function acrossFiles<T>({ settings, env }: Selection, ask: (file: OpenFile) => T): Answers<T> {
  const answers: T[] = [];
  const files: string[] = [];
  const failures: StoreError[] = [];
  for (const { path } of listFiles(settings, env)) {
    let file: OpenFile | undefined;
    try {
      file = openForReading(path);
      answers.push(ask(file));
      files.push(path);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (!isGone(path)) failures.push(error);
    } finally {
      file?.close();
    }
  }
  return { answers, files, failures };
}

/** A file that went away since the folder was listed has no rows to miss. */
function isGone(path: string): boolean {
  try {
    statSync(path);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** Where the files of a selection are looked for, in words for a person. */
export const placeOf = ({ settings, env }: Pick<Selection, 'settings' | 'env'>): string =>
  settings.dbPath ?? agentsFolder(settings, env).folder;
