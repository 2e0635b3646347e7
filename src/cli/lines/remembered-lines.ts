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
    const bornMs = this.#ask((memory) => memory.bornMs);
    return bornMs === null ? Number.POSITIVE_INFINITY : bornMs - DRAIN_MS;
  }

  commit(sha: string): CommitAttribution | null {
    return this.#ask((memory) => memory.lookUp(sha, this.#owner(), this.#context.nowMs));
  }

  /** Has the rows of a commit written with the next settling. */
  keep(sha: string): void {
    this.#ask((memory) => memory.attribution(sha, this.#owner(), this.#context.nowMs));
  }

  /** Has rows that are gone with their file written with the next settling. @returns of how many commits */
  writeAgain(isThere: (shas: readonly string[]) => ReadonlySet<string>): number {
    return this.#ask((memory) => memory.writeAgain(isThere)) ?? 0;
  }

  /** Whose the lines of a file of the work tree are; null where nothing is remembered. */
  workingLines(path: string, text: string, head: string | null): RememberedAuthor[] | null {
    return this.#ask((memory) => memory.workingLines(path, text, head, this.#context.nowMs));
  }

  close(): void {
    this.#memories.close();
  }

  #owner() {
    const { settings, env } = this.#context;
    return { target: spoolTarget(settings), home: env['HOME'] ?? null };
  }

  #ask<T>(question: (memory: RepositoryMemory) => T): T | null {
    if (!this.isThere) return null;
    const answer = this.#memories.ask(this.#folders, this.#owner(), question);
    for (const message of this.#memories.takeSaid()) this.#context.out.note(message);
    return answer;
  }
}
