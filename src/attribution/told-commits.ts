import { createHash } from 'node:crypto';
import type { CommitAttribution } from '../model/commit-attribution.ts';
import type { Db } from '../store/open.ts';
import type { CommitTarget } from './authorship-event.ts';
import type { LineState, LineStates } from './line-states.ts';
import type { CommitFacts } from './repository-reader.ts';
import type { ToldCommit } from './told-commit.ts';

/** A commit as the memory keeps it. */
export interface KeptCommit {
  readonly attribution: CommitAttribution;
  readonly owner: CommitTarget;
  readonly removed: ToldCommit['removed'];
}

export interface ListedCommit extends KeptCommit {
  readonly isLive: boolean;
}

/** In file_info: the refs for which it is known which commits live. */
export const REFS_STATE = 'refs_state';

interface CommitRow {
  readonly sha: string;
  readonly body: string;
  readonly is_live: number;
}

const digest = (...parts: readonly (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);

/** Git keeps it of a commit that it makes anew. */
export const authorKey = ({ authorName, authorEmail, authoredMs }: CommitFacts): string =>
  digest(authorName, authorEmail, authoredMs);
export const subjectKey = ({ subject }: CommitFacts): string => digest(subject);

/** Commits whose lines were told apart, and what became of them since. */
export class ToldCommits {
  readonly #states: LineStates;
  readonly #statements;

  constructor(db: Db, states: LineStates) {
    this.#states = states;
    const columns = 'SELECT sha, body, is_live FROM commits';
    this.#statements = {
      put: db.prepare<[string, number, string, string, number, string]>(
        `INSERT INTO commits (sha, at_ms, author_key, subject, is_seen, body, is_live, is_written) VALUES (?, ?, ?, ?, ?, ?, 1, 0)
          ON CONFLICT DO UPDATE SET at_ms = excluded.at_ms, is_seen = excluded.is_seen, body = excluded.body, is_written = 0`,
      ),
      one: db.prepare<[string], CommitRow>(`${columns} WHERE sha = ?`),
      seen: db.prepare<[string], number>('SELECT is_seen FROM commits WHERE sha = ?').pluck(),
      open: db.prepare<[], CommitRow>(`${columns} WHERE is_written = 0`),
      all: db.prepare<[], { sha: string; is_live: number; author_key: string }>('SELECT sha, is_live, author_key FROM commits'),
      written: db.prepare<[string]>('UPDATE commits SET is_written = 1 WHERE sha = ?'),
      unwritten: db.prepare<[string]>('UPDATE commits SET is_written = 0 WHERE sha = ?'),
      setLive: db.prepare<[number, string, number]>(
        'UPDATE commits SET is_live = ?, is_written = 0 WHERE sha = ? AND is_live <> ?',
      ),
      sameAuthor: db.prepare<[string, string, number], { sha: string; subject: string }>(
        'SELECT sha, subject FROM commits WHERE author_key = ? AND sha <> ? ORDER BY at_ms DESC LIMIT ?',
      ),
      ofSubject: db
        .prepare<[string, number], string>('SELECT sha FROM commits WHERE subject = ? ORDER BY at_ms DESC LIMIT ?')
        .pluck(),
      putState: db.prepare<[string, string, number, number]>(
        `INSERT INTO commit_states (sha, path, state, at_ms) VALUES (?, ?, ?, ?)
          ON CONFLICT DO UPDATE SET state = excluded.state, at_ms = excluded.at_ms`,
      ),
      state: db.prepare<[string, string], number>('SELECT state FROM commit_states WHERE sha = ? AND path = ?').pluck(),
      states: db.prepare<[string, number], number>('SELECT state FROM commit_states WHERE sha = ? LIMIT ?').pluck(),
      hasStates: db.prepare<[string], number>('SELECT 1 FROM commit_states WHERE sha = ? LIMIT 1').pluck(),
      rewrite: db.prepare<[string, string]>('INSERT INTO rewrites (from_sha, to_sha) VALUES (?, ?) ON CONFLICT DO NOTHING'),
      rewrittenFrom: db.prepare<[string], string>('SELECT from_sha FROM rewrites WHERE to_sha = ?').pluck(),
      rewrittenTo: db.prepare<[string], string>('SELECT to_sha FROM rewrites WHERE from_sha = ?').pluck(),
      rewind: db.prepare<[number]>('DELETE FROM commits WHERE at_ms >= ? AND is_seen = 1'),
      lookAgain: db.prepare<[string]>('DELETE FROM file_info WHERE key = ?'),
    };
  }

  stateOf(sha: string, path: string): LineState | null {
    const id = this.#statements.state.get(sha, path);
    return id === undefined ? null : this.#states.state(id);
  }

  /** Of all its files. */
  statesOf(sha: string, most: number): LineState[] {
    return this.#statements.states.all(sha, most).map((id) => this.#states.state(id));
  }

  hasStates(sha: string): boolean {
    return this.#statements.hasStates.get(sha) !== undefined;
  }

  putState(sha: string, path: string, state: LineState, atMs: number): void {
    this.#statements.putState.run(sha, path, state.id, atMs);
  }

  put(facts: CommitFacts, kept: KeptCommit, isSeen: boolean, atMs: number): void {
    this.#statements.put.run(facts.sha, atMs, authorKey(facts), subjectKey(facts), isSeen ? 1 : 0, JSON.stringify(kept));
  }

  /** Null where nothing was told of it. */
  one(sha: string): ListedCommit | null {
    const row = this.#statements.one.get(sha);
    return row === undefined ? null : listed(row);
  }

  isSeen(sha: string): boolean {
    return this.#statements.seen.get(sha) === 1;
  }

  /** Whose rows are not as they should be. */
  toWrite(): ListedCommit[] {
    return this.#statements.open.all().map(listed);
  }

  setWritten(sha: string): void {
    this.#statements.written.run(sha);
  }

  setUnwritten(sha: string): void {
    this.#statements.unwritten.run(sha);
  }

  list(): { readonly sha: string; readonly isLive: boolean; readonly authorKey: string }[] {
    return this.#statements.all
      .all()
      .map(({ sha, is_live, author_key }) => ({ sha, isLive: is_live === 1, authorKey: author_key }));
  }

  setLive(sha: string, isLive: boolean): void {
    const live = isLive ? 1 : 0;
    this.#statements.setLive.run(live, sha, live);
  }

  rewritten(from: string, to: string): void {
    // Made anew within a second and with nothing changed, a commit is the same.
    if (from !== to) this.#statements.rewrite.run(from, to);
  }

  replacements(sha: string): string[] {
    return this.#statements.rewrittenTo.all(sha);
  }

  /** Commits that this one was made of anew: as git said, else those of the same author, date and subject. */
  originalsOf(facts: CommitFacts): string[] {
    const told = this.#statements.rewrittenFrom.all(facts.sha);
    if (told.length > 0) return told;
    const subject = subjectKey(facts);
    return this.#statements.sameAuthor
      .all(authorKey(facts), facts.sha, 50)
      .filter((one) => one.subject === subject)
      .map(({ sha }) => sha)
      .slice(0, 1);
  }

  /** Commits of the same author and date: a squash keeps those of its first. */
  relativesOf(facts: CommitFacts, most: number): string[] {
    return this.#statements.sameAuthor.all(authorKey(facts), facts.sha, most).map(({ sha }) => sha);
  }

  /** The latest commits with that subject. */
  ofSubject(subject: string, most: number): string[] {
    return this.#statements.ofSubject.all(digest(subject), most);
  }

  /** Which commits live has to be asked anew. */
  lookAgain(): void {
    this.#statements.lookAgain.run(REFS_STATE);
  }

  rewind(fromMs: number): void {
    this.#statements.rewind.run(fromMs);
    this.lookAgain();
  }
}

const listed = ({ body, is_live }: CommitRow): ListedCommit => ({ ...(JSON.parse(body) as KeptCommit), isLive: is_live === 1 });
