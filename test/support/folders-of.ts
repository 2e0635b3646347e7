import { type GitFolders, gitFolders } from '../../src/git/git-folders.ts';

/** @throws where `top` is no work tree */
export function foldersOf(top: string): GitFolders {
  const folders = gitFolders(top);
  if (folders === null) throw new Error(`${top} is no work tree`);
  return folders;
}
