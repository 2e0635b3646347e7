import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileSystemOf } from '../../store/file-system.ts';
import { openForWriting } from '../../store/open.ts';
import { asStoreError } from '../../store/store-error.ts';
import type { Bench, Door } from './door.ts';

const LOCK_WAIT_MS = 1000;

/** The folder takes a new file, SQLite works there, and what is written is read back. */
export const fileDoor = (shared: string | null): Door => ({
  name: 'file',
  try({ file, settings, deadline }: Bench) {
    const opened = openForWriting(file, { ...settings, busyTimeoutMs: deadline.stepMs(LOCK_WAIT_MS) });
    try {
      opened.db.exec('BEGIN IMMEDIATE; UPDATE change_counter SET seq = seq + 1; COMMIT');
    } finally {
      opened.close();
    }
    if (shared !== null && existsSync(shared)) assertWritable(shared, settings, deadline);
    const { type } = fileSystemOf(dirname(file));
    return { status: 'ok', message: `${dirname(file)} takes files (${opened.journal} on ${type})` };
  },
});

/** The file that all agents share: its lock is taken, nothing is written. */
function assertWritable(path: string, settings: Bench['settings'], deadline: Bench['deadline']): void {
  const { db, close } = openForWriting(path, { ...settings, busyTimeoutMs: deadline.stepMs(LOCK_WAIT_MS) });
  try {
    db.exec('BEGIN IMMEDIATE; ROLLBACK');
  } catch (error) {
    throw asStoreError(error, 'write to', path);
  } finally {
    close();
  }
}
