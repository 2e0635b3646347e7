import type { CommitAttribution } from '../model/commit-attribution.ts';
import type { HookContext } from '../model/hook-context.ts';
import type { Db } from '../store/open.ts';
import type { CommitTarget, ToldGit } from './authorship-event.ts';
import { byCall, inOrder } from './event-order.ts';
import { LineHistory } from './line-history.ts';
import { HUMAN } from './line-states.ts';
import { moveBetweenFiles } from './moved-lines.ts';
import { OfferedStates } from './offered-states.ts';
import { type RunningCall, replayCommit } from './replay-commit.ts';
import { replayEdit } from './replay-edit.ts';
import type { CommitFacts, RepositoryReader } from './repository-reader.ts';
import { ToldCommits } from './told-commits.ts';
import { type KeptEvent, ToldEvents } from './told-events.ts';

/** Events of one transaction: others write in between. */
const CHUNK = 200;
const NO_COMMIT = /^0*$/;
/** Claude Code ends commands after ten minutes; those in the background go on. */
const LONGEST_RUN_MS = 3_600_000;

export interface RepositoryName {
  readonly repoId: string;
  readonly repoName: string | null;
}

/** Who made a commit, as far as the event that told of it knows. */
interface Making {
  readonly worktree: string | null;
  readonly top: string | null;
  readonly branch: string | null;
  readonly context: HookContext;
  readonly claudeSession: string | null;
  readonly insideClaude: boolean;
  readonly owner: CommitTarget;
}

/** Replays what the hooks told of a repository, and tells whose the lines of its commits are. */
export class Replay {
  readonly events: ToldEvents;
  readonly commits: ToldCommits;
  readonly history: LineHistory;
  readonly #db: Db;
  readonly #reader: RepositoryReader;
  readonly #name: RepositoryName;
  readonly #offers: OfferedStates;
  #version: unknown;

  constructor(db: Db, reader: RepositoryReader, name: RepositoryName) {
    this.#db = db;
    this.#reader = reader;
    this.#name = name;
    this.history = new LineHistory(db);
    this.events = new ToldEvents(db);
    this.commits = new ToldCommits(db, this.history.states);
    this.#offers = new OfferedStates(this.history, reader, this.events, this.commits);
  }

  /** Within a transaction: all of it happens, or nothing. */
  within<T>(work: () => T): T {
    // Another process may have taken back what is remembered here.
    const version = this.#db.pragma('data_version', { simple: true });
    if (version !== this.#version) this.history.forget();
    this.#version = version;
    try {
      return this.#db.transaction(work).immediate();
    } catch (error) {
      this.history.forget();
      throw error;
    }
  }

  /** Replays all that came; from where the earliest belongs, if something came late. */
  advance(): void {
    for (let isDone = false; !isDone; ) {
      isDone = this.within(() => {
        const late = this.events.lateFrom();
        if (late !== null) {
          this.events.reopen(late);
          this.commits.rewind(late);
          this.history.states.rewind(late);
        }
        const open = this.events.open(CHUNK);
        for (const events of byCall(inOrder(open))) {
          this.#replay(events);
          for (const event of events) this.events.setDone(event);
        }
        return open.length < CHUNK;
      });
    }
  }

  /** Tells of a commit that no event told of. @returns false where git has no such commit */
  tell(sha: string, making: Making, atMs: number): boolean {
    const facts = this.#reader.facts([sha]).get(sha) ?? null;
    return facts !== null && this.#commit(facts, making, atMs);
  }

  /** Of one event, or of all edits of one call. */
  #replay(events: readonly KeptEvent[]): void {
    const edited = events.flatMap(({ told, atMs }) => {
      if (told.kind === 'git') this.#git(told, atMs);
      if (told.kind !== 'edit') return [];
      return replayEdit(this.history, this.#reader, told, this.#offers.within(told, atMs), atMs) ?? [];
    });
    const atMs = events[0]?.atMs;
    if (edited.length < 2 || atMs === undefined) return;
    const authors = edited.map(({ author }) => author);
    const { states } = this.history;
    moveBetweenFiles(this.history, edited, (line) => authors.some((author) => states.isNew(line, author, atMs)));
  }

  #git(told: ToldGit, atMs: number): void {
    for (const stash of told.stashes) if (!this.commits.hasStates(stash)) this.#stash(stash, told.worktree, atMs);
    const { hook, head, args } = told;
    switch (hook) {
      case 'post-commit':
      case 'post-applypatch':
      case 'reflog':
        if (head !== null && !this.commits.isSeen(head)) this.tell(head, told, atMs);
        return;
      case 'post-merge': {
        if (head === null || args[0] === '1' || this.commits.isSeen(head)) return;
        const facts = this.#reader.facts([head]).get(head) ?? null;
        // What came by a fast-forward was made elsewhere.
        if (facts !== null && facts.parents.length > 1 && Math.abs(facts.committedMs - atMs) < 60_000)
          this.#commit(facts, told, atMs);
        return;
      }
      case 'post-checkout':
        // Of files, not of a branch: what they were may be gone.
        if (args[2] === '0') this.history.states.suspectAll(told.worktree, atMs);
        else this.#switched(told, atMs);
        return;
      default:
    }
  }

