import { decodeBatch } from '../model/batch-codec.ts';
import type { Books } from '../model/books.ts';
import type { HealthFinding } from '../model/health.ts';
import type { Recording } from '../model/recording.ts';
import type { Settings } from '../model/settings.ts';
import { drainSpool } from '../spool/drain.ts';
import { isHookRecord } from '../spool/record-name.ts';
import { type SpoolRecord, type SpoolTarget, spoolTarget } from '../spool/spool-record.ts';
import { addBooks } from '../writer/past-books.ts';

export type MakeRecording = (settings: Settings) => Recording;

/** Brings what other processes spooled into its files, record by record, so that requests need not wait for the whole. */
export class FolderDrain {
  readonly #settings: Settings;
  readonly #folders: readonly string[];
  readonly #own: Recording;
  readonly #ownTarget: string;
  readonly #make: MakeRecording;
  readonly #others = new Map<string, Recording>();
  readonly #findings = new Map<string, HealthFinding>();
  #past: Books = {};

  constructor(settings: Settings, folders: readonly string[], own: Recording, make: MakeRecording) {
    this.#settings = settings;
    this.#folders = folders;
    this.#own = own;
    this.#ownTarget = JSON.stringify(spoolTarget(settings));
    this.#make = make;
  }

  get findings(): Iterable<HealthFinding> {
    return this.#findings.values();
  }

  /** Of the records that have settings of their own. */
  get books(): Books {
    let sum = this.#past;
    for (const other of this.#others.values()) sum = addBooks(sum, other.report().books);
    return sum;
  }

  /** Applies one record of each folder. @returns whether there is more to apply now. */
  step(): boolean {
    let more = false;
    for (const folder of this.#folders) {
      const report = drainSpool(folder, (record) => this.#apply(record), {
        maxAgeMs: this.#settings.spoolHours * 3_600_000,
        limit: 1,
        leaves: isHookRecord,
      });
      // A record that waits for its file is tried again at the next round.
      more ||= report.more && report.later === 0;
      for (const message of report.messages) this.#find('amber', 'spool', message);
      if (report.expiredSpans + report.expiredHooks > 0) {
        this.#find(
          'red',
          'spool-old',
          `${report.expiredSpans} spans and ${report.expiredHooks} hook events waited longer than AI_TRACKER_SPOOL_HOURS in ${folder} and were given up`,
        );
      }
    }
    if (!more) this.close();
    return more;
  }

  close(): void {
    for (const other of this.#others.values()) {
      this.#past = addBooks(this.#past, other.report().books, 'over');
      other.close();
    }
    this.#others.clear();
  }

  #apply(record: SpoolRecord): 'applied' | 'later' | 'stop' {
    if (record.kind !== 'spans') return 'later';
    return this.#recordingFor(record.target).apply(decodeBatch(record.batch)).status === 'written' ? 'applied' : 'stop';
  }

  #recordingFor(target: SpoolTarget): Recording {
    const key = JSON.stringify(target);
    if (key === this.#ownTarget) return this.#own;
    let other = this.#others.get(key);
    if (other === undefined) this.#others.set(key, (other = this.#make({ ...this.#settings, ...target })));
    return other;
  }

  #find(level: HealthFinding['level'], code: string, message: string): void {
    this.#findings.set(code, { level, code, message });
  }
}
