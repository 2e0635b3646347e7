import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_HOOK_BYTES, readHookFile } from './hook-file.ts';
import { isHookFile, timeOfRecordName } from './record-name.ts';
import { readSpoolRecord, type SpoolReading } from './spool-record.ts';

/** Room for a header before the event. */
const MAX_HOOK_FILE_BYTES = MAX_HOOK_BYTES + 1024 * 1024;

/** One record of a folder, in either form. @throws the file system's error; ENOENT where another drained it */
export function readRecordFile(folder: string, name: string): SpoolReading {
  const path = join(folder, name);
  if (!isHookFile(name)) return readSpoolRecord(readFileSync(path, 'utf8'));
  const { birthtimeMs, mtimeMs, ctimeMs, size } = statSync(path);
  if (size > MAX_HOOK_FILE_BYTES) return { what: 'unreadable', why: `${size} bytes are more than any hook sends` };
  const reading = readHookFile(readFileSync(path), mtimeMs);
  if (reading.what !== 'record' || reading.record.kind !== 'hook') return reading;
  // Some file systems know no birth.
  const fromMs = birthtimeMs > 0 ? Math.min(birthtimeMs, mtimeMs) : mtimeMs;
  return { what: 'record', record: { ...reading.record, hookMs: { fromMs, toMs: ctimeMs } } };
}

/** Epoch milliseconds at which a record was written: of its name, else of its file; null where neither tells. */
export function timeOfRecord(folder: string, name: string): number | null {
  return timeOfRecordName(name) ?? statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? null;
}
