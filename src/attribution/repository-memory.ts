import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { claudeKey } from '../dialect/claude-call.ts';
import { commitFacts } from '../git/commit-facts.ts';
import type { GitFolders } from '../git/git-folders.ts';
import { liveCommits, refsState } from '../git/live-commits.ts';
import { reflogEntries } from '../git/reflog.ts';
import { readRepoId } from '../git/repo-id.ts';
import { unlistedCommits } from '../git/unlisted-commits.ts';
import { worktreesOf } from '../git/worktrees.ts';
import type { EditContent } from '../hook/edit-contents.ts';
import type { GitHookEvent } from '../hook/git-hook.ts';
import type { CommitAttribution } from '../model/commit-attribution.ts';
import type { OpenFile } from '../store/open.ts';
import type { CommitTarget, ToldContent } from './authorship-event.ts';
import { gitReader } from './git-reader.ts';
import { HUMAN } from './line-states.ts';
import { openMemory } from './open-memory.ts';
import { Replay } from './replay.ts';
import type { CommitFacts, RepositoryReader } from './repository-reader.ts';
import { type FileId, setAside } from './set-aside.ts';
import { authorKey, REFS_STATE, subjectKey } from './told-commits.ts';
import { toldContent, toldHunks } from './told-contents.ts';

/** An agent's call that changed files. */
export interface ToldCall {
  readonly sessionId: string;
  readonly toolUseId: string;
  readonly agentId: string | null;
  /** Epoch milliseconds: when it began to change them. */
  readonly timeMs: number;
  /** The commit that was checked out in the work tree. */
  readonly head: string | null;
  /** Of a command whose beginning and end were seen. */
  readonly run: { readonly tree: string; readonly toMs: number; readonly top: string; readonly mayCommit: boolean } | null;
}

/** What it did to one file; the path below the top folder, with forward slashes. `row`: its path as in the edit's row. */
export interface ToldFile {
  readonly path: string;
  readonly previousPath: string | null;
  readonly row: string;
  readonly content: EditContent | { readonly blobBefore: string | null; readonly blobAfter: string | null };
}

/** Rows of one agent's commits that are not as they should be. */
export interface CommitsToWrite {
  readonly owner: CommitTarget;
  readonly written: readonly CommitAttribution[];
  readonly gone: readonly { readonly repoId: string; readonly sha: string }[];
}

/** Whose a line of the work tree is. */
export type LineAuthor =
  | {
      readonly kind: 'agent';
      readonly modificationId: string;
      readonly agentId: string | null;
      readonly match: 'exact' | 'inferred';
    }
  | { readonly kind: 'human' }
  | { readonly kind: 'unknown' };

const NO_CONTEXT = { agentId: null, taskId: null, traceparent: null, tracestate: null } as const;
/** A commit that no hook told of by then was made without one. */
const HOOKLESS_MS = 10 * 60_000;
const CREATING = /^(commit|am|cherry-pick|revert|rebase|merge|pull)\b(?!.*: Fast-forward)/;
const DAY_MS = 86_400_000;
/** In file_info: when the damaged memory began in whose place this one came. */
const REMEMBERED_SINCE = 'remembered_since';

/** The authorship memory of one repository: takes what hooks tell, tells whose lines are. */
export class RepositoryMemory {
  readonly #file: OpenFile;
  readonly #folders: GitFolders;
  readonly #reader: RepositoryReader;
  readonly #replay: Replay;
  readonly #info;
  readonly #id: FileId | null;
  /** Where a damaged memory was put when this one was opened. */
  readonly damaged: string | null;

