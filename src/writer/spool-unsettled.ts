import type { Settings } from '../model/settings.ts';
import { spoolFolders } from '../spool/spool-folder.ts';
import { spoolTarget } from '../spool/spool-record.ts';
import { writeSpoolRecord } from '../spool/write-record.ts';
import type { Ledger } from './ledger.ts';

/**
 * Puts what the thread has not settled into the spool, from the host's own thread: only where the host is about to end, or
 * the writer is, since it blocks on the disk. What the thread wrote meanwhile is written again later, which changes nothing.
 *
 * @returns why some of it is lost; null when all of it is in the spool.
 */
export function spoolUnsettled(ledger: Ledger, settings: Settings): string | null {
  const { candidates } = spoolFolders(settings, process.env);
  const target = spoolTarget(settings);
  const maxBytes = settings.spoolMaxMb * 1024 * 1024;
  let lost: string | null = null;
  for (const { id, ended, text } of ledger.inThread()) {
    const outcome = writeSpoolRecord(candidates, { v: 1, kind: 'spans', target, ended, batch: text }, { maxBytes });
    if (outcome.status === 'spooled') {
      ledger.settle({ id, outcome: 'spooled' });
    } else {
      ledger.settle({ id, outcome: 'dropped', reason: 'queue_full' });
      lost = outcome.message;
    }
  }
  return lost;
}
