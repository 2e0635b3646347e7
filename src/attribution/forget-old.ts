import type { Db } from '../store/open.ts';
import type { Told } from './authorship-event.ts';
import { unpackNumbers } from './numbers-blob.ts';
import type { KeptCommit } from './told-commits.ts';

export interface Horizon {
  /** Epoch milliseconds: what was told before is not replayed again. */
  readonly beforeMs: number;
  /** Of commits that no ref leads to; git keeps them for 30 days for whoever wants them back. */
  readonly deadBeforeMs: number;
  /** Names of those that are there. */
  readonly worktrees: readonly string[];
}

/** In file_info: nothing is known of what was told before, so that what comes later than that is told as of then. */
export const FORGOTTEN_BEFORE = 'forgotten_before';

/**
 * Deletes what nothing leads to any more: events that will not be replayed again, what work trees were in between, dead commits, and then
 * contents and lines that are in none of what is left. What live commits hold stays. Within a transaction; nobody may remember ids from before.
 *
 * @returns the time that it went to, which is earlier where something is yet to be replayed
 */
export function forgetOld(db: Db, { beforeMs, deadBeforeMs, worktrees }: Horizon): number {
  const number = (sql: string, ...values: unknown[]): number | null =>
    (db
      .prepare(sql)
      .pluck()
      .get(...values) as number | null) ?? null;
  const horizon = Math.min(beforeMs, number('SELECT min(at_ms) FROM events WHERE is_done = 0') ?? beforeMs);
  const run = (sql: string, ...values: unknown[]): void => void db.prepare(sql).run(...values);
  const before = number(`SELECT CAST(value AS REAL) FROM file_info WHERE key = '${FORGOTTEN_BEFORE}'`) ?? 0;
  run(
    'INSERT INTO file_info (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    FORGOTTEN_BEFORE,
    `${Math.max(horizon, before)}`,
  );

  const stashes = JSON.stringify(lastStashes(db));
  run('DELETE FROM events WHERE is_done = 1 AND at_ms < ?', horizon);
  run(
    'DELETE FROM work_states WHERE at_ms < ? AND worktree NOT IN (SELECT value FROM json_each(?))',
    horizon,
    JSON.stringify(worktrees),
  );
  run(
    `DELETE FROM work_states WHERE at_ms < @horizon AND at_ms < (SELECT max(at_ms) FROM work_states AS later
      WHERE later.worktree = work_states.worktree AND later.path = work_states.path AND later.at_ms < @horizon)`,
    { horizon },
  );
  run('DELETE FROM commits WHERE is_live = 0 AND is_written = 1 AND at_ms < ?', deadBeforeMs);
  run(
    `DELETE FROM commit_states WHERE at_ms < ? AND sha NOT IN (SELECT sha FROM commits)
      AND sha NOT IN (SELECT value FROM json_each(?))`,
    deadBeforeMs,
    stashes,
  );
  run('DELETE FROM rewrites WHERE from_sha NOT IN (SELECT sha FROM commits) AND to_sha NOT IN (SELECT sha FROM commits)');
  // The last id of each table stays: SQLite would give it to somebody else.
  run(
    `DELETE FROM states WHERE at_ms < ? AND id < (SELECT max(id) FROM states)
      AND id NOT IN (SELECT state FROM work_states) AND id NOT IN (SELECT state FROM commit_states)
      AND id NOT IN (SELECT from_state FROM origins WHERE at_ms >= ?)`,
    horizon,
    horizon,
  );
  run('DELETE FROM origins WHERE state NOT IN (SELECT id FROM states) OR from_state NOT IN (SELECT id FROM states)');
  forgetAnchors(db, horizon);
  forgetLines(db, horizon);
  forgetContents(db, horizon);
  return horizon;
}

