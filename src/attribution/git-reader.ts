import { changedFiles } from '../git/changed-files.ts';
import { commitFacts } from '../git/commit-facts.ts';
import { fileHunks } from '../git/file-hunks.ts';
import type { GitFolders } from '../git/git-folders.ts';
import { readBlobs } from '../git/read-blobs.ts';
import type { RepositoryReader } from './repository-reader.ts';

const FILE = /^100/;
const MAX_KEPT = 64;

/** Asks git of one repository. What was asked lately is kept: a commit's changes are asked for more than once. */
export function gitReader(folders: GitFolders): RepositoryReader {
  const kept = new Map<string, unknown>();
  const once = <T>(what: string, parent: string | null, sha: string, ask: () => T): T => {
    const key = `${what} ${parent} ${sha}`;
    if (kept.has(key)) return kept.get(key) as T;
    if (kept.size >= MAX_KEPT) kept.clear();
    const answer = ask();
    kept.set(key, answer);
    return answer;
  };
  return {
    facts: (shas) => commitFacts(folders, shas),
    changes: (parent, sha) =>
      once('changes', parent, sha, () => {
        const files = changedFiles(folders, parent, sha);
        // Links have no lines that anybody wrote, submodules none at all.
        return (
          files?.map((file) => ({ ...file, isFile: FILE.test(file.modeAfter ?? file.modeBefore ?? '') && !file.isGitlink })) ??
          null
        );
      }),
    hunks: (parent, sha) => once('hunks', parent, sha, () => fileHunks(folders, parent, sha) ?? new Map()),
    blobs: (names) => readBlobs(folders, names),
  };
}
