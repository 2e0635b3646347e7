import { type DiskProbe, holdingFile, lookingProbe, makingProbe } from '../store/agent-file.ts';
import { type Footing, fileIdentity, footingOf, upsetOf } from '../store/file-identity.ts';
import { openForWriting } from '../store/open.ts';
import { StoreError } from '../store/store-error.ts';
import { ClaimIndex } from './claim-index.ts';
import { Holding } from './holding.ts';
import type { RecorderConfig } from './recorder-config.ts';

interface Opened {
  readonly holding: Holding;
  readonly index: ClaimIndex;
  footing: Footing;
  readonly dataVersion: () => number;
}

const LATELY_MS = 5;

/** The writing host's one holding file: opened when it is needed, opened anew where somebody replaced it. */
export class HoldingFile {
  readonly #config: RecorderConfig;
  #path: string | undefined;
  #opened: Opened | null = null;
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(config: RecorderConfig) {
    this.#config = config;
  }

  get path(): string {
    return this.#path ?? 'the holding file';
  }

  /** As `ifThere`, but what it said some milliseconds ago still holds: for questions, of which a batch has hundreds. */
  lately(): Opened | null {
    const now = performance.now();
    if (now - this.#askedMs < LATELY_MS) return this.#opened;
    const opened = this.ifThere();
    this.#askedMs = performance.now();
    return opened;
  }

  /** null where there is none. @throws {StoreError} */
  ifThere(): Opened | null {
    this.#path ??= this.#locate(lookingProbe);
    return this.#path === undefined || fileIdentity(this.#path) === null ? null : this.made();
  }

  /** Made where there is none. @throws {StoreError} */
  made(): Opened {
    if (this.#opened !== null && this.#stands(this.#opened)) return this.#opened;
    this.close();
    const { settings, busyTimeoutMs } = this.#config;
    const path = this.#locate(makingProbe(settings.fileMode));
    if (path === undefined) throw new Error('rows wait nowhere where all agents share one file');
    this.#path = path;
    const file = openForWriting(path, {
      busyTimeoutMs,
      journal: settings.journal,
      synchronous: settings.synchronous,
      fileMode: settings.fileMode,
    });
    const version = file.db.prepare<[], number>('pragma data_version').pluck();
    this.#opened = {
      holding: new Holding(file),
      index: new ClaimIndex(file),
      footing: footingOf(path, file.journal),
      dataVersion: () => version.get() as number,
    };
    return this.#opened;
  }

  /** After a write: nobody removed, replaced or cut the file meanwhile. @throws {StoreError} */
  assertStands(): void {
    if (this.#opened !== null && this.#stands(this.#opened)) return;
    throw new StoreError('disk', 'write to', this.path, 'it was removed, replaced or cut while it was written');
  }

  #stands(opened: Opened): boolean {
    const { path, journal } = opened.holding.file;
    const footing = footingOf(path, journal);
    if (path !== this.#path || upsetOf(path, opened.footing, footing) !== null) return false;
    opened.footing = footing;
    return true;
  }

  close(): void {
    const opened = this.#opened;
    this.#opened = null;
    this.#askedMs = Number.NEGATIVE_INFINITY;
    try {
      opened?.holding.file.close();
    } catch {
      // A handle that cannot even be closed is given up with the error that led here.
    }
  }

  /** Closed, and looked for anew at the next use. */
  giveUp(): void {
    this.close();
    this.#path = undefined;
  }

  #locate(probe: DiskProbe): string | undefined {
    return holdingFile(this.#config.settings, this.#config.env, probe)?.path;
  }
}
