import type { Db } from '../store/open.ts';
import { HUMAN, type LineState, LineStates, UNKNOWN, type WorkState } from './line-states.ts';
import { isBinary } from './line-text.ts';
import { LineTexts } from './line-texts.ts';
import type { RepositoryReader } from './repository-reader.ts';
import { type Resolved, resolveLines, type Source } from './resolve-lines.ts';

/** Contents of a file that are looked at for lines that nothing nearer has. */
const RECENT_STATES = 40;
const MAX_RECENT_SOURCES = 3;
/** Lines that a moved file shares with what it was. */
const LEAST_ALIKE = 2;
/** Between the two steps of a move. */
const MOVE_MS = 3_600_000;
const NOTHING: ReadonlySet<number> = new Set();

export interface Origin {
  /** What the file was in the work tree when somebody last told. */
  readonly current: WorkState | null;
  /** What is committed. */
  readonly committed: LineState | null;
  /** Contents that git took lines from: stashes, commits that were made anew. */
  readonly offered: readonly LineState[];
  /** Other paths that the file had. */
  readonly previousPaths: readonly string[];
}

/** Tells whose the lines of a content are, by the contents that are known. */
export class LineHistory {
  readonly texts: LineTexts;
  readonly states: LineStates;
  readonly #blobs;

  constructor(db: Db) {
    this.texts = new LineTexts(db);
    this.states = new LineStates(db);
    this.#blobs = {
      find: db.prepare<[string], number>('SELECT content FROM blobs WHERE oid = ?').pluck(),
      put: db.prepare<[string, number, number]>(
        'INSERT INTO blobs (oid, content, seen_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      ),
    };
  }

  /** contents.id of git's blobs, by id; null: binary, too large or not there. */
  contentsOf(oids: readonly string[], reader: RepositoryReader, nowMs: number): Map<string, number | null> {
    const found = new Map<string, number | null>();
    const missing: string[] = [];
    for (const oid of new Set(oids)) {
      const known = this.#blobs.find.get(oid);
      if (known === undefined) missing.push(oid);
      else found.set(oid, known);
    }
    if (missing.length === 0) return found;
    reader.blobs(missing).forEach((bytes, i) => {
      const oid = missing[i] as string;
      if (bytes === null || isBinary(bytes)) return void found.set(oid, null);
      const content = this.texts.contentOf(this.texts.textsOf(bytes.toString('utf8')));
      this.#blobs.put.run(oid, content, nowMs);
      found.set(oid, content);
    });
    return found;
  }

  /** A content that was committed before anybody told of it: what is new in it is of nobody known. */
  committedState(path: string, content: number, known: Origin, atMs: number): LineState {
    const { states } = this;
    const exact = states.exact(path, content);
    if (exact !== null) return exact;
    // A file that was renamed since is known by its new path.
    const renamed = known.previousPaths.flatMap((other) => states.exact(other, content) ?? [])[0];
    if (renamed !== undefined) return this.sameElsewhere(path, renamed, atMs);
    const state = this.resolve(path, content, known, UNKNOWN, atMs);
    this.foundFrom(known, state, atMs);
    return state;
  }

  /** A content that another file had. */
  sameElsewhere(path: string, from: LineState, atMs: number): LineState {
    const state = this.states.exact(path, from.content) ?? this.states.addState(path, from.content, from.lines, atMs);
    this.states.addOrigin(state, { from, author: HUMAN, isTold: false }, atMs);
    return state;
  }

  /** A content that came about since the last one that was told. What is new in it a person wrote. */
  foundState(path: string, content: number, origin: Origin, atMs: number): LineState {
    const exact = this.states.exact(path, content);
    const state = exact ?? this.resolve(path, content, origin, HUMAN, atMs);
    this.foundFrom(origin, state, atMs);
    return state;
  }

  /** A person, or git, made that state of what was there. */
  foundFrom({ current, committed, offered }: Origin, state: LineState, atMs: number): void {
    const base = committed === null ? NOTHING : new Set(committed.lines);
    const target = this.states.textsOf(state.lines);
    const isFromTree = current !== null && (committed === null || this.isLeft(current.state, base, target, !current.isClean));
    const before = isFromTree ? current.state : committed;
    if (before !== null) this.changed(before, state, HUMAN, false, atMs);
    for (const from of offered) {
      if (this.isLeft(from, base, target, false)) this.states.addOrigin(state, { from, author: HUMAN, isTold: false }, atMs);
    }
  }

