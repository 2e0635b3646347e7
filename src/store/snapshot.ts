import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FILE_MODE } from './make-file.ts';
import { StoreError } from './store-error.ts';

/**
 * How a reader gets at a file without changing anything around it. SQLite makes -wal and -shm beside a closed WAL file
 * even for a read-only connection and leaves them there (3.54.1, tried), and where it may not it fails with
 * SQLITE_READONLY_DIRECTORY; `immutable=1` needs URI names, which better-sqlite3 is compiled without.
 */
export type Snapshot =
  /** Nothing to guard against: SQLite opens the file itself. */
  | { readonly as: 'file'; readonly path: string }
  /** The closed file's content, marked as rollback-journal so that SQLite asks for no -shm. */
  | { readonly as: 'bytes'; readonly bytes: Buffer }
  /** A copy, with its journal, in a private folder; `remove` after the first read. */
  | { readonly as: 'copy'; readonly path: string; readonly remove: () => void };

const HEADER_BYTES = 100;
/** Offsets 18 and 19 of the header: file format write and read version, 1 rollback journal, 2 WAL (sqlite.org/fileformat2.html §1.3). */
const FORMAT_OFFSETS = [18, 19] as const;
/** A closed file above this is opened in place where its folder may be written, else copied. */
const LARGEST_IN_MEMORY = 32 * 1024 * 1024;
const TRIES = 5;

/** By its header; whether there is a -wal is another question. */
export function isWal(path: string): boolean {
  const header = Buffer.alloc(HEADER_BYTES);
  const fd = openSync(path, 'r');
  try {
    return readSync(fd, header, 0, HEADER_BYTES, 0) === HEADER_BYTES && header[18] === 2;
  } finally {
    closeSync(fd);
  }
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Changes when a writer has been at the file or at its journals in between. */
function fingerprint(paths: readonly string[]): string {
  return paths
    .map((path) => {
      const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
      return stat === undefined ? '-' : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
    })
    .join();
}

/**
 * The way to begin with. Only a WAL file without a -wal is certain to be closed; a writer that comes while its bytes are
 * read is noticed, and then the file is open and SQLite can do it.
 * @throws the file system's error where the file cannot be read.
 */
export function snapshotOf(path: string): Snapshot {
  const wal = `${path}-wal`;
  if (!isWal(path) || existsSync(wal)) return { as: 'file', path };
  const before = fingerprint([path, wal]);
  if (statSync(path).size > LARGEST_IN_MEMORY) return mayWrite(dirname(path)) ? { as: 'file', path } : copyOf(path);
  const bytes = readFileSync(path);
  if (fingerprint([path, wal]) !== before) return { as: 'file', path };
  for (const offset of FORMAT_OFFSETS) bytes[offset] = 1;
  return { as: 'bytes', bytes };
}

/**
 * The way out where SQLite cannot open the file in place: no right to make a -shm, or a journal that a dead writer left
 * and that only someone with write access may roll back.
 * @throws {StoreError} `locked` where a writer changed the file at every try.
 */
export function copyOf(path: string): Snapshot & { as: 'copy' } {
  const folder = mkdtempSync(join(tmpdir(), 'ai-tracker-read-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const copy = join(folder, 'copy.db');
  const parts = ['', '-wal', '-journal'];
  const originals = parts.map((part) => path + part);
  try {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const before = fingerprint(originals);
      for (const part of parts) {
        rmSync(copy + part, { force: true });
        if (!existsSync(path + part)) continue;
        copyFileSync(path + part, copy + part, constants.COPYFILE_FICLONE);
        // The copy takes the mode along, and a journal can only be rolled back in a file that may be written.
        chmodSync(copy + part, FILE_MODE);
      }
      if (fingerprint(originals) === before) return { as: 'copy', path: copy, remove };
    }
  } catch (error) {
    remove();
    throw error;
  }
  remove();
  throw new StoreError('locked', 'read', path, `it was written to during each of ${TRIES} attempts to copy it`);
}
