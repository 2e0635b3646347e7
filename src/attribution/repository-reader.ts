import type { DiffHunk } from './count-lines.ts';

/** What is asked of git; each may start a process, so callers ask for much at once. */
export interface RepositoryReader {
  /** Null: no such commit here. */
  facts(shas: readonly string[]): ReadonlyMap<string, CommitFacts | null>;
  /** Against that parent; null: against nothing. Null where git cannot tell. */
  changes(parent: string | null, sha: string): readonly ChangedFile[] | null;
  /** By path after the change; null: binary. */
  hunks(parent: string | null, sha: string): ReadonlyMap<string, readonly DiffHunk[] | null>;
  /** Contents by git's id or as `<commit>:<path>`; null: not there, no file, or too large. */
  blobs(names: readonly string[]): readonly (Buffer | null)[];
}

export interface CommitFacts {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly authorName: string;
  readonly authorEmail: string;
  readonly authoredMs: number;
  readonly committedMs: number;
  readonly subject: string;
}

export interface ChangedFile {
  readonly path: string;
  /** Of a file that was renamed. */
  readonly previousPath: string | null;
  readonly blobBefore: string | null;
  readonly blobAfter: string | null;
  /** A file with lines; not a submodule's commit. */
  readonly isFile: boolean;
}