  /** Keeps of what a state was made, and who took lines away by it. */
  changed(from: LineState, state: LineState, author: number, isTold: boolean, atMs: number): void {
    const [old, fresh] = [new Set(from.lines), new Set(state.lines)];
    this.states.addOrigin(state, { from, author, isTold }, atMs);
    for (const line of old) if (!fresh.has(line)) this.states.setRemoved(line, author, atMs);
    for (const line of fresh) if (!old.has(line) && this.states.removedBy(line) !== null) this.states.setRemoved(line, 0, atMs);
  }

  /** Makes the state, of lines that are known and new ones by that author. */
  resolve(path: string, content: number, origin: Origin, author: number, atMs: number): LineState {
    const target = this.texts.textsOfContent(content);
    const base = origin.committed === null ? NOTHING : new Set(origin.committed.lines);
    const sources = this.#sources(origin, base, target);
    let found = this.#resolve(target, sources, base);
    const isOpen = (n: number): boolean => found[n] === null && this.texts.facts(target[n] as number).isDistinctive;
    const open = new Set(target.filter((_, n) => isOpen(n)));
    if (open.size > 0) {
      const further = this.#recent(path, origin, open, base);
      if (further.length > 0) found = this.#resolve(target, [...sources, ...further], base);
    }
    this.#broughtBack(target, found, author, atMs);
    const lines = Int32Array.from(found, (one, n) => this.#lineOf(one, target[n] as number, author, atMs));
    return this.states.addState(path, content, lines, atMs);
  }

  /** Of files, the one that has at least half of the content's lines that tell something: it was moved, and changed since. */
  mostAlike(content: number, files: Iterable<WorkState>): WorkState | null {
    const own = new Set(this.texts.textsOfContent(content).filter((text) => this.texts.facts(text).isDistinctive));
    if (own.size < LEAST_ALIKE) return null;
    let [best, most]: [WorkState | null, number] = [null, Math.max(own.size / 2, LEAST_ALIKE)];
    for (const one of files) {
      const shared = new Set(this.states.textsOf(one.state.lines).filter((text) => own.has(text))).size;
      if (shared >= most) [best, most] = [one, shared + 1];
    }
    return best;
  }

  /** The next content by one hand: what is new is that author's, but for what git took from other contents. */
  resolveEdit(
    path: string,
    content: number,
    before: LineState | null,
    offered: readonly LineState[],
    author: number,
    atMs: number,
  ): LineState {
    const exact = this.states.exact(path, content);
    if (exact !== null) return exact;
    const target = this.texts.textsOfContent(content);
    const sources = before === null ? [] : [this.#source(before, 'nothing', false)];
    for (const state of offered) if (state.id !== before?.id) sources.push(this.#source(state, 'run', false));
    const found = this.#resolve(target, sources, new Set(before?.lines));
    this.#broughtBack(target, found, author, atMs);
    const lines = Int32Array.from(found, (one, n) => this.#lineOf(one, target[n] as number, author, atMs));
    return this.states.addState(path, content, lines, atMs);
  }

  /** A file that is not there. */
  emptyState(path: string, atMs: number): LineState {
    const nothing = new Int32Array(0);
    const content = this.texts.contentOf(nothing);
    return this.states.exact(path, content) ?? this.states.addState(path, content, nothing, atMs);
  }

  /** Null where the file was there whenever somebody told. */
  knownEmpty(path: string): LineState | null {
    return this.states.exact(path, this.texts.contentOf(new Int32Array(0)));
  }

  forget(): void {
    this.texts.forget();
    this.states.forget();
  }

  #resolve(target: Int32Array, sources: readonly Source[], base: ReadonlySet<number>): Resolved[] {
    return resolveLines(target, sources, base, (text) => this.texts.facts(text));
  }

  /**
   * A move in two steps: who took a line away puts it somewhere else a while later. Whoever else writes the same text wrote it; so did
   * who writes what was there long ago.
   */
  #broughtBack(target: Int32Array, found: Resolved[], author: number, atMs: number): void {
    const hand = this.#handOf(author);
    found.forEach((one, n) => {
      if (one !== null || !this.texts.facts(target[n] as number).isDistinctive) return;
      const taken = this.states.lastTaken(target[n] as number, atMs - MOVE_MS);
      if (taken === null || this.#handOf(taken.author) !== hand) return;
      found[n] = { what: 'changed', from: taken.line, isInferred: false };
      // Lines that were written together have numbers in a row.
      for (const step of [-1, 1]) {
        for (let k = step; found[n + k] === null; k += step) {
          const beside = this.states.lineIfThere(taken.line + k);
          if (beside?.text !== target[n + k] || this.#handOf(this.states.removedBy(taken.line + k) ?? 0) !== hand) break;
          found[n + k] = { what: 'changed', from: taken.line + k, isInferred: false };
        }
      }
    });
  }

  /** A person, or an agent. */
  #handOf(author: number): string {
    const edit = this.states.editOf(author);
    return edit === null ? `${author}` : `agent ${edit.agent}`;
  }

  #lineOf(resolved: Resolved, text: number, author: number, atMs: number): number {
    if (resolved === null) return this.states.addLine(text, author, false, atMs);
    if (resolved.what === 'kept' && !resolved.isInferred) return resolved.line;
    const from = this.states.line(resolved.what === 'kept' ? resolved.line : resolved.from);
    return this.states.addLine(text, from.author, from.isInferred || resolved.isInferred, atMs);
  }

  #source(state: LineState, shows: Source['shows'], isInferred: boolean): Source {
    return { lines: state.lines, texts: this.states.textsOf(state.lines), shows, isInferred };
  }

  /** The work tree's content leads, unless nothing of what was written into it is left: then it was thrown away. */
  #sources({ current, committed, offered }: Origin, base: ReadonlySet<number>, target: Int32Array): Source[] {
    const sources: Source[] = [];
    const known = new Set<number>();
    const add = (state: LineState | null, shows: Source['shows'], first = false): void => {
      if (state === null || known.has(state.id)) return;
      known.add(state.id);
      const source = this.#source(state, shows, false);
      if (first) sources.unshift(source);
      else sources.push(source);
    };
    const isLeft = current !== null && this.isLeft(current.state, base, target, !current.isClean);
    if (current !== null && isLeft) add(current.state, current.isSuspect ? 'run' : 'any');
    add(committed, 'nothing');
    if (current !== null && !isLeft) add(current.state, 'run');
    for (const state of offered) add(state, 'run');
    return sources;
  }

