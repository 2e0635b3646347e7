import type { Books } from '../model/books.ts';
import type { HealthFinding } from '../model/health.ts';
import type { Recording } from '../model/recording.ts';
import type { Settings } from '../model/settings.ts';
import { timeOfRecord } from '../spool/read-record.ts';
import { recordNames } from '../spool/write-record.ts';
import { SpoolApplier } from '../writer/apply-spooled.ts';
import { drainFolder, drainWaiting } from '../writer/drain-folder.ts';
import { LineMemories, type Touched } from '../writer/line-memories.ts';
import { addBooks } from '../writer/past-books.ts';
import { type MakeRecording, TargetRecordings } from '../writer/target-recordings.ts';

/** Of one step: requests wait no longer than for some transactions, and the reading of some files as Claude Code sends them. */
const RECORDS_A_STEP = 32;
const BYTES_A_STEP = 2 * 1024 * 1024;

/** As doctor has it. */
const OLD_MS = 10 * 60_000;

/** How far a drain of a folder has come. */
interface Round {
  readonly applier: SpoolApplier;
  after: string;
  /** Records that it left behind. */
  later: number;
}

/** Brings what hooks and other processes spooled into its files, part by part, so that requests need not wait for the whole. */
export class FolderDrain {
  readonly #settings: Settings;
  readonly #folders: readonly string[];
  readonly #recordings: TargetRecordings;
  readonly #settle: ((touched: readonly Touched[]) => void) | null;
  readonly #findings = new Map<string, HealthFinding>();
  /** By folder: its records wait for too long. */
  readonly #waiting = new Map<string, HealthFinding>();
  /** Of folders of which only a part is drained. */
  readonly #rounds = new Map<string, Round>();
  #past: Books = {};

  /** @param settle who finds out whose the lines of commits are; null: this thread, which then waits for git */
  constructor(
    settings: Settings,
    folders: readonly string[],
    own: Recording,
    make: MakeRecording,
    settle: ((touched: readonly Touched[]) => void) | null = null,
  ) {
    this.#settle = settle;
    this.#settings = settings;
    this.#folders = folders;
    this.#recordings = new TargetRecordings({ settings, env: process.env, make, own });
  }

  get findings(): Iterable<HealthFinding> {
    return [...this.#findings.values(), ...this.#waiting.values()];
  }

  /** Of the records that have settings of their own. */
  get books(): Books {
    let sum = this.#past;
    for (const other of this.#recordings.made) sum = addBooks(sum, other.report().books);
    return sum;
  }

  /** Applies a part of each folder. @returns whether there is more to apply now. */
  step(): boolean {
    for (const folder of this.#folders) {
      const round = this.#rounds.get(folder) ?? {
        // No wait for a memory that another process writes: what it is for waits in the spool.
        applier: new SpoolApplier((target, home) => this.#recordings.of(target, home), undefined, new LineMemories(0)),
        after: '',
        later: 0,
      };
      const limits = {
        maxAgeMs: this.#settings.spoolHours * 3_600_000,
        maxBytes: this.#settings.spoolMaxMb * 1024 * 1024,
        limit: RECORDS_A_STEP,
        limitBytes: BYTES_A_STEP,
      };
      const report = drainFolder(folder, round.applier, { ...limits, after: round.after });
      const later = round.later + report.later;
      // A record that waits for its file is left behind, and tried again in the next round.
      if (report.more && report.last !== null) this.#rounds.set(folder, { ...round, after: report.last, later });
      else this.#rounds.delete(folder);
      for (const message of report.messages) this.#find('amber', 'spool', message);
      if (!report.more) this.#seeWaiting(folder, later);
      if (!report.more) for (const message of drainWaiting(folder, round.applier, limits)) this.#find('amber', 'spool', message);
      if (!report.more)
        for (const message of round.applier.tend(this.#settings, false, this.#settle)) this.#find('amber', 'snapshots', message);
      if (report.expiredSpans + report.expiredHooks > 0) {
        this.#find(
          'red',
          'spool-expired',
          `${report.expiredSpans} spans and ${report.expiredHooks} hook events waited longer than AI_TRACKER_SPOOL_HOURS in ${folder} and were given up`,
        );
      }
    }
    if (this.#rounds.size > 0) return true;
    this.close();
    return false;
  }

  /** Says of a folder that its records wait for long, until they don't. */
  #seeWaiting(folder: string, later: number): void {
    this.#waiting.delete(folder);
    if (later === 0) return;
    const nowMs = Date.now();
    const oldest = recordNames(folder).reduce((least, name) => Math.min(least, timeOfRecord(folder, name) ?? nowMs), nowMs);
    if (nowMs - oldest <= OLD_MS) return;
    const minutes = Math.floor((nowMs - oldest) / 60_000);
    const message = `records wait in ${folder} since ${minutes} min: their file cannot be written now, or a newer version has to read them`;
    this.#waiting.set(folder, { level: 'amber', code: 'spool-old', message });
  }

  close(): void {
    for (const other of this.#recordings.made) this.#past = addBooks(this.#past, other.report().books, 'over');
    this.#recordings.close();
  }

  /** What went wrong beside this thread. */
  tell(message: string): void {
    this.#find('amber', 'lines', message);
  }

  #find(level: HealthFinding['level'], code: string, message: string): void {
    this.#findings.set(code, { level, code, message });
  }
}
