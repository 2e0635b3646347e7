import type { Db } from '../store/open.ts';
import type { Told, ToldRun } from './authorship-event.ts';
import { FORGOTTEN_BEFORE } from './forget-old.ts';

export interface KeptEvent {
  readonly id: number;
  readonly atMs: number;
  readonly told: Told;
}

interface EventRow {
  readonly id: number;
  readonly at_ms: number;
  readonly body: string;
}

const RANK: Readonly<Record<Told['kind'], number>> = { run: 0, edit: 0, git: 1 };

/** What the hooks told of a repository, in order of time. */
export class ToldEvents {
  readonly #statements;

  constructor(db: Db) {
    this.#statements = {
      put: db.prepare<[string, number, number, string, string]>(
        `INSERT INTO events (key, at_ms, rank, kind, body) VALUES (?, ?, ?, ?, ?)
          ON CONFLICT (key) DO UPDATE SET body = excluded.body, at_ms = excluded.at_ms, is_done = 0
          WHERE body <> excluded.body OR at_ms <> excluded.at_ms`,
      ),
      open: db.prepare<[number], EventRow>(
        'SELECT id, at_ms, body FROM events WHERE is_done = 0 ORDER BY at_ms, rank, id LIMIT ?',
      ),
      firstOpen: db.prepare<[], number | null>('SELECT min(at_ms) FROM events WHERE is_done = 0').pluck(),
      first: db.prepare<[], number | null>('SELECT min(at_ms) FROM events').pluck(),
      lastDone: db.prepare<[], number | null>('SELECT max(at_ms) FROM events WHERE is_done = 1').pluck(),
      done: db.prepare<[number]>('UPDATE events SET is_done = 1 WHERE id = ?'),
      reopen: db.prepare<[number]>('UPDATE events SET is_done = 0 WHERE at_ms >= ?'),
      before: db.prepare<[number, number], EventRow>(
        "SELECT id, at_ms, body FROM events WHERE kind = 'git' AND at_ms <= ? ORDER BY at_ms DESC, rank DESC, id DESC LIMIT ?",
      ),
      runs: db.prepare<[number, number], EventRow>(
        "SELECT id, at_ms, body FROM events WHERE kind = 'run' AND at_ms <= ? AND at_ms >= ? ORDER BY at_ms DESC",
      ),
      ofKey: db.prepare<[string], EventRow>('SELECT id, at_ms, body FROM events WHERE key = ?'),
      within: db.prepare<[number, number], EventRow>(
        "SELECT id, at_ms, body FROM events WHERE kind = 'git' AND at_ms BETWEEN ? AND ? ORDER BY at_ms, rank, id",
      ),
      forgottenBefore: db.prepare<[string], string>('SELECT value FROM file_info WHERE key = ?').pluck(),
    };
  }

  /** The same event twice is one; one that knows more by now takes the place of what was told. */
  put(key: string, atMs: number, told: Told): void {
    // What was known of that time is forgotten: told then, it would be replayed upon nothing.
    const least = Number(this.#statements.forgottenBefore.get(FORGOTTEN_BEFORE) ?? 0);
    this.#statements.put.run(key, Math.max(atMs, least), RANK[told.kind], told.kind, JSON.stringify(told));
  }

  /** The next that were not replayed. */
  open(most: number): KeptEvent[] {
    return this.#statements.open.all(most).map(eventOf);
  }

  /** Where the replay has to begin anew, since something came late; null: it goes on. */
  lateFrom(): number | null {
    const first = this.#statements.firstOpen.get() ?? null;
    const last = this.#statements.lastDone.get() ?? null;
    return first !== null && last !== null && first <= last ? first : null;
  }

  /** Epoch milliseconds of the first event that is kept. */
  firstMs(): number | null {
    return this.#statements.first.get() ?? null;
  }

  setDone({ id }: KeptEvent): void {
    this.#statements.done.run(id);
  }

  reopen(fromMs: number): void {
    this.#statements.reopen.run(fromMs);
  }

  /** Events of git up to that time, the newest first. */
  gitBefore(atMs: number, most: number): KeptEvent[] {
    return this.#statements.before.all(atMs, most).map(eventOf);
  }

  /** Commands that had begun by then, not longer before than that, the newest first. */
  runsAround(atMs: number, longestMs: number): ToldRun[] {
    return this.#statements.runs.all(atMs, atMs - longestMs).map((row) => eventOf(row).told as ToldRun);
  }

  /** What an agent's command was, where its beginning and end were seen. */
  runOf(call: string): ToldRun | null {
    const row = this.#statements.ofKey.get(`run ${call}`);
    return row === undefined ? null : (eventOf(row).told as ToldRun);
  }

  /** Events of git from one time to another. */
  gitWithin(fromMs: number, toMs: number): KeptEvent[] {
    return this.#statements.within.all(fromMs, toMs).map(eventOf);
  }
}

const eventOf = ({ id, at_ms, body }: EventRow): KeptEvent => ({ id, atMs: at_ms, told: JSON.parse(body) as Told });
