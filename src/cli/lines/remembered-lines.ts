import { existsSync } from 'node:fs';
import { memoryPath } from '../../attribution/open-memory.ts';
import type { LineAuthor as RememberedAuthor, RepositoryMemory } from '../../attribution/repository-memory.ts';
import type { GitFolders } from '../../git/git-folders.ts';
import type { CommitAttribution } from '../../model/commit-attribution.ts';
import { spoolTarget } from '../../spool/spool-record.ts';
import { LineMemories } from '../../writer/line-memories.ts';
import type { Context } from '../command.ts';
import { settleRepositories } from '../settle-repository.ts';

/** The memory is made when the first hook's record is drained, a moment after what it tells of. */
const DRAIN_MS = 60_000;

/** What a repository remembers of its lines, where it does: opened when it is first asked. Nothing of what is asked is kept. */
export class RememberedLines {
  readonly #context: Context;
  readonly #folders: GitFolders;
  readonly #memories = new LineMemories();
  readonly isThere: boolean;
  #hasLooked = false;

  constructor(context: Context, folders: GitFolders) {
    this.#context = context;
    this.#folders = folders;
    this.isThere = existsSync(memoryPath(folders.commonDir));
  }

  /** Looks once for commits of this clone that no hook told of, and has their rows written. @returns whether it did now */
  async lookForMissed(): Promise<boolean> {
    if (!this.isThere || this.#hasLooked) return false;
    this.#hasLooked = true;
    await settleRepositories(this.#context, [this.#folders], { isThorough: true });
    return true;
  }

  /** Epoch milliseconds from which on commits may be remembered; infinite where nothing is. */
  bornMs(): number {
    const bornMs = this.#open()?.bornMs;
    return bornMs === undefined ? Number.POSITIVE_INFINITY : bornMs - DRAIN_MS;
  }

  commit(sha: string): CommitAttribution | null {
    return this.#open()?.lookUp(sha, this.#owner(), this.#context.nowMs) ?? null;
  }

  /** Has the rows of a commit written with the next settling. */
  keep(sha: string): void {
    this.#open()?.attribution(sha, this.#owner(), this.#context.nowMs);
  }

  /** Has rows that are gone with their file written with the next settling. @returns of how many commits */
  writeAgain(isThere: (shas: readonly string[]) => ReadonlySet<string>): number {
    return this.#open()?.writeAgain(isThere) ?? 0;
  }

  /** Whose the lines of a file of the work tree are; null where nothing is remembered. */
  workingLines(path: string, text: string, head: string | null): RememberedAuthor[] | null {
    return this.#open()?.workingLines(path, text, head, this.#context.nowMs) ?? null;
  }

  close(): void {
    this.#memories.close();
  }

  #owner() {
    const { settings, env } = this.#context;
    return { target: spoolTarget(settings), home: env['HOME'] ?? null };
  }

  #open(): RepositoryMemory | null {
    return this.isThere ? this.#memories.add(this.#folders, this.#owner()) : null;
  }
}
