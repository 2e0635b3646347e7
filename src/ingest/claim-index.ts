import { sql } from 'kysely';
import type { OpenFile, Statement } from '../store/open.ts';
import { prepareQuery, prepareRaw, sqlBuilder } from '../store/sql.ts';
import type { AgentClaim } from './agent-claims.ts';
import type { FreshClaim } from './agent-finder.ts';

/** About 120 bytes each in the file. */
const MOST_CLAIMS = 500_000;

/**
 * Whose each trace and each conversation is, as far as this host's writers saw: what a process that starts anew asks. Kept
 * beside what is held. One row per trace and agent, not per span: of the spans themselves the agents' files know.
 */
export class ClaimIndex {
  readonly #file: OpenFile;
  readonly #of: Statement<[key: string, kind: string], AgentClaim>;
  readonly #put: Statement;
  readonly #forget: Statement<[before: number, limit: number]>;
  readonly #newest: Statement<[], number | null>;
  readonly #drop: Statement<[rowid: number, limit: number]>;

  constructor(file: OpenFile) {
    this.#file = file;
    const { db } = file;
    const claims = sqlBuilder.selectFrom('agent_claims');
    this.#of = prepareQuery(
      db,
      claims.select(['agent_id as agentId', 'claim']).where('key', '=', '').where('kind', '=', 'trace'),
    );
    this.#put = prepareQuery(
      db,
      sqlBuilder
        .insertInto('agent_claims')
        .values({ kind: 'trace', key: '', agent_id: '', claim: 0, seen_at: 0 })
        .onConflict((oc) =>
          oc.columns(['key', 'kind', 'agent_id']).doUpdateSet((eb) => ({
            claim: eb.fn<number>('max', ['agent_claims.claim', 'excluded.claim']),
            seen_at: eb.ref('excluded.seen_at'),
          })),
        ),
    );
    // By row number, which is by age of the first claim: an index on the age would cost every trace.
    this.#forget = prepareRaw(
      db,
      sql`delete from agent_claims where rowid in
        (select rowid from (select rowid, seen_at from agent_claims order by rowid limit 4096) where seen_at < ? limit ?)`,
    );
    this.#newest = db.prepare<[], number | null>('select max(rowid) from agent_claims').pluck();
    this.#drop = prepareRaw(
      db,
      sql`delete from agent_claims where rowid in (select rowid from agent_claims where rowid <= ? order by rowid limit ?)`,
    );
  }

  claims(kind: 'trace' | 'conversation', key: string): AgentClaim[] {
    return this.#of.all(key, kind);
  }

  /**
   * Without waiting for the disk: what a power cut takes of it is found in the agents' files.
   * @throws {SqliteError}
   */
  put(claims: readonly FreshClaim[], nowMs: number): void {
    const { db } = this.#file;
    const seconds = Math.floor(nowMs / 1000);
    const synchronous = db.pragma('synchronous', { simple: true }) as number;
    db.pragma('synchronous = normal');
    try {
      db.transaction(() => {
        for (const { of, key, agentId, claim } of claims) this.#put.run(of, key, agentId, claim, seconds);
      }).immediate();
    } finally {
      db.pragma(`synchronous = ${synchronous}`);
    }
  }

  /** Drops up to `limit` claims that are older than that, or that are too many. @throws {SqliteError} */
  forget(beforeMs: number, limit: number): void {
    this.#forget.run(Math.floor(beforeMs / 1000), limit);
    const newest = this.#newest.get() ?? 0;
    if (newest > MOST_CLAIMS) this.#drop.run(newest - MOST_CLAIMS, limit);
  }
}
