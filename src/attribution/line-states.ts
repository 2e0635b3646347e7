import type { Db } from '../store/open.ts';
import { packNumbers, unpackNumbers } from './numbers-blob.ts';

/** authors.id */
export const HUMAN = 1;
export const UNKNOWN = 2;

export interface Line {
  readonly text: number;
  readonly author: number;
  readonly isInferred: boolean;
}

/** A content of a file, and the lines that it is made of. */
export interface LineState {
  readonly id: number;
  readonly path: string;
  readonly content: number;
  readonly lines: Int32Array;
}

export interface WorkState {
  readonly state: LineState;
  /** Since it was seen, git may have thrown it away. */
  readonly isSuspect: boolean;
  /** As it was committed. */
  readonly isClean: boolean;
}

/** Another content was made of that one. */
export interface StateOrigin {
  readonly from: LineState;
  readonly author: number;
  /** By a tool; else it was concluded. */
  readonly isTold: boolean;
}

export interface KeptOrigin extends StateOrigin {
  readonly atMs: number;
}

interface StateRow {
  readonly id: number;
  readonly path: string;
  readonly content: number;
  readonly lines: Buffer;
}

interface CurrentRow {
  readonly state: number;
  readonly is_suspect: number;
  readonly is_clean: number;
}

const MAX_CACHED_LINES = 500_000;
const MAX_CACHED_STATES = 200;

/** Lines, and the states that they make. All of it can be taken back from a time on (`rewind`), to be told anew. */
export class LineStates {
  readonly #lines = new Map<number, Line>();
  readonly #states = new Map<number, LineState>();
  readonly #statements;

