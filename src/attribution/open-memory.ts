import { join } from 'node:path';
import { type Migration, readMigrations } from '../store/migrate.ts';
import { type OpenFile, openForWriting } from '../store/open.ts';
import { StoreError } from '../store/store-error.ts';
import { type FileId, fileIdOf, isDamage, setAside } from './set-aside.ts';

let shipped: readonly Migration[] | undefined;
const memoryMigrations = (): readonly Migration[] =>
  (shipped ??= readMigrations(new URL('../../schema/authorship/', import.meta.url)));

const tablesOf = (migrations: readonly Migration[]): string[] =>
  migrations.flatMap(({ sql }) => [...sql.matchAll(/^CREATE TABLE (\w+)/gm)].map(([, name = '']) => name));

/** The memory lies below what all work trees of a repository share: a clone has its own, and it goes with the clone. */
export const memoryPath = (commonDir: string): string => join(commonDir, 'ai-tracker', 'authorship.db');

export interface OpenMemory {
  readonly file: OpenFile;
  /** Which file that is, should it turn out to be damaged. */
  readonly id: FileId | null;
  /** Where a damaged one was put just now. */
  readonly damaged: string | null;
}

/**
 * Opens a repository's authorship memory, and makes it if need be. One that is damaged or none of ours is set aside: nobody else would
 * do that before the next commit.
 *
 * @throws {StoreError} where it cannot be written, or is of a newer version
 */
export function openMemory(commonDir: string, busyTimeoutMs: number): OpenMemory {
  const path = memoryPath(commonDir);
  const open = (): OpenFile => {
    const file = openForWriting(path, { busyTimeoutMs, migrations: memoryMigrations() });
    try {
      const there = new Set(file.db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all());
      const missing = tablesOf(memoryMigrations()).find((name) => !there.has(name));
      if (missing === undefined) return file;
      // Ours by its mark, and an agent's, or of a version before the first.
      throw new StoreError('not-ours', 'write to', path, `it has no table ${missing}, as a memory of authorship has`);
    } catch (error) {
      file.close();
      throw error;
    }
  };
  const before = fileIdOf(path);
  try {
    const file = open();
    return { file, id: fileIdOf(path), damaged: null };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const damaged = setAside(path, before);
    const file = open();
    return { file, id: fileIdOf(path), damaged };
  }
}
