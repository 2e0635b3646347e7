import { join } from 'node:path';
import type { CommitTarget } from '../attribution/authorship-event.ts';
import { type CommitsToWrite, RepositoryMemory, type ToldFile } from '../attribution/repository-memory.ts';
import { repositoryOfPath } from '../attribution/repository-of-path.ts';
import { type GitFolders, gitFolders } from '../git/git-folders.ts';
import { editContents } from '../hook/edit-contents.ts';
import type { GitHookEvent } from '../hook/git-hook.ts';
import type { ToolEvent } from '../hook/hook-event.ts';
import type { FoundChanges } from '../snapshot/snapshot-edits.ts';
import type { SpooledHook } from '../spool/spool-record.ts';

/** Writes rows of commits. @returns whether they are written */
export type WriteCommits = (changes: CommitsToWrite) => boolean;

interface OpenMemory {
  readonly folders: GitFolders;
  readonly memory: RepositoryMemory;
  /** To whom commits belong of which no hook told. */
  owner: CommitTarget;
}

const BUSY_TIMEOUT_MS = 5000;

/** The authorship memories that the records of one drain concern. */
export class LineMemories {
  readonly #open = new Map<string, OpenMemory>();
  readonly #failed = new Map<string, string>();

  /**
   * Takes what an agent's call did to files. @returns false where a memory cannot be written now: the record has to stay
   */
  takeCall(event: ToolEvent, record: SpooledHook, found: FoundChanges | null): boolean {
    if (event.phase === 'started' || event.phase === 'denied') return true;
    const owner = ownerOf(record);
    const shares = new Map<string, { folders: GitFolders; head: string | null; files: ToldFile[] }>();
    const put = (folders: GitFolders, file: ToldFile): void => {
      const head = found === null ? (event.place.git?.headSha ?? null) : found.head;
      const share = shares.get(folders.top) ?? { folders, head: isTop(event, folders) ? head : null, files: [] };
      shares.set(folders.top, share);
      share.files.push(file);
    };
    const top = event.place.git?.top;
    const folders = top === undefined ? null : gitFolders(top);
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
    return [...shares.values()].every(({ folders: of, head, files }) =>
      this.#with(of, owner, (memory) =>
        memory.takeCall(
          { sessionId, toolUseId, agentId, timeMs: found?.fromMs ?? timeMs, head, run: of === folders ? run : null },
          of.tree,
          files,
        ),
      ),
    );
  }

  /** @returns false where the memory cannot be written now */
  takeGit(event: GitHookEvent, record: SpooledHook): boolean {
    const { top, gitDir, commonDir } = event.place;
    const folders = (top === null ? null : gitFolders(top)) ?? { top: top ?? commonDir, gitDir, commonDir, tree: 'main' };
    const owner = ownerOf(record);
    return this.#with(folders, owner, (memory) => memory.takeGit(event, folders.tree, owner));
  }

  /** Also a repository that no record concerns: what a reading command asks for. */
  add(folders: GitFolders, owner: CommitTarget): RepositoryMemory | null {
    this.#with(folders, owner, () => {});
    return this.#open.get(folders.commonDir)?.memory ?? null;
  }

  /** Replays what was taken and writes the commits' rows. @returns what went wrong, for a person */
  settle(write: WriteCommits, isThorough = false, nowMs: number = Date.now()): string[] {
    const said = [...this.#failed.values()];
    for (const { folders, memory, owner } of this.#open.values()) {
      try {
        for (const changes of memory.settle(owner, nowMs, isThorough)) if (write(changes)) memory.setWritten(changes);
      } catch (error) {
        said.push(`cannot tell whose the lines of ${folders.top} are: ${(error as Error).message}`);
      }
    }
    return said;
  }

  close(): void {
    for (const { memory } of this.#open.values()) memory.close();
    this.#open.clear();
  }

  #with(folders: GitFolders, owner: CommitTarget, work: (memory: RepositoryMemory) => void): boolean {
    const { commonDir } = folders;
    if (this.#failed.has(commonDir)) return false;
    try {
      let open = this.#open.get(commonDir);
      if (open === undefined) {
        open = { folders, memory: new RepositoryMemory(folders, BUSY_TIMEOUT_MS), owner };
        this.#open.set(commonDir, open);
      }
      work(open.memory);
      return true;
    } catch (error) {
      this.#failed.set(commonDir, `cannot keep whose the lines of ${folders.top} are: ${(error as Error).message}`);
      return false;
    }
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
