import { closeSync, fsyncSync, openSync, readdirSync, renameSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../model/make-folder.ts';
import { isRecord, newRecordName, type RecordKind } from './record-name.ts';
import type { SpoolRecord } from './spool-record.ts';

export type SpoolOutcome =
  | { readonly status: 'spooled'; readonly path: string; readonly bytes: number }
  /** The spool holds as much as it may. */
  | { readonly status: 'full'; readonly message: string }
  | { readonly status: 'failed'; readonly message: string };

export interface SpoolWriteOptions {
  readonly maxBytes: number;
  /** Whether the record must survive a power cut. Costs a disk flush. */
  readonly fsync?: boolean;
  readonly nowMs?: number;
  /** What the folder holds, where the caller knows; else it is measured, which takes a look at each of its records. */
  readonly heldBytes?: (folder: string) => number;
}

/**
 * Writes one record whole: a temporary name that no reader takes, then a rename. Blocks on the disk: for the writer
 * thread, hooks, and a host that is exiting; never on a running host's thread.
 */
export const writeSpoolRecord = (candidates: readonly string[], record: SpoolRecord, options: SpoolWriteOptions): SpoolOutcome =>
  writeSpoolBytes(candidates, record.kind, Buffer.from(JSON.stringify(record)), options);

/** @param data of `encodeHookFile`, for a `hook file` */
export function writeSpoolBytes(
  candidates: readonly string[],
  kind: RecordKind,
  data: Buffer,
  options: SpoolWriteOptions,
): SpoolOutcome {
  const bytes = data.length;
  let last: SpoolOutcome = { status: 'failed', message: 'cannot spool: no folder was given' };
  for (const folder of candidates) {
    const held = (options.heldBytes ?? spoolBytes)(folder);
    if (held + bytes > options.maxBytes) {
      last = {
        status: 'full',
        message: `cannot spool ${bytes} bytes in ${folder}: it holds ${held} of at most ${options.maxBytes}; free the database, then \`ai-tracker doctor\`, or raise AI_TRACKER_SPOOL_MAX_MB`,
      };
      continue;
    }
    try {
      return { status: 'spooled', path: writeWhole(folder, data, kind, options), bytes };
    } catch (error) {
      last = {
        status: 'failed',
        message: `cannot spool ${bytes} bytes in ${folder}: ${(error as Error).message}; make the folder writable or set AI_TRACKER_SPOOL_DIR`,
      };
    }
  }
  return last;
}

function writeWhole(folder: string, data: Buffer, kind: RecordKind, options: SpoolWriteOptions): string {
  makeFolder(folder);
  const name = newRecordName(options.nowMs ?? Date.now(), kind);
  const temporary = join(folder, `.${name}.tmp`);
  const path = join(folder, name);
  try {
    const file = openSync(temporary, 'wx', 0o600);
    try {
      for (let at = 0; at < data.length; ) at += writeSync(file, data, at);
      if (options.fsync === true) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    if (options.fsync === true) flushFolder(folder);
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch {
      // Never made, or the folder is gone: the first error tells the story.
    }
    throw error;
  }
  return path;
}

/** A new name is on the disk when its folder is. */
function flushFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Bytes of the records in a folder; 0 where there is none. */
export function spoolBytes(folder: string): number {
  let bytes = 0;
  for (const name of recordNames(folder)) {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    if (found !== undefined) bytes += found.size;
  }
  return bytes;
}

/** Names of the complete records in a folder, oldest first. */
export function recordNames(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.filter(isRecord).sort();
}
