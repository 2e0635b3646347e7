import { basename } from 'node:path';
import type { Settings } from '../model/settings.ts';
import { fileIdentity } from '../store/file-identity.ts';
import { openForWriting } from '../store/open.ts';
import { type OldRow, type OldTracker, OldTrackerError, openOldTracker } from '../store/open-old-tracker.ts';
import { asStoreError } from '../store/store-error.ts';
import { ChangeCounter } from './change-counter.ts';
import { type ImportedPlace, type ImportedRepo, type ImportFate, ImportRows } from './import-rows.ts';
import { type OldCommit, type OldReading, readOldCommit, readOldCommitFile, readOldEdit } from './old-tracker-rows.ts';

/** What became of the rows of one table: `rows` is the sum of the others. */
export interface ImportedTable {
  rows: number;
  written: number;
  /** Here already, from an earlier import or from this version's own hooks. */
  known: number;
  /** Said twice by the old file itself: its hook ran twice for a commit. */
  repeated: number;
  /** By reason. */
  readonly notTaken: Record<string, number>;
}

export interface ImportReport {
  readonly source: string;
  readonly target: string;
  readonly edits: ImportedTable;
  readonly commits: ImportedTable;
  readonly commitFiles: ImportedTable;
  /** Commits of repositories that are not there any more, or not the same: they are told apart by name only. */
  readonly reposByName: number;
  readonly broken: readonly string[];
}

export interface ImportOptions {
  readonly file: string;
  /** The agent's file. */
  readonly target: string;
  readonly agentId: string | null;
  readonly settings: Pick<Settings, 'journal' | 'synchronous' | 'fileMode'>;
  /** Longest wait for a lock, ms. */
  readonly busyTimeoutMs: number;
  /** The id of the repository whose work tree's top is at that path; null where there is none (any more). */
  readonly repoIdOf: (path: string) => string | null;
}

/** Rows per transaction: others write in between. */
const STEP = 5000;

/**
 * Takes the rows of a cc-ai-tracker file over into the agent's file. Taking them over again changes nothing, but for what the old tool
 * has recorded since.
 * @throws {OldTrackerError} where the file is none of cc-ai-tracker's; {StoreError} where ours cannot be written
 */
export function importOldTracker(options: ImportOptions): ImportReport {
  const { file, target: path, settings, busyTimeoutMs } = options;
  const old = openOldTracker(file);
  try {
    if (fileIdentity(path) === fileIdentity(old.path)) {
      throw new OldTrackerError(
        `cannot import ${old.path}: the rows would go into that very file; say with --db or --dir where they belong (AI_TRACKER_DB_PATH names it, perhaps still for cc-ai-tracker)`,
      );
    }
    const { journal, synchronous, fileMode } = settings;
    const target = openForWriting(path, { busyTimeoutMs, journal, synchronous, fileMode });
    try {
      const counter = new ChangeCounter(target.db);
      const inTransaction = target.db.transaction((work: () => void) => {
        counter.begin();
        work();
        counter.end();
      });
      return new Import(old, options, new ImportRows(target.db, counter), inTransaction.immediate).run(path);
    } catch (error) {
      throw asStoreError(error, 'write to', path);
    } finally {
      target.close();
    }
  } finally {
    old.close();
  }
}

const emptyTable = (): ImportedTable => ({ rows: 0, written: 0, known: 0, repeated: 0, notTaken: {} });

class Import {
  readonly #old: OldTracker;
  readonly #agentId: string | null;
  readonly #repoIdOf: ImportOptions['repoIdOf'];
  readonly #rows: ImportRows;
  readonly #inTransaction: (work: () => void) => void;
  /** By path of the work tree. */
  readonly #repoIds = new Map<string, string | null>();
  readonly #byName = new Set<string>();
  /** Row ids of the commits whose files are taken, by their old ids; null: of one that is another's repetition. */
  readonly #commitIds = new Map<number, { readonly id: string; readonly takesFiles: boolean } | null>();

  constructor(old: OldTracker, options: ImportOptions, rows: ImportRows, inTransaction: (work: () => void) => void) {
    this.#old = old;
    this.#agentId = options.agentId;
    this.#repoIdOf = options.repoIdOf;
    this.#rows = rows;
    this.#inTransaction = inTransaction;
  }