/** They are in the rows, are most of what is kept of a commit, and are made again of its blobs where rows are gone (`withAnchors`). */
function forgetAnchors(db: Db, horizon: number): void {
  const put = db.prepare<[string, string]>('UPDATE commits SET body = ? WHERE sha = ?');
  const rows = db
    .prepare<[number], { sha: string; body: string }>(
      `SELECT sha, body FROM commits WHERE at_ms < ? AND is_written = 1 AND body LIKE '%"anchors":[{%'`,
    )
    .all(horizon);
  for (const { sha, body } of rows) {
    const kept = JSON.parse(body) as KeptCommit;
    const files = kept.attribution.files.map((file) => ({ ...file, anchors: [] }));
    put.run(JSON.stringify({ ...kept, attribution: { ...kept.attribution, files } } satisfies KeptCommit), sha);
  }
}

function forgetLines(db: Db, horizon: number): void {
  const used = new Uint8Array(lastId(db, 'lines') + 1);
  for (const lines of db.prepare<[], Buffer>('SELECT lines FROM states').pluck().iterate()) {
    for (const line of unpackNumbers(lines)) used[line] = 1;
  }
  used[used.length - 1] = 1;
  deleteUnused(db, 'lines', used, horizon);
  db.exec('DELETE FROM removals WHERE line NOT IN (SELECT id FROM lines)');
  db.exec(
    `DELETE FROM authors WHERE id > 2 AND id < (SELECT max(id) FROM authors)
      AND id NOT IN (SELECT author FROM lines UNION SELECT author FROM removals UNION SELECT author FROM origins)`,
  );
}

function forgetContents(db: Db, horizon: number): void {
  db.prepare('DELETE FROM blobs WHERE seen_ms < ? AND content NOT IN (SELECT content FROM states)').run(horizon);
  const contents = new Uint8Array(lastId(db, 'contents') + 1);
  const texts = new Uint8Array(lastId(db, 'texts') + 1);
  contents[contents.length - 1] = texts[texts.length - 1] = 1;
  for (const content of db.prepare<[], number>('SELECT content FROM states UNION SELECT content FROM blobs').pluck().iterate())
    contents[content] = 1;
  for (const body of db.prepare<[], string>("SELECT body FROM events WHERE kind = 'edit'").pluck().iterate()) {
    const told = JSON.parse(body) as Told;
    if (told.kind !== 'edit') continue;
    for (const content of [told.before, told.after]) if (typeof content === 'number') contents[content] = 1;
    for (const { lines } of told.hunks ?? []) for (const [, text] of lines) texts[text] = 1;
  }
  deleteUnused(db, 'contents', contents);
  for (const packed of db.prepare<[], Buffer>('SELECT texts FROM contents').pluck().iterate()) {
    for (const text of unpackNumbers(packed)) texts[text] = 1;
  }
  for (const text of db.prepare<[], number>('SELECT text FROM lines').pluck().iterate()) texts[text] = 1;
  deleteUnused(db, 'texts', texts);
  db.exec('DELETE FROM normals WHERE id < (SELECT max(id) FROM normals) AND id NOT IN (SELECT normal FROM texts)');
}

const lastId = (db: Db, table: string): number =>
  (db.prepare(`SELECT max(id) FROM ${table}`).pluck().get() as number | null) ?? 0;

function deleteUnused(db: Db, table: 'lines' | 'contents' | 'texts', used: Uint8Array, beforeMs: number | null = null): void {
  const ids = db
    .prepare<[], number>(`SELECT id FROM ${table}${beforeMs === null ? '' : ` WHERE at_ms < ${beforeMs}`}`)
    .pluck()
    .all();
  const remove = db.prepare<[number]>(`DELETE FROM ${table} WHERE id = ?`);
  for (const id of ids) if (used[id] !== 1) remove.run(id);
}

/** Those that were there when a hook of git last told. */
function lastStashes(db: Db): readonly string[] {
  const body = db.prepare<[], string>("SELECT body FROM events WHERE kind = 'git' ORDER BY at_ms DESC LIMIT 1").pluck().get();
  const told = body === undefined ? null : (JSON.parse(body) as Told);
  return told?.kind === 'git' ? told.stashes : [];
}
