import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CommitTarget } from '../attribution/authorship-event.ts';
import { type CommitsToWrite, RepositoryMemory, type ToldFile } from '../attribution/repository-memory.ts';
import { repositoryOfPath } from '../attribution/repository-of-path.ts';
import { isDamage } from '../attribution/set-aside.ts';
import { type GitFolders, gitFolders } from '../git/git-folders.ts';
import { hasCommit } from '../git/repo-id.ts';
import { editContents } from '../hook/edit-contents.ts';
import type { GitHookEvent } from '../hook/git-hook.ts';
import type { ToolEvent } from '../hook/hook-event.ts';
import type { FoundChanges } from '../snapshot/snapshot-edits.ts';
import type { SpooledHook } from '../spool/spool-record.ts';

/** Writes rows of commits. @returns whether they are written */
export type WriteCommits = (changes: CommitsToWrite) => boolean;

/** `waitsFor`: the memory of that repository cannot be had from here now. */
export type Taken = 'taken' | { readonly waitsFor: string };

/** A repository of which something was taken, and to whom commits belong of which no hook told. */
export interface Touched {
  readonly folders: GitFolders;
  readonly owner: CommitTarget;
}

interface OpenMemory extends Touched {
  readonly memory: RepositoryMemory;
}

const BUSY_TIMEOUT_MS = 5000;
const MAX_KNOWN_HEADS = 10_000;

/** The authorship memories that the records of one drain concern. */
export class LineMemories {
  readonly #busyTimeoutMs: number;
  readonly #open = new Map<string, OpenMemory>();
  readonly #failed = new Map<string, string>();
  readonly #heads = new Map<string, boolean>();
  readonly #said: string[] = [];

