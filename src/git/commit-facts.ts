import type { GitFolders } from './git-folders.ts';
import { readObjects } from './read-blobs.ts';

export interface CommitFacts {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly authorName: string;
  readonly authorEmail: string;
  /** Epoch milliseconds; git counts seconds. */
  readonly authoredMs: number;
  /** `+0200` */
  readonly authorZone: string;
  readonly committedMs: number;
  /** The message's first paragraph on one line, as git shows it. */
  readonly subject: string;
}

/** What commits say of themselves, in one process of git. Null for what is not there or is no commit. @param shas full names */
export function commitFacts(folders: GitFolders, shas: readonly string[]): Map<string, CommitFacts | null> {
  const objects = readObjects(folders, shas, 'commit');
  return new Map(shas.map((sha, n) => [sha, readCommit(sha, objects[n] ?? null)]));
}

function readCommit(sha: string, object: Buffer | null): CommitFacts | null {
  if (object === null) return null;
  const end = object.indexOf('\n\n');
  const headBytes = end < 0 ? object : object.subarray(0, end);
  const encoding = /^encoding (.+)$/m.exec(headBytes.toString('latin1'))?.[1];
  const headers = decode(headBytes, encoding).split('\n');
  const first = (key: string): string => headers.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1) ?? '';
  const author = readPerson(first('author'));
  return {
    sha,
    tree: first('tree'),
    // Headers of one key come in one run, above the signature's lines, which begin with a blank.
    parents: headers.filter((line) => line.startsWith('parent ')).map((line) => line.slice('parent '.length)),
    authorName: author.name,
    authorEmail: author.email,
    authoredMs: author.ms,
    authorZone: author.zone,
    committedMs: readPerson(first('committer')).ms,
    subject: end < 0 ? '' : subjectOf(decode(object.subarray(end + 2), encoding)),
  };
}

/** `Name <mail> 1700000000 +0100`; a broken one has the time 0, as git takes it. */
function readPerson(line: string): { name: string; email: string; ms: number; zone: string } {
  const [, name = '', email = '', seconds = '0', zone = '+0000'] = /^(.*?) ?<([^>]*)>(?: (\d+) ([+-]\d+))?/.exec(line) ?? [];
  return { name, email, ms: Number(seconds) * 1000, zone };
}

function subjectOf(message: string): string {
  const lines = message.replace(/^(?:[^\S\n]*\n)+/, '').split('\n');
  const end = lines.findIndex((line) => line.trim() === '');
  return (end < 0 ? lines : lines.slice(0, end)).map((line) => line.trimEnd()).join(' ');
}

/** UTF-8, unless the commit names another encoding that is known here. */
function decode(bytes: Buffer, encoding: string | undefined): string {
  if (encoding === undefined) return bytes.toString('utf8');
  try {
    return new TextDecoder(encoding.trim()).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}