  /**
   * Whether this content was made of that one: something that was written into it is here, or what was taken out of it is not.
   *
   * @param base lines that are committed
   * @param isOpen it has more than what was committed; else it may stand on another branch, where others took the same lines away
   */
  isLeft(state: LineState, base: ReadonlySet<number>, target: Int32Array, isOpen: boolean): boolean {
    const there = new Set(target);
    const ofBase = new Set(Array.from(base, (line) => this.states.line(line).text));
    const isHere = (line: number): boolean | null => {
      const { text } = this.states.line(line);
      return this.texts.facts(text).isDistinctive ? there.has(text) : null;
    };
    let own = 0;
    for (const line of state.lines) {
      // A committed line that was moved is no sign.
      const here = base.has(line) || ofBase.has(this.states.line(line).text) ? null : isHere(line);
      if (here === true) return true;
      if (here === false) own++;
    }
    if (own === 0) return true;
    if (!isOpen) return false;
    const kept = new Set(state.lines);
    for (const line of base) if (!kept.has(line) && isHere(line) === false) return true;
    return false;
  }

  /** Contents that the file had some time, with most of the lines that are still open. */
  #recent(
    path: string,
    { current, committed, offered, previousPaths }: Origin,
    open: Set<number>,
    base: ReadonlySet<number>,
  ): Source[] {
    const left = new Set(open);
    const seen = new Set([current?.state.id, committed?.id, ...offered.map(({ id }) => id)]);
    const states = [path, ...previousPaths]
      .flatMap((one) => this.states.ofPath(one, RECENT_STATES))
      .filter(({ id }) => !seen.has(id))
      .map((state) => ({ state, own: state.lines.filter((line) => !base.has(line)).map((line) => this.states.line(line).text) }));
    const found: Source[] = [];
    while (found.length < MAX_RECENT_SOURCES && left.size > 0) {
      let best: { readonly state: LineState; readonly own: Int32Array } | null = null;
      let most = 0;
      for (const one of states) {
        const count = new Set(one.own.filter((text) => left.has(text))).size;
        if (count > most) [best, most] = [one, count];
      }
      if (best === null) break;
      for (const text of best.own) left.delete(text);
      found.push(this.#source(best.state, 'run', true));
    }
    return found;
  }
}