  /** @param busyTimeoutMs longest wait for another process that writes a memory; 0 on a thread that others share */
  constructor(busyTimeoutMs: number = BUSY_TIMEOUT_MS) {
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  /** Takes what an agent's call did to files. */
  takeCall(event: ToolEvent, record: SpooledHook, found: FoundChanges | null): Taken {
    if (event.phase === 'started' || event.phase === 'denied') return 'taken';
    const owner = ownerOf(record);
    const shares = new Map<string, { folders: GitFolders; head: string | null; files: ToldFile[] }>();
    const put = (folders: GitFolders, file: ToldFile): void => {
      const head = found === null ? (event.place.git?.headSha ?? null) : found.head;
      const share = shares.get(folders.top) ?? { folders, head: isTop(event, folders) ? head : null, files: [] };
      shares.set(folders.top, share);
      share.files.push(file);
    };
    const git = event.place.git;
    const top = git?.top;
    const folders = top === undefined ? null : gitFolders(top);
    // The path of another container, or a folder that was removed since.
    if (git != null && (folders === null || (git.repoId === null && !this.#hasHead(git.top, git.headSha))))
      return { waitsFor: git.top };
    if (found !== null && folders !== null && top !== undefined) {
      for (const edit of found.edits) {
        const { path, previousPath, blobBefore, blobAfter } = edit;
        put(folders, { path, previousPath, row: join(top, path), content: { blobBefore, blobAfter } });
      }
    } else {
      for (const content of editContents(parsed(record.payload), event.place.cwd)) {
        const placed = repositoryOfPath(content.path);
        if (placed !== null) put(placed.folders, { path: placed.path, previousPath: null, row: content.path, content });
      }
    }
    const { sessionId, toolUseId, timeMs } = event;
    const agentId = event.context.agentId;
    const isRun = found !== null && found.tree !== null && folders !== null && top !== undefined;
    if (isRun && !shares.has(folders.top)) shares.set(folders.top, { folders, head: found.head, files: [] });
    const run = isRun ? { tree: found.tree ?? '', toMs: found.toMs, top, mayCommit: speaksOfCommits(record.payload) } : null;
    const failed = [...shares.values()].find(
      ({ folders: of, head, files }) =>
        this.#with(of, owner, (memory) => {
          const call = { sessionId, toolUseId, agentId, timeMs: found?.fromMs ?? timeMs, head };
          memory.takeCall({ ...call, run: of === folders ? run : null }, of.tree, files);
          return true;
        }) === null,
    );
    return failed === undefined ? 'taken' : { waitsFor: failed.folders.top };
  }

  takeGit(event: GitHookEvent, record: SpooledHook): Taken {
    const { top, gitDir, commonDir, headSha } = event.place;
    const found = top === null ? null : gitFolders(top);
    const isThere = found !== null || existsSync(join(commonDir, 'HEAD'));
    const folders = found ?? { top: top ?? commonDir, gitDir, commonDir, tree: 'main' };
    if (!isThere || !this.#hasHead(found === null ? commonDir : found.top, headSha)) return { waitsFor: top ?? commonDir };
    const owner = ownerOf(record);
    const taken = this.#with(folders, owner, (memory) => {
      memory.takeGit(event, folders.tree, owner);
      return true;
    });
    return taken === null ? { waitsFor: found === null ? commonDir : found.top } : 'taken';
  }

  /** Whether what waits for that repository need not wait on. @param first of the records */
  canTake(repository: string, { place }: SpooledHook): boolean {
    const found = gitFolders(repository);
    if (found === null && !existsSync(join(repository, 'HEAD'))) return false;
    const folders = found ?? { top: repository, gitDir: repository, commonDir: repository, tree: 'main' };
    if (this.#failed.has(folders.commonDir)) return false;
    if (place?.git?.top === repository && !this.#hasHead(repository, place.git.headSha)) return false;
    try {
      const memory = new RepositoryMemory(folders, this.#busyTimeoutMs);
      try {
        memory.assertWritable();
        return true;
      } finally {
        memory.close();
      }
    } catch {
      return false;
    }
  }

  /** Also a repository that no record concerns: what a reading command asks for. Null where its memory cannot be had. */
  ask<T>(folders: GitFolders, owner: CommitTarget, question: (memory: RepositoryMemory) => T): T | null {
    return this.#with(folders, owner, question);
  }

  /** Of which something was taken, or which were asked. */
  get touched(): Touched[] {
    return [...this.#open.values()].map(({ folders, owner }) => ({ folders, owner }));
  }

  /** What went wrong, for a person; once. */
  takeSaid(): string[] {
    return this.#said.splice(0);
  }

  /** Replays what was taken and writes the commits' rows. @returns what went wrong, for a person */
  settle(write: WriteCommits, isThorough = false, nowMs: number = Date.now()): string[] {
    for (const { folders, owner } of this.touched) {
      this.#with(folders, owner, (memory) => {
        for (const changes of memory.settle(owner, nowMs, isThorough)) if (write(changes)) memory.setWritten(changes);
      });
    }
    return this.takeSaid();
  }

  /** Keeps the memories small. @param ms what was told that long ago is not replayed again */
  tend(ms: number, nowMs: number = Date.now()): string[] {
    for (const { folders, owner } of this.touched) this.#with(folders, owner, (memory) => memory.tend(ms, nowMs));
    return this.takeSaid();
  }

  close(): void {
    for (const { memory } of this.#open.values()) memory.close();
    this.#open.clear();
  }

  /** Null where it failed; a memory that turns out to be damaged is set aside, and the work is begun anew with the next. */
  #with<T>(folders: GitFolders, owner: CommitTarget, work: (memory: RepositoryMemory) => T): T | null {
    const { commonDir } = folders;
    if (this.#failed.has(commonDir)) return null;
    let aside: string | null = null;
    for (let isAgain = false; ; isAgain = true) {
      try {
        return work(this.#memoryOf(folders, owner, aside));
      } catch (error) {
        const open = this.#open.get(commonDir);
        if (isDamage(error) && open !== undefined && !isAgain) {
          this.#open.delete(commonDir);
          aside = open.memory.setAside();
          continue;
        }
        const why = `cannot keep whose the lines of ${folders.top} are: ${(error as Error).message}`;
        this.#failed.set(commonDir, why);
        this.#said.push(why);
        return null;
      }
    }
  }

  #memoryOf(folders: GitFolders, owner: CommitTarget, aside: string | null): RepositoryMemory {
    const known = this.#open.get(folders.commonDir);
    if (known !== undefined) return known.memory;
    const memory = new RepositoryMemory(folders, this.#busyTimeoutMs, aside);
    this.#open.set(folders.commonDir, { folders, memory, owner });
    if (memory.damaged !== null)
      this.#said.push(
        `the memory of whose the lines of ${folders.top} are was damaged; it lies in ${memory.damaged} now, and a new one has begun. \`ai-tracker reindex\` looks for commits that were not recorded`,
      );
    return memory;
  }

  /** A drain may run in another container, where the same path is another repository. */
  #hasHead(folder: string, headSha: string | null): boolean {
    if (headSha === null) return true;
    const key = `${headSha} ${folder}`;
    const known = this.#heads.get(key);
    if (known !== undefined) return known;
    if (this.#heads.size >= MAX_KNOWN_HEADS) this.#heads.clear();
    const has = hasCommit(folder, headSha);
    this.#heads.set(key, has);
    return has;
  }
}

/** The command's text is looked at and not kept. */
function speaksOfCommits(payload: string): boolean {
  const told = parsed(payload) as { tool_input?: { command?: unknown } } | null;
  const command = told?.tool_input?.command;
  return typeof command === 'string' && /\bgit\b[\s\S]*\b(commit|cherry-pick|revert|am|rebase|merge)\b/.test(command);
}

const ownerOf = ({ target, home }: SpooledHook): CommitTarget => ({ target, home: home ?? null });

const isTop = ({ place }: ToolEvent, { top }: GitFolders): boolean => {
  const told = place.git?.top;
  return told !== undefined && (told === top || repositoryOfPath(join(told, 'x'))?.folders.top === top);
};

function parsed(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return null;
  }
}
