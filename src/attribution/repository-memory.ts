import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { claudeKey } from '../dialect/claude-call.ts';
import type { GitFolders } from '../git/git-folders.ts';
import { reflogEntries } from '../git/reflog.ts';
import { readRepoId } from '../git/repo-id.ts';
import { worktreesOf } from '../git/worktrees.ts';
import type { EditContent } from '../hook/edit-contents.ts';
import type { GitHookEvent } from '../hook/git-hook.ts';
import type { CommitAttribution } from '../model/commit-attribution.ts';
import type { OpenFile } from '../store/open.ts';
import type { CommitTarget, ToldContent } from './authorship-event.ts';
import { CommitLife } from './commit-life.ts';
import { forgetOld } from './forget-old.ts';
import { gitReader } from './git-reader.ts';
import { HUMAN } from './line-states.ts';
import { openMemory } from './open-memory.ts';
import { Replay } from './replay.ts';
import type { RepositoryReader } from './repository-reader.ts';
import { type FileId, setAside } from './set-aside.ts';
import { toldContent, toldHunks } from './told-contents.ts';
import { withAnchors } from './with-anchors.ts';

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
/** Between a commit and one that is told behind it. */
const AFTER_MS = 0.01;
const CREATING = /^(commit|am|cherry-pick|revert|rebase|merge|pull)\b(?!.*: Fast-forward)/;
const DAY_MS = 86_400_000;
const TENDED = 'tended_ms';
/** Reflogs count seconds, and a drain may take a while. */
const REFLOG_TICK_MS = 60_000;
/** In file_info: when the damaged memory began in whose place this one came. */
const REMEMBERED_SINCE = 'remembered_since';

/** The authorship memory of one repository: takes what hooks tell, tells whose lines are. */
export class RepositoryMemory {
  readonly #file: OpenFile;
  readonly #folders: GitFolders;
  readonly #reader: RepositoryReader;
  readonly #replay: Replay;
  readonly #life: CommitLife;
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
    this.#life = new CommitLife(db, folders, this.#reader, this.#replay);
    this.#info = {
      get: db.prepare<[string], string>('SELECT value FROM file_info WHERE key = ?').pluck(),
      knows: db.prepare<[string], number>('SELECT at_ms FROM commits WHERE sha = ?').pluck(),
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
    this.#replay.advance();
    if (this.#tellHookless(owner, isThorough ? 0 : HOOKLESS_MS, nowMs)) this.#replay.advance();
    this.#replay.within(() => this.#life.update(nowMs));
    return this.toWrite();
  }

  /** Keeps it small, at most once a day: it takes seconds, and others wait meanwhile. @param ms what was told that long ago is not replayed again */
  tend(ms: number, nowMs: number): void {
    if (nowMs - Number(this.#info.get.get(TENDED) ?? 0) < DAY_MS) return;
    const worktrees = worktreesOf(this.#folders).map(({ tree }) => tree);
    this.#replay.within(() => {
      this.#info.put.run(TENDED, `${nowMs}`);
      const deadBeforeMs = nowMs - Math.max(ms, 30 * DAY_MS);
      forgetOld(this.#file.db, { beforeMs: nowMs - ms, deadBeforeMs, worktrees });
    });
    this.#replay.history.forget();
    this.#file.db.pragma('incremental_vacuum');
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
      if (isLive) share.written.push(withAnchors(attribution, this.#reader));
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
  #tellHookless(owner: CommitTarget, olderThanMs: number, nowMs: number): boolean {
    const { events } = this.#replay;
    const bornMs = Math.min(
      Date.parse(this.#info.get.get('created_at') ?? '') || 0,
      events.firstMs() ?? Number.POSITIVE_INFINITY,
    );
    let isAny = false;
    for (const tree of worktreesOf(this.#folders)) {
      const lookedKey = `reflog ${tree.tree}`;
      const lookedMs = Number(this.#info.get.get(lookedKey) ?? 0);
      const entries = reflogEntries(tree, Math.max(bornMs, nowMs - 30 * DAY_MS, lookedMs - REFLOG_TICK_MS));
      const missed: { readonly to: string; readonly atMs: number }[] = [];
      let lastMs = 0;
      for (const { to, timeMs, message } of entries) {
        if (to === null || !CREATING.test(message)) continue;
        const knownMs = this.#info.knows.get(to);
        // Git counts seconds: what came behind another commit of that second is told behind it. What came before all is not ours.
        if (knownMs !== undefined) lastMs = Math.max(lastMs, knownMs);
        else if (timeMs >= bornMs && timeMs <= nowMs - olderThanMs) {
          lastMs = Math.max(timeMs, lastMs + AFTER_MS);
          missed.push({ to, atMs: lastMs });
        }
      }
      // What is older was told of or is an event by now; looked at each time, a month's reflog is what a drain spends its time on.
      if (nowMs - olderThanMs - lookedMs > olderThanMs / 10 || missed.length > 0)
        this.#replay.within(() => this.#info.put.run(lookedKey, `${nowMs - olderThanMs}`));
      if (missed.length === 0) continue;
      isAny = true;
      this.#replay.within(() => {
        for (const { to, atMs } of missed) {
          events.put(`reflog ${tree.tree} ${to}`, atMs, {
            ...{ kind: 'git', worktree: tree.tree, top: tree.top, hook: 'reflog', args: [], branch: null, head: to },
            ...{ stashes: [], squashed: [], rewritten: [], context: NO_CONTEXT, claudeSession: null, insideClaude: false, owner },
          });
        }
      });
    }
    return isAny;
  }
}

/** The last part of a URL, or the folder's name. */
function nameOf(repoId: string, { top }: GitFolders): string {
  return repoId.includes('/') ? basename(repoId) : basename(top);
}