  constructor(db: Db) {
    const state = 'SELECT id, path, content, lines FROM states WHERE';
    this.#statements = {
      line: db.prepare<[number], { text: number; author: number; is_inferred: number }>(
        'SELECT text, author, is_inferred FROM lines WHERE id = ?',
      ),
      lines: db.prepare<[number, number], { id: number; text: number; author: number; is_inferred: number }>(
        'SELECT id, text, author, is_inferred FROM lines WHERE id BETWEEN ? AND ?',
      ),
      putLine: db.prepare<[number, number, number, number]>(
        'INSERT INTO lines (text, author, is_inferred, at_ms) VALUES (?, ?, ?, ?)',
      ),
      newIn: db
        .prepare<[number, number, number], number>('SELECT 1 FROM lines WHERE id = ? AND author = ? AND at_ms = ?')
        .pluck(),
      giveTo: db.prepare<[number, number]>('UPDATE lines SET author = ? WHERE id = ?'),
      takenLine: db.prepare<[number, number], { line: number; author: number }>(
        `SELECT removals.line, removals.author FROM lines JOIN removals ON removals.line = lines.id
          WHERE lines.text = ? AND removals.at_ms >= ? ORDER BY removals.at_ms DESC LIMIT 1`,
      ),
      state: db.prepare<[number], StateRow>(`${state} id = ?`),
      exact: db.prepare<[string, number], StateRow>(`${state} path = ? AND content = ?`),
      anywhere: db.prepare<[number], StateRow>(`${state} content = ? ORDER BY at_ms DESC, id DESC LIMIT 1`),
      ofPath: db.prepare<[string, number], StateRow>(`${state} path = ? ORDER BY at_ms DESC, id DESC LIMIT ?`),
      putState: db.prepare<[string, number, Buffer, number]>(
        'INSERT INTO states (path, content, lines, at_ms) VALUES (?, ?, ?, ?)',
      ),
      current: db.prepare<[string, string], CurrentRow>(
        'SELECT state, is_suspect, is_clean FROM work_states WHERE worktree = ? AND path = ? ORDER BY at_ms DESC LIMIT 1',
      ),
      lately: db.prepare<[string, number], CurrentRow>(
        `SELECT state, is_suspect, is_clean FROM work_states AS held WHERE worktree = ?
          AND at_ms = (SELECT max(at_ms) FROM work_states WHERE worktree = held.worktree AND path = held.path)
          ORDER BY at_ms DESC LIMIT ?`,
      ),
      setCurrent: db.prepare<[string, string, number, number, number]>(
        `INSERT INTO work_states (worktree, path, at_ms, state, is_suspect, is_clean) VALUES (?, ?, ?, ?, 0, ?)
          ON CONFLICT DO UPDATE SET state = excluded.state, is_suspect = 0, is_clean = excluded.is_clean`,
      ),
      suspect: db.prepare<[number, string, number]>(
        `INSERT INTO work_states (worktree, path, at_ms, state, is_suspect, is_clean)
          SELECT worktree, path, ?, state, 1, is_clean FROM work_states AS held
          WHERE worktree = ? AND is_suspect = 0 AND at_ms < ?
            AND at_ms = (SELECT max(at_ms) FROM work_states WHERE worktree = held.worktree AND path = held.path)
          ON CONFLICT DO UPDATE SET is_suspect = 1`,
      ),
      removal: db.prepare<[number], number>('SELECT author FROM removals WHERE line = ? ORDER BY at_ms DESC LIMIT 1').pluck(),
      remove: db.prepare<[number, number, number]>(
        'INSERT INTO removals (line, at_ms, author) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET author = excluded.author',
      ),
      origins: db.prepare<[number], { from_state: number; author: number; is_told: number; at_ms: number }>(
        'SELECT from_state, author, is_told, at_ms FROM origins WHERE state = ? ORDER BY at_ms DESC, is_told DESC',
      ),
      lastOrigin: db
        .prepare<[number, number], number | null>('SELECT max(at_ms) FROM origins WHERE state = ? AND from_state = ?')
        .pluck(),
      putOrigin: db.prepare<[number, number, number, number, number]>(
        `INSERT INTO origins (state, at_ms, from_state, author, is_told) VALUES (?, ?, ?, ?, ?)
          ON CONFLICT DO UPDATE SET author = excluded.author, is_told = excluded.is_told WHERE excluded.is_told >= is_told`,
      ),
      author: db.prepare<[string], number>('SELECT id FROM authors WHERE modification = ?').pluck(),
      putAuthor: db.prepare<[string, string | null]>('INSERT INTO authors (modification, agent) VALUES (?, ?)'),
      authorOf: db.prepare<[number], { modification: string | null; agent: string | null }>(
        'SELECT modification, agent FROM authors WHERE id = ?',
      ),
      ofAgentsWithText: db.prepare<[number], { id: number }>(
        `SELECT id FROM lines WHERE text = ? AND author > ${UNKNOWN} ORDER BY id DESC LIMIT 1`,
      ),
      rewind: ['work_states', 'origins', 'removals', 'commit_states', 'states', 'lines'].map((table) =>
        db.prepare<[number]>(`DELETE FROM ${table} WHERE at_ms >= ?`),
      ),
    };
  }

  line(id: number): Line {
    const known = this.#lines.get(id);
    if (known !== undefined) return known;
    const row = this.#statements.line.get(id);
    if (row === undefined) throw new Error(`the authorship memory has no line ${id}`);
    return this.#keep(id, row);
  }

  lineIfThere(id: number): Line | null {
    const row = this.#lines.get(id) ?? this.#statements.line.get(id);
    if (row === undefined) return null;
    return this.line(id);
  }

  textsOf(lines: Int32Array): Int32Array {
    this.#load(lines);
    return lines.map((id) => this.line(id).text);
  }

  addLine(text: number, author: number, isInferred: boolean, atMs: number): number {
    const id = Number(this.#statements.putLine.run(text, author, isInferred ? 1 : 0, atMs).lastInsertRowid);
    this.#lines.set(id, { text, author, isInferred });
    return id;
  }

  /** Whether that author wrote it, and that came to be known only then. */
  isNew(line: number, author: number, atMs: number): boolean {
    return this.#statements.newIn.get(line, author, atMs) !== undefined;
  }

  giveTo(line: number, author: number): void {
    this.#statements.giveTo.run(author, line);
    const known = this.#lines.get(line);
    if (known !== undefined) this.#lines.set(line, { ...known, author });
  }

  /** The line with that text that was taken away last, and by whom; null: none was since then. */
  lastTaken(text: number, sinceMs: number): { readonly line: number; readonly author: number } | null {
    const row = this.#statements.takenLine.get(text, sinceMs);
    return row === undefined || row.author === 0 ? null : row;
  }

  state(id: number): LineState {
    const known = this.#states.get(id);
    if (known !== undefined) return known;
    const row = this.#statements.state.get(id);
    if (row === undefined) throw new Error(`the authorship memory has no state ${id}`);
    return this.#stateOf(row);
  }

  /** The state in which that file has that content. */
  exact(path: string, content: number): LineState | null {
    const row = this.#statements.exact.get(path, content);
    return row === undefined ? null : this.#stateOf(row);
  }

  /** The same of any file. */
  anywhere(content: number): LineState | null {
    const row = this.#statements.anywhere.get(content);
    return row === undefined ? null : this.#stateOf(row);
  }

  /** What a file was lately, the newest first. */
  ofPath(path: string, most: number): LineState[] {
    return this.#statements.ofPath.all(path, most).map((row) => this.#stateOf(row));
  }

  addState(path: string, content: number, lines: Int32Array, atMs: number): LineState {
    const id = Number(this.#statements.putState.run(path, content, packNumbers(lines), atMs).lastInsertRowid);
    return this.#cache({ id, path, content, lines });
  }

  current(worktree: string, path: string): WorkState | null {
    const row = this.#statements.current.get(worktree, path);
    return row === undefined ? null : this.#workStateOf(row);
  }

  /** What files of a work tree were last known to be, the latest first. */
  lately(worktree: string, most: number): WorkState[] {
    return this.#statements.lately.all(worktree, most).map((row) => this.#workStateOf(row));
  }

  setCurrent(worktree: string, path: string, state: LineState, atMs: number, isClean = false): void {
    this.#statements.setCurrent.run(worktree, path, atMs, state.id, isClean ? 1 : 0);
  }

  /** What the work tree's files were known to be may not hold any more. */
  suspectAll(worktree: string, atMs: number): void {
    this.#statements.suspect.run(atMs, worktree, atMs);
  }

  /** Null where nobody took it away. */
  removedBy(line: number): number | null {
    return this.#statements.removal.get(line) || null;
  }

  /** @param author 0: the line came back */
  setRemoved(line: number, author: number, atMs: number): void {
    this.#statements.remove.run(line, atMs, author);
  }

  /** The latest first. */
  originsOf({ id }: LineState): KeptOrigin[] {
    return this.#statements.origins.all(id).map(({ from_state, author, is_told, at_ms }) => ({
      from: this.state(from_state),
      author,
      isTold: is_told === 1,
      atMs: at_ms,
    }));
  }

  addOrigin(state: LineState, { from, author, isTold }: StateOrigin, atMs: number): void {
    if (from.id === state.id || (!isTold && this.#isRepeated(state.id, from.id))) return;
    this.#statements.putOrigin.run(state.id, atMs, from.id, author, isTold ? 1 : 0);
  }

  /** What is only concluded may be what was told before, and git brought it back; unless somebody has undone it since. */
  #isRepeated(state: number, from: number): boolean {
    const done = this.#statements.lastOrigin.get(state, from) ?? null;
    return done !== null && done > (this.#statements.lastOrigin.get(from, state) ?? 0);
  }

  authorOfEdit(modification: string, agent: string | null): number {
    return (
      this.#statements.author.get(modification) ?? Number(this.#statements.putAuthor.run(modification, agent).lastInsertRowid)
    );
  }

  /** Null of people and of who is not known. */
  editOf(author: number): { readonly modification: string; readonly agent: string | null } | null {
    if (author <= UNKNOWN) return null;
    const row = this.#statements.authorOf.get(author);
    return row?.modification == null ? null : { modification: row.modification, agent: row.agent };
  }

  /** The newest line of an agent with that text. */
  agentsLine(text: number): number | null {
    return this.#statements.ofAgentsWithText.get(text)?.id ?? null;
  }

  /** Takes back what was concluded from then on. */
  rewind(fromMs: number): void {
    for (const statement of this.#statements.rewind) statement.run(fromMs);
    this.forget();
  }

  forget(): void {
    this.#lines.clear();
    this.#states.clear();
  }

  /** Lines of one file mostly have numbers in a row. */
  #load(lines: Int32Array): void {
    let from = 0;
    while (from < lines.length) {
      const first = lines[from] as number;
      let to = from;
      while (to + 1 < lines.length && lines[to + 1] === (lines[to] as number) + 1) to++;
      if (to > from && !this.#lines.has(first)) {
        for (const row of this.#statements.lines.all(first, lines[to] as number)) this.#keep(row.id, row);
      }
      from = to + 1;
    }
  }

  #keep(id: number, { text, author, is_inferred }: { text: number; author: number; is_inferred: number }): Line {
    if (this.#lines.size > MAX_CACHED_LINES) this.#lines.clear();
    const line = { text, author, isInferred: is_inferred === 1 };
    this.#lines.set(id, line);
    return line;
  }

  #workStateOf({ state, is_suspect, is_clean }: CurrentRow): WorkState {
    return { state: this.state(state), isSuspect: is_suspect === 1, isClean: is_clean === 1 };
  }

  #stateOf({ id, path, content, lines }: StateRow): LineState {
    return this.#states.get(id) ?? this.#cache({ id, path, content, lines: unpackNumbers(lines) });
  }

  #cache(state: LineState): LineState {
    if (this.#states.size > MAX_CACHED_STATES) this.#states.clear();
    this.#states.set(state.id, state);
    return state;
  }
}
