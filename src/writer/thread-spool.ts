import { existsSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { HealthFinding } from '../model/health.ts';
import { makeFolder } from '../model/make-folder.ts';
import type { Settings } from '../model/settings.ts';
import { BAD_FOLDER } from '../spool/drain.ts';
import { spoolFolders } from '../spool/spool-folder.ts';
import { type SpoolRecord, type SpoolTarget, spoolTarget } from '../spool/spool-record.ts';
import { recordNames, spoolBytes, writeSpoolRecord } from '../spool/write-record.ts';
import { SpoolApplier } from './apply-spooled.ts';
import { drainFolder } from './drain-folder.ts';
import type { BatchMessage, Settlement, ToHost } from './messages.ts';
import type { TargetRecordings } from './target-recordings.ts';

const RECORDS_PER_DRAIN = 32;
const BYTES_PER_DRAIN = 2 * 1024 * 1024;

export interface ThreadSpoolParts {
  readonly settings: Settings;
  readonly env: NodeJS.ProcessEnv;
  readonly recordings: Pick<TargetRecordings, 'of'>;
  readonly post: (message: ToHost) => void;
}

/** The writer thread's side of the spool: what it put there itself it remembers, to tell the host when it is in the file. */
export class ThreadSpool {
  readonly #parts: ThreadSpoolParts;
  readonly #folders: readonly string[];
  readonly #target: SpoolTarget;
  /** Path of a record → the batch in it. */
  readonly #own = new Map<string, number>();
  /** Folder → bytes in it, measured once a drain: a flood spools thousands of records between two. */
  readonly #held = new Map<string, number>();
  /** Folders of which a part is drained, and the last record of that part. */
  readonly #drained = new Map<string, string>();
  #more = false;

  constructor(parts: ThreadSpoolParts) {
    this.#parts = parts;
    this.#folders = spoolFolders(parts.settings, parts.env).candidates;
    this.#target = spoolTarget(parts.settings);
  }

  /** Whether a drain is worth its while: records of ours lie there, or the last drain had to stop. */
  get hasMore(): boolean {
    return this.#more || this.#own.size > 0;
  }

  #heldBytes(folder: string): number {
    const known = this.#held.get(folder) ?? spoolBytes(folder);
    this.#held.set(folder, known);
    return known;
  }

  #find(level: HealthFinding['level'], code: string, message: string): void {
    this.#parts.post({ kind: 'finding', finding: { level, code, message } });
  }

  write(messages: readonly BatchMessage[]): Settlement[] {
    return messages.map((message): Settlement => {
      const outcome = writeSpoolRecord(
        this.#folders,
        { v: 1, kind: 'spans', target: this.#target, ended: message.ended, batch: message.text },
        { maxBytes: this.#parts.settings.spoolMaxMb * 1024 * 1024, heldBytes: (folder) => this.#heldBytes(folder) },
      );
      if (outcome.status === 'spooled') {
        this.#held.set(dirname(outcome.path), this.#heldBytes(dirname(outcome.path)) + outcome.bytes);
        this.#own.set(outcome.path, message.id);
        return { id: message.id, outcome: 'spooled' };
      }
      this.#find('red', 'queue-full', `spans are being lost: ${outcome.message}`);
      return { id: message.id, outcome: 'dropped', reason: 'queue_full' };
    });
  }

  /** Keeps what cannot be written for a person to look at. Best effort: the counter tells of it in any case. */
  setAside(messages: readonly BatchMessage[]): void {
    for (const message of messages) {
      const record: SpoolRecord = { v: 1, kind: 'spans', target: this.#target, ended: message.ended, batch: message.text };
      const outcome = writeSpoolRecord(this.#folders, record, { maxBytes: this.#parts.settings.spoolMaxMb * 1024 * 1024 });
      if (outcome.status !== 'spooled') continue;
      const bad = join(dirname(outcome.path), BAD_FOLDER);
      try {
        makeFolder(bad);
        renameSync(outcome.path, join(bad, basename(outcome.path)));
      } catch (error) {
        this.#find('amber', 'spool', `cannot set ${outcome.path} aside: ${(error as Error).message}`);
      }
    }
  }

  /** Applies a part of every folder; what of it was ours is settled. */
  drain(): Settlement[] {
    const settlements: Settlement[] = [];
    const applier = new SpoolApplier((target, home) => this.#parts.recordings.of(target, home));
    const present = new Set<string>();
    const givenUp = new Set<string>();
    this.#more = false;
    this.#held.clear();
    for (const folder of this.#folders) {
      const report = drainFolder(folder, applier, {
        maxAgeMs: this.#parts.settings.spoolHours * 3_600_000,
        maxBytes: this.#parts.settings.spoolMaxMb * 1024 * 1024,
        limit: RECORDS_PER_DRAIN,
        limitBytes: BYTES_PER_DRAIN,
        after: this.#drained.get(folder) ?? '',
      });
      // Records that wait for their file are left behind, and tried again in the next round.
      if (report.more && report.last !== null) this.#drained.set(folder, report.last);
      else this.#drained.delete(folder);
      this.#more ||= report.more;
      if (report.expiredSpans + report.expiredHooks > 0) {
        this.#find(
          'red',
          'spool-expired',
          `${report.expiredSpans} spans and ${report.expiredHooks} hook events waited longer than AI_TRACKER_SPOOL_HOURS in ${folder} and were given up`,
        );
      }
      for (const message of report.messages) this.#find('amber', 'spool', message);
      for (const message of applier.tend(this.#parts.settings, false)) this.#find('amber', 'snapshots', message);
      for (const name of report.givenUp) givenUp.add(join(folder, name));
      for (const name of recordNames(folder)) present.add(join(folder, name));
    }
    for (const [path, id] of this.#own) {
      if (present.has(path)) continue;
      this.#own.delete(path);
      if (givenUp.has(path)) settlements.push({ id, outcome: 'dropped', reason: 'expired' });
      else if (!existsSync(dirname(path))) settlements.push({ id, outcome: 'dropped', reason: 'spool_removed' });
      // Gone is applied, by us or by another process that drains the same folder.
      else settlements.push({ id, outcome: 'written' });
    }
    return settlements;
  }
}
