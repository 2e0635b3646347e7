import { SERVER_TASKS } from '../dialect/classify.ts';
import type { HealthFinding } from '../model/health.ts';
import { type Footing, footingOf, type Upset, upsetOf } from '../store/file-identity.ts';
import { openForWriting } from '../store/open.ts';
import { StoreError } from '../store/store-error.ts';
import type { AgentPlaces } from './agent-places.ts';
import { FileRecorder } from './file-recorder.ts';
import type { FileUpkeep } from './file-upkeep.ts';
import type { Ledger } from './ledger.ts';
import { CACHED_SPANS_OF_ALL, pageShareKib, spanShare } from './memory-shares.ts';
import type { RecorderConfig } from './recorder-config.ts';

/**
 * Files held open at once; the one unused for longest is closed. Each takes 0.5 to 1 MB and two descriptors; opening one
 * again costs 3 ms of CPU and, with synchronous=full, two syncs. In turns over 1,000 agents 64 and 256 cost the same, since
 * neither holds them all.
 */
export const MAX_OPEN_FILES = 128;

export interface OpenRecorder {
  readonly recorder: FileRecorder;
  readonly agentId: string | null;
  /** As it was after the last write. */
  footing: Footing;
  lastCommitMs: number | null;
  error: string | null;
}

const UPSETS: Readonly<Record<Upset, string>> = {
  replaced: 'it was removed or replaced while it was written',
  log: 'its write-ahead log was removed or replaced while it was open',
  cut: 'it was cut while it was open',
};

export interface OpenFilesParts {
  readonly config: RecorderConfig;
  readonly now: () => number;
  readonly ledger: Ledger;
  readonly places: AgentPlaces;
  readonly upkeep: FileUpkeep;
  readonly find: (key: string, finding: HealthFinding) => void;
}

/** The files that are open at once, a bounded number that share a bounded memory; each is noticed when somebody takes it away. */
export class OpenFiles implements Iterable<[path: string, open: OpenRecorder]> {
  readonly #config: RecorderConfig;
  readonly #now: () => number;
  readonly #ledger: Ledger;
  readonly #places: AgentPlaces;
  readonly #upkeep: FileUpkeep;
  readonly #find: (key: string, finding: HealthFinding) => void;
  readonly #open = new Map<string, OpenRecorder>();
  /** SQLite's page cache of each open file; 0 before the first. */
  #pageShareKib = 0;

  constructor({ config, now, ledger, places, upkeep, find }: OpenFilesParts) {
    this.#config = config;
    this.#now = now;
    this.#ledger = ledger;
    this.#places = places;
    this.#upkeep = upkeep;
    this.#find = find;
  }

  [Symbol.iterator](): Iterator<[path: string, open: OpenRecorder]> {
    return this.#open[Symbol.iterator]();
  }

  has(path: string): boolean {
    return this.#open.has(path);
  }

  /** Whether the file is still open as this. */
  isStill(path: string, open: OpenRecorder): boolean {
    return this.#open.get(path) === open;
  }

  close(): void {
    for (const open of this.#open.values()) open.recorder.file.close();
    this.#open.clear();
  }

  /** Of what is too much every file gives its oldest traces: those of the latest are about to be asked for. */
  boundCaches(): void {
    const most = this.#config.cachedSpans ?? CACHED_SPANS_OF_ALL;
    let cached = 0;
    for (const { recorder } of this.#open.values()) cached += recorder.cachedSpans;
    if (cached <= most) return;
    const share = spanShare(this.#open.size, most);
    for (const { recorder } of this.#open.values()) recorder.trimSpans(share);
  }

  /** @throws {StoreError | SqliteError} */
  at(path: string, agentId: string | null): OpenRecorder {
    let open = this.#open.get(path);
    if (open !== undefined) {
      const { upset } = this.look(path, open);
      if (upset !== null) {
        const error = this.abandon(path, open, upset);
        open = undefined;
        if (upset === 'cut') throw error;
      }
    }
    if (open === undefined) {
      const { settings, busyTimeoutMs } = this.#config;
      const file = openForWriting(path, {
        busyTimeoutMs,
        journal: settings.journal,
        synchronous: settings.synchronous,
        fileMode: settings.fileMode,
      });
      const labels = { keys: settings.labelKeys, fixed: settings.labels };
      try {
        const kinds = settings.serverTasks ? [...settings.kinds, SERVER_TASKS] : settings.kinds;
        const recorder = new FileRecorder(file, this.#ledger, labels, kinds, () => this.#now());
        open = { recorder, agentId, footing: footingOf(path, file.journal), lastCommitMs: null, error: null };
        this.#upkeep.begin(path, recorder);
      } catch (error) {
        file.close();
        throw error;
      }
      this.#makeRoom();
      this.#open.set(path, open);
      this.#sharePages(open);
    } else {
      // Kept in the order of use.
      this.#open.delete(path);
      this.#open.set(path, open);
    }
    return open;
  }

  /** Gives the file that was opened its share of memory for pages, and the others theirs where that changes it. */
  #sharePages(opened: OpenRecorder): void {
    const kib = pageShareKib(this.#open.size);
    const changed = kib === this.#pageShareKib ? [opened] : this.#open.values();
    this.#pageShareKib = kib;
    for (const { recorder } of changed) recorder.file.db.pragma(`cache_size = -${kib}`);
  }

  #makeRoom(): void {
    for (const path of this.#open.keys()) {
      if (this.#open.size < (this.#config.maxOpenFiles ?? MAX_OPEN_FILES)) return;
      this.closeAt(path);
    }
  }

  /** Whether somebody removed, replaced or cut the file or its log: what we would write now had no name. 4 µs. */
  look(path: string, { recorder, footing: before }: OpenRecorder): { upset: Upset | null; footing: Footing } {
    const footing = footingOf(path, recorder.file.journal);
    return { upset: upsetOf(path, before, footing), footing };
  }

  /** Closes what was upset from outside, and says so for as long as this process lives where rows are gone with it. */
  abandon(path: string, { recorder, footing }: OpenRecorder, upset: Upset): StoreError {
    const error = new StoreError(upset === 'cut' ? 'corrupt' : 'disk', 'write to', path, UPSETS[upset]);
    // Nobody made another log: what stands in ours can still be brought into the file.
    const isSaved = upset === 'log' && footingOf(path, recorder.file.journal).wal === null && recorder.file.bringLogIn();
    if (upset === 'cut' || (upset === 'log' && !isSaved)) {
      const at = new Date(this.#now()).toISOString();
      const message = `${path}: ${UPSETS[upset]} (${footing.bytes} bytes before; noticed ${at}). Rows that it had are lost. See who does such things to open files: a backup, a clean-up, a sync tool.`;
      this.#find(`upset:${path}`, { level: 'red', code: 'rows-lost', message });
    }
    this.leave(path);
    return error;
  }

  /** Something is wrong with the place: it is looked for anew, folders included. */
  leave(path: string): void {
    this.closeAt(path);
    this.#places.forget(path);
    this.#upkeep.forget(path);
  }

  closeAt(path: string): void {
    const open = this.#open.get(path);
    this.#open.delete(path);
    try {
      open?.recorder.file.close();
    } catch {
      // A handle that cannot even be closed is given up with the error that led here.
    }
  }
}
