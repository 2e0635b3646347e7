import type { FileEdit } from '../hook/hook-event.ts';

/** What one call changed of one file, over all its time. */
export interface FoundEdit {
  /** Below the top folder, with forward slashes. */
  readonly path: string;
  readonly previousPath: string | null;
  readonly type: FileEdit['type'];
  readonly linesAdded: number | null;
  readonly linesRemoved: number | null;
  /** Git's ids of the contents, kept in the store's objects; null: no such file. */
  readonly blobBefore: string | null;
  readonly blobAfter: string | null;
  /** `inferred`: another call ran when it was changed, and may have done it as well. */
  readonly match: 'exact' | 'inferred';
}