  /** Files that differ between two branches are what the other branch says: git switches only where nothing is lost by it. */
  #switched({ args: [from = '', to = ''], worktree }: ToldGit, atMs: number): void {
    const { states } = this.history;
    if (from === to || NO_COMMIT.test(from) || NO_COMMIT.test(to)) return;
    const changes = (this.#reader.changes(from, to) ?? []).flatMap(({ path, previousPath, blobAfter, isFile }) => {
      if (!isFile) return [];
      const gone = previousPath === null ? [] : [{ path: previousPath, blob: null }];
      return [...gone, { path, blob: blobAfter }];
    });
    const known = changes.flatMap((change) => {
      const current = states.current(worktree, change.path);
      return current === null ? [] : [{ ...change, current }];
    });
    const blobs = known.flatMap(({ blob }) => blob ?? []);
    const contents = this.history.contentsOf(blobs, this.#reader, atMs);
    for (const { path, blob, current } of known) {
      const content = blob === null ? null : contents.get(blob);
      if (content === undefined || (blob !== null && content === null)) continue;
      const origin = { current: null, committed: null, offered: [current.state], previousPaths: [] };
      const state =
        content === null ? this.history.emptyState(path, atMs) : this.history.committedState(path, content, origin, atMs);
      states.setCurrent(worktree, path, state, atMs, true);
    }
  }

  #commit(facts: CommitFacts, making: Making, atMs: number): boolean {
    const originals = this.commits.originalsOf(facts);
    const removedBy = this.#removers(originals);
    const told = replayCommit(this.history, this.#reader, {
      facts,
      worktree: making.worktree,
      within: making.worktree === null ? null : this.#runAround(making, making.worktree, atMs),
      offered: (path, previousPath) => this.#offers.to(facts, originals, making.worktree, path, previousPath, atMs),
      removers: (path) => removedBy.get(path) ?? new Map(),
      atMs,
    });
    if (told === null) return false;
    for (const { path, state } of told.states) this.commits.putState(facts.sha, path, state, atMs);
    const { context, claudeSession, branch, top, owner } = making;
    const attribution: CommitAttribution = {
      ...this.#name,
      ...{ repoPath: top, sha: facts.sha, branch, subject: facts.subject, prNumber: null },
      ...{ authoredMs: facts.authoredMs, committedMs: facts.committedMs, recordedMs: atMs },
      ...{ context, claudeSession, files: told.files },
    };
    this.commits.put(facts, { attribution, owner, removed: told.removed }, making.worktree !== null, atMs);
    return true;
  }

  #runAround({ claudeSession, insideClaude }: Making, worktree: string, atMs: number): RunningCall | null {
    const run = this.events.runsAround(atMs, LONGEST_RUN_MS).find((one) => {
      if (one.worktree !== worktree || one.toMs < atMs) return false;
      return insideClaude ? claudeSession === null || claudeSession === one.session : one.mayCommit;
    });
    if (run === undefined) return null;
    const told = new Set(run.paths);
    const modificationOf = (path: string): string | null => (told.has(path) ? null : `${run.call}:${run.top}/${path}`);
    return { tree: run.tree, agent: run.agent, modificationOf };
  }

  /** By path and text: whether an agent took the line away in the commit that this one was made of. */
  #removers(originals: readonly string[]): Map<string, Map<number, boolean[]>> {
    const found = new Map<string, Map<number, boolean[]>>();
    for (const sha of originals) {
      for (const { path, byAgents, byOthers } of this.commits.one(sha)?.removed ?? []) {
        const ofFile = found.get(path) ?? new Map<number, boolean[]>();
        found.set(path, ofFile);
        for (const [texts, isAgents] of [[byAgents, true] as const, [byOthers, false] as const]) {
          for (const text of texts) ofFile.set(text, [...(ofFile.get(text) ?? []), isAgents]);
        }
      }
    }
    return found;
  }

  /** A stash is a commit that nobody tells of: its contents are what the work tree was, with what a person did since. */
  #stash(sha: string, worktree: string, atMs: number): void {
    const { history } = this;
    const facts = this.#reader.facts([sha]).get(sha) ?? null;
    const [parent = null] = facts?.parents ?? [];
    const changes = facts === null ? [] : (this.#reader.changes(parent, sha) ?? []).filter(({ isFile }) => isFile);
    const oids = changes.flatMap(({ blobBefore, blobAfter }) => [blobBefore, blobAfter]).filter((oid) => oid !== null);
    const contents = history.contentsOf(oids, this.#reader, atMs);
    for (const { path, blobBefore, blobAfter } of changes) {
      const after = blobAfter === null ? null : contents.get(blobAfter);
      if (after == null) continue;
      const before = blobBefore === null ? null : contents.get(blobBefore);
      const current = history.states.current(worktree, path);
      const origin = { current, committed: null, offered: [], previousPaths: [] };
      const committed = before == null ? null : history.committedState(path, before, origin, atMs);
      const state = history.states.exact(path, after) ?? history.resolve(path, after, { ...origin, committed }, HUMAN, atMs);
      this.commits.putState(sha, path, state, atMs);
      // The stash took it out of the work tree.
      if (current?.state.content === after) {
        history.states.setCurrent(worktree, path, committed ?? history.emptyState(path, atMs), atMs);
      }
    }
    if (changes.length === 0) this.commits.putState(sha, '', history.emptyState('', atMs), atMs);
  }
}
