import type { Kysely } from 'kysely';
import { nodeIsTooOld, OLDEST_NODE } from '../model/node-version.ts';
import type { AgentDatabase } from '../store/tables.ts';

/**
 * Opens one agent's file for typed queries; writes nothing, and a writer may go on meanwhile.
 *
 * ```ts
 * const db = await openReadOnly('/data/tracking/worker-7.db');
 * const failed = await db.selectFrom('task_executions').selectAll().where('status', '=', 'failed').execute();
 * await db.destroy();
 * ```
 *
 * @throws {StoreError} when the file is missing, is not ours, or was written by a version that this one cannot read.
 * @throws {Error} on a Node that is too old for SQLite's native module.
 */
export async function openReadOnly(path: string): Promise<Kysely<AgentDatabase>> {
  if (nodeIsTooOld())
    throw new Error(
      `cannot open ${path}: this is Node ${process.versions.node}, ai-tracker-otel needs Node ${OLDEST_NODE} or later`,
    );
  // Lazily: whoever imports the package on a Node that is too old must not load the native module, which kills it.
  const [{ Kysely, SqliteDialect }, { openForReading }] = await Promise.all([import('kysely'), import('../store/open.ts')]);
  const file = openForReading(path);
  const { db } = file;
  return new Kysely<AgentDatabase>({
    dialect: new SqliteDialect({ database: { prepare: (sql) => db.prepare(sql), close: () => file.close() } }),
  });
}