  /**
   * @param aside where a damaged one was put in whose place this one comes
   * @throws {StoreError} where the memory cannot be opened
   */
  constructor(folders: GitFolders, busyTimeoutMs: number, aside: string | null = null) {
    this.#folders = folders;
    const { file, id, damaged } = openMemory(folders.commonDir, busyTimeoutMs);
    this.#file = file;
    this.#id = id;
    this.damaged = damaged ?? aside;
    const { db } = this.#file;
    this.#reader = gitReader(folders);
    const repoId = readRepoId(folders.top) ?? folders.commonDir;
    this.#replay = new Replay(db, this.#reader, { repoId, repoName: nameOf(repoId, folders) });
    this.#info = {
      get: db.prepare<[string], string>('SELECT value FROM file_info WHERE key = ?').pluck(),
      put: db.prepare<[string, string]>(
        'INSERT INTO file_info (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
      ),
    };
    const bornMs = this.damaged === null ? 0 : (statSync(this.damaged, { throwIfNoEntry: false })?.birthtimeMs ?? 0);
    if (bornMs > 0) this.#info.put.run(REMEMBERED_SINCE, new Date(bornMs).toISOString());
  }

  /** Throws where nothing can be written now. */
  assertWritable(): void {
    this.#replay.within(() => {});
  }

  /** Closes it and puts it beside, since it is damaged. @returns where it lies now; null where another process was first */
  setAside(): string | null {
    this.close();
    return setAside(this.#file.path, this.#id);
  }

  takeCall(call: ToldCall, worktree: string, files: readonly ToldFile[]): void {
    const { history, events } = this.#replay;
    const { sessionId, toolUseId, agentId, timeMs, head, run } = call;
    this.#replay.within(() => {
      if (run !== null) {
        const { tree, toMs, top, mayCommit } = run;
        const key = `${claudeKey(sessionId, toolUseId)}`;
        const paths = files.map(({ path }) => path);
        const told = { worktree, tree, toMs, top, agent: agentId, session: sessionId, call: key, paths, mayCommit };
        events.put(`run ${key}`, timeMs, { kind: 'run', ...told });
      }
      for (const { path, previousPath, row, content } of files) {
        const key = `${claudeKey(sessionId, toolUseId)}`;
        const modification = `${key}:${row}`;
        const contents =
          'before' in content
            ? { before: toldContent(history.texts, content.before), after: toldContent(history.texts, content.after) }
            : this.#contentsOf(content, timeMs);
        if (contents === null) continue;
        const hunks = 'before' in content ? toldHunks(history.texts, content) : null;
        const told = {
          kind: 'edit',
          worktree,
          path,
          previousPath,
          ...contents,
          hunks,
          modification,
          call: key,
          agent: agentId,
          head,
        } as const;
        events.put(`${modification} ${path}`, timeMs, told);
      }
    });
  }

  takeGit(event: GitHookEvent, worktree: string, owner: CommitTarget): void {
    const { events, commits } = this.#replay;
    const { hook, args, place, timeMs, stashes, squashed, rewritten, context, claudeSession, insideClaude } = event;
    const head = place.headSha;
    this.#replay.within(() => {
      for (const { from, to } of rewritten) commits.rewritten(from, to);
      commits.lookAgain();
      events.put(`${hook} ${worktree} ${timeMs} ${head} ${args.join(' ')}`, timeMs, {
        ...{ kind: 'git', worktree, top: place.top, hook, args, branch: place.branch, head },
        ...{ stashes, squashed, rewritten, context, claudeSession, insideClaude, owner },
      });
    });
  }

  /** Replays what was taken, and looks which commits live. @param owner of commits of which no hook told */
  settle(owner: CommitTarget, nowMs: number, isThorough: boolean): CommitsToWrite[] {
    this.#tellHookless(owner, isThorough ? 0 : HOOKLESS_MS, nowMs);
    this.#replay.advance();
    this.#replay.within(() => this.#markLive(nowMs));
    return this.toWrite();
  }

  /** By whose file they belong to. */
  toWrite(): CommitsToWrite[] {
    const byOwner = new Map<
      string,
      { owner: CommitTarget; written: CommitAttribution[]; gone: { repoId: string; sha: string }[] }
    >();
    for (const { owner, attribution, isLive } of this.#replay.commits.toWrite()) {
      const key = JSON.stringify(owner);
      const share = byOwner.get(key) ?? { owner, written: [], gone: [] };
      byOwner.set(key, share);
      if (isLive) share.written.push(attribution);
      else share.gone.push({ repoId: attribution.repoId, sha: attribution.sha });
    }
    return [...byOwner.values()];
  }

  setWritten({ written, gone }: CommitsToWrite): void {
    this.#replay.within(() => {
      for (const { sha } of [...written, ...gone]) this.#replay.commits.setWritten(sha);
    });
  }

  /**
   * Whose the lines of a commit are; of one that no hook told of, by what the memory knows of its contents.
   *
   * @returns null where git has no such commit
   */
  attribution(sha: string, owner: CommitTarget, nowMs: number): CommitAttribution | null {
    const known = this.#replay.commits.one(sha);
    if (known !== null) return known.attribution;
    return this.#replay.within(() => {
      const making = {
        worktree: null,
        top: this.#folders.top,
        branch: null,
        context: NO_CONTEXT,
        claudeSession: null,
        insideClaude: false,
        owner,
      };
      return this.#replay.tell(sha, making, nowMs) ? (this.#replay.commits.one(sha)?.attribution ?? null) : null;
    });
  }

  /** The same, and nothing of it is kept: asking for a commit of others makes no row of it. */
  lookUp(sha: string, owner: CommitTarget, nowMs: number): CommitAttribution | null {
    return this.#asked(() => this.attribution(sha, owner, nowMs));
  }

  /** Epoch milliseconds: of what was committed before, this memory knows what is left of it. 0: not known. */
  get bornMs(): number {
    return Date.parse(this.#info.get.get(REMEMBERED_SINCE) ?? this.#info.get.get('created_at') ?? '') || 0;
  }

  /** Has rows written again that are gone with their file. @param isThere of which of these commits there are rows */
  writeAgain(isThere: (shas: readonly string[]) => ReadonlySet<string>): number {
    const { commits } = this.#replay;
    const live = commits.list().flatMap(({ sha, isLive }) => (isLive ? [sha] : []));
    const there = isThere(live);
    const missing = live.filter((sha) => !there.has(sha));
    this.#replay.within(() => missing.forEach((sha) => commits.setUnwritten(sha)));
    return missing.length;
  }

  /** Whose the lines of a file of the work tree are, as it is now. */
  workingLines(path: string, text: string, head: string | null, nowMs: number): LineAuthor[] {
    const { history } = this.#replay;
    return this.#asked(() => {
      const content = history.texts.contentOf(history.texts.textsOf(text));
      const current = history.states.current(this.#folders.tree, path);
      const name = `${head}:${path}`;
      const blob = head === null ? null : (history.contentsOf([name], this.#reader, nowMs).get(name) ?? null);
      const origin = { current, committed: null, offered: [], previousPaths: [] };
      const committed = blob === null ? null : history.committedState(path, blob, origin, nowMs);
      const state = history.states.exact(path, content) ?? history.resolve(path, content, { ...origin, committed }, HUMAN, nowMs);
      return Array.from(state.lines, (id): LineAuthor => {
        const { author, isInferred } = history.states.line(id);
        const edit = history.states.editOf(author);
        if (edit === null) return { kind: author === HUMAN ? 'human' : 'unknown' };
        const match = isInferred ? 'inferred' : 'exact';
        return { kind: 'agent', modificationId: edit.modification, agentId: edit.agent, match };
      });
    });
  }

  close(): void {
    this.#file.close();
  }

  /** Looking changes nothing: what is written on the way is taken back. */
  #asked<T>(question: () => T): T {
    const back = new Error('asked only');
    let answer: { readonly value: T } | undefined;
    try {
      this.#replay.within(() => {
        answer = { value: question() };
        throw back;
      });
    } catch (error) {
      if (error !== back) throw error;
    }
    return (answer as { readonly value: T }).value;
  }

  #contentsOf(
    { blobBefore, blobAfter }: { readonly blobBefore: string | null; readonly blobAfter: string | null },
    atMs: number,
  ): { before: ToldContent; after: ToldContent } | null {
    const oids = [blobBefore, blobAfter].filter((oid) => oid !== null);
    const contents = this.#replay.history.contentsOf(oids, this.#reader, atMs);
    const of = (oid: string | null): ToldContent | null => (oid === null ? 'absent' : (contents.get(oid) ?? null));
    const [before, after] = [of(blobBefore), of(blobAfter)];
    return before === null || after === null ? null : { before, after };
  }

  /** Commits of this machine's reflogs that no hook told of. */
  #tellHookless(owner: CommitTarget, olderThanMs: number, nowMs: number): void {
    const since = Date.parse(this.#info.get.get('created_at') ?? '');
    const { events, commits } = this.#replay;
    for (const tree of worktreesOf(this.#folders)) {
      const missed = reflogEntries(tree, Math.max(since || 0, nowMs - 30 * DAY_MS)).filter(
        ({ to, timeMs, message }) =>
          to !== null && timeMs <= nowMs - olderThanMs && CREATING.test(message) && commits.one(to) === null,
      );
      if (missed.length === 0) continue;
      this.#replay.within(() => {
        for (const { to, timeMs } of missed) {
          events.put(`reflog ${tree.tree} ${to}`, timeMs, {
            ...{ kind: 'git', worktree: tree.tree, top: tree.top, hook: 'reflog', args: [], branch: null, head: to },
            ...{ stashes: [], squashed: [], rewritten: [], context: NO_CONTEXT, claudeSession: null, insideClaude: false, owner },
          });
        }
      });
    }
  }

  #markLive(nowMs: number): void {
    const state = refsState(this.#folders);
    const { commits } = this.#replay;
    const listed = commits.list();
    if (state === null || this.#info.get.get(REFS_STATE) === state) return;
    const live = liveCommits(
      this.#folders,
      listed.map(({ sha }) => sha),
    );
    if (live === null) return;
    // The remote's branch still has what was rewritten here, until it is pushed.
    const replaced = listed.flatMap(({ sha }) => (commits.replacements(sha).some((to) => live.has(to)) ? [sha] : []));
    const own = liveCommits(this.#folders, replaced, 'own refs') ?? live;
    const isReplaced = new Set(replaced);
    const lives = (sha: string): boolean => live.has(sha) && (!isReplaced.has(sha) || own.has(sha));
    const died: string[] = [];
    const keys = new Set(listed.filter(({ sha }) => lives(sha)).map(({ authorKey: key }) => key));
    for (const one of listed) {
      const isLive = lives(one.sha);
      if (isLive !== one.isLive) commits.setLive(one.sha, isLive);
      if (!isLive && one.isLive && !keys.has(one.authorKey)) died.push(one.sha);
    }
    if (died.length > 0) this.#adopt(died, nowMs);
    this.#info.put.run(REFS_STATE, state);
  }

  /** Commits that took the place of dead ones where no hook told so (`filter-branch`): of the same author, date and subject. */
  #adopt(died: readonly string[], nowMs: number): void {
    const { commits } = this.#replay;
    const byKey = new Map<string, string>();
    for (const [sha, facts] of this.#reader.facts(died)) if (facts !== null) byKey.set(madeFrom(facts), sha);
    const candidates = unlistedCommits(this.#folders, new Set(commits.list().map(({ sha }) => sha)));
    for (const facts of commitFacts(this.#folders, candidates).values()) {
      const dead = facts === null ? undefined : byKey.get(madeFrom(facts));
      const kept = dead === undefined ? null : commits.one(dead);
      if (facts === null || dead === undefined || kept === null) continue;
      const { context, claudeSession, branch, repoPath } = kept.attribution;
      commits.rewritten(dead, facts.sha);
      this.#replay.tell(
        facts.sha,
        { worktree: null, top: repoPath, branch, context, claudeSession, insideClaude: false, owner: kept.owner },
        nowMs,
      );
    }
  }
}

const madeFrom = (facts: CommitFacts): string => `${authorKey(facts)} ${subjectKey(facts)}`;

/** The last part of a URL, or the folder's name. */
function nameOf(repoId: string, { top }: GitFolders): string {
  return repoId.includes('/') ? basename(repoId) : basename(top);
}
