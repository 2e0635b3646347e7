/** What one call changed of one file, over all its stretches. */
export interface FoundEdit {
  /** Below the top folder, with forward slashes. */
  readonly path: string;
  readonly previousPath: string | null;
  readonly type: 'create' | 'edit' | 'delete' | 'rename';
  readonly linesAdded: number | null;
  readonly linesRemoved: number | null;
  /** Git's ids of the contents, kept in the store's objects; null: no such file. */
  readonly blobBefore: string | null;
  readonly blobAfter: string | null;
}