  run(target: string): ImportReport {
    const commits = this.#commits();
    const commitFiles = this.#commitFiles();
    const edits = this.#edits();
    return {
      ...{ source: this.#old.path, target, edits, commits, commitFiles },
      ...{ reposByName: this.#byName.size, broken: this.#old.broken },
    };
  }

  #commits(): ImportedTable {
    const seen = new Set<string>();
    return this.#table('commits', readOldCommit, (commit) => {
      const key = `${commit.sha} ${commit.repoName ?? ''}`;
      // The first run of the hook knew the edits; later ones found them used up.
      if (seen.has(key)) {
        this.#commitIds.set(commit.oldId, null);
        return 'repeated';
      }
      seen.add(key);
      const { fate, id, takesFiles } = this.#rows.commit(commit, this.#agentId, this.#repoOf(commit));
      this.#commitIds.set(commit.oldId, { id, takesFiles });
      return fate;
    });
  }

  #commitFiles(): ImportedTable {
    return this.#table('commit_files', readOldCommitFile, (file) => {
      const commit = this.#commitIds.get(file.oldCommitId);
      if (commit === undefined) return { notTaken: 'their commit is not there' };
      if (commit === null) return 'repeated';
      return commit.takesFiles ? this.#rows.file(file, commit.id) : 'known';
    });
  }

  #edits(): ImportedTable {
    // The innermost first: a repository may lie within another.
    const tops = [...this.#repoIds.keys()].toSorted((a, b) => b.length - a.length);
    return this.#table('edits', readOldEdit, (edit) => this.#rows.edit(edit, this.#agentId, this.#placeOf(edit.filePath, tops)));
  }

  #table<T>(
    name: string,
    read: (row: OldRow) => OldReading<T>,
    take: (row: T) => ImportFate | 'repeated' | { readonly notTaken: string },
  ): ImportedTable {
    const report = emptyTable();
    for (const step of inSteps(this.#old.rows(name))) {
      this.#inTransaction(() => {
        for (const row of step) {
          const reading = read(row);
          const fate = reading.what === 'row' ? take(reading.row) : { notTaken: reading.reason };
          report.rows += 1;
          if (typeof fate === 'string') report[fate] += 1;
          else report.notTaken[fate.notTaken] = (report.notTaken[fate.notTaken] ?? 0) + 1;
        }
      });
    }
    return report;
  }

  #repoOf({ repoPath, repoName }: OldCommit): ImportedRepo {
    const id = repoPath === null ? null : this.#repoIdAt(repoPath, repoName);
    if (id !== null) return { id, isCertain: true };
    const name = repoName ?? 'unknown';
    this.#byName.add(name);
    return { id: name, isCertain: false };
  }

  /** What lies at that path now may be another repository than then: its name has to fit. */
  #repoIdAt(path: string, name: string | null): string | null {
    let id = this.#repoIds.get(path);
    if (id === undefined) {
      id = this.#repoIdOf(path);
      // A root commit is the id of a repository without a remote, which is named after its folder.
      const named = id === null ? null : /^[0-9a-f]{40,64}$/.test(id) ? basename(path) : basename(id);
      if (name !== null && named?.toLowerCase() !== name.toLowerCase()) id = null;
      this.#repoIds.set(path, id);
    }
    return id;
  }

  #placeOf(filePath: string, tops: readonly string[]): ImportedPlace {
    const path = filePath.replaceAll('\\', '/');
    const top = tops.find((folder) => path.startsWith(`${folder.replaceAll('\\', '/').replace(/\/$/, '')}/`));
    if (top === undefined) return { repoId: null, repoPath: null };
    const within = path.slice(top.replace(/[\\/]$/, '').length + 1);
    return { repoId: this.#repoIds.get(top) ?? null, repoPath: within };
  }
}

function* inSteps<T>(items: Iterable<T>): Generator<T[]> {
  let step: T[] = [];
  for (const item of items) {
    step.push(item);
    if (step.length < STEP) continue;
    yield step;
    step = [];
  }
  if (step.length > 0) yield step;
}
