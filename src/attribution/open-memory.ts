import { join } from 'node:path';
import { type Migration, readMigrations } from '../store/migrate.ts';
import { type OpenFile, openForWriting } from '../store/open.ts';

let shipped: readonly Migration[] | undefined;
const memoryMigrations = (): readonly Migration[] =>
  (shipped ??= readMigrations(new URL('../../schema/authorship/', import.meta.url)));

/** The memory lies below what all work trees of a repository share: a clone has its own, and it goes with the clone. */
export const memoryPath = (commonDir: string): string => join(commonDir, 'ai-tracker', 'authorship.db');

/**
 * Opens a repository's authorship memory, and makes it if need be.
 *
 * @throws {StoreError} where it cannot be written, is damaged or of a newer version
 */
export const openMemory = (commonDir: string, busyTimeoutMs: number): OpenFile =>
  openForWriting(memoryPath(commonDir), { busyTimeoutMs, migrations: memoryMigrations() });
