import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { isoTime } from '../model/row-ids.ts';
import type { OldRow } from '../store/open-old-tracker.ts';
import { plainGitPath } from './numstat-path.ts';

/** What a row of cc-ai-tracker tells, or why it tells nothing that can be kept. */
export type OldReading<T> = { readonly what: 'row'; readonly row: T } | { readonly what: 'unusable'; readonly reason: string };

export interface OldEdit {
  /** Of the row's content: the same row in a copy of the file, or in the file at another place, has the same. */
  readonly id: string;
  readonly at: string;
  readonly sessionId: string | null;
  readonly tool: string | null;
  readonly filePath: string;
  readonly type: 'create' | 'edit';
  readonly linesAdded: number | null;
  readonly linesRemoved: number | null;
  readonly cwd: string | null;
  readonly wasCommitted: 0 | 1;
}

export interface OldCommit {
  /** By which its files name it, within the old file. */
  readonly oldId: number;
  readonly at: string;
  readonly sha: string;
  readonly repoName: string | null;
  readonly repoPath: string | null;
  readonly aiAdded: number;
  readonly aiRemoved: number;
  readonly humanAdded: number;
  readonly humanRemoved: number;
}

export interface OldCommitFile {
  readonly oldCommitId: number;
  readonly filePath: string;
  readonly added: number;
  readonly removed: number;
  readonly aiAdded: number;
  readonly aiRemoved: number;
}

const usable = <T>(row: T): OldReading<T> => ({ what: 'row', row });
const unusable = (reason: string): { readonly what: 'unusable'; readonly reason: string } => ({ what: 'unusable', reason });

export function readOldEdit(row: OldRow): OldReading<OldEdit> {
  const filePath = text(row['file_path']);
  if (filePath === null) return unusable('no file path');
  const at = time(row['timestamp']);
  if (at === null) return unusable('no time that can be read');
  const sessionId = text(row['session_id']);
  const tool = text(row['tool']);
  const linesAdded = lines(row['lines_added']);
  const linesRemoved = lines(row['lines_removed']);
  const said = JSON.stringify([text(row['timestamp']), sessionId, tool, filePath]);
  return usable({
    id: `import:${createHash('sha256').update(said).digest('hex').slice(0, 16)}:${idOf(row)}`,
    ...{ at, sessionId, tool, filePath, linesAdded, linesRemoved },
    // It did not say; a Write that took nothing away is a new file, nearly always.
    type: tool === 'Write' && linesRemoved === 0 ? 'create' : 'edit',
    cwd: text(row['cwd']),
    wasCommitted: row['committed'] === 1 ? 1 : 0,
  });
}

export function readOldCommit(row: OldRow): OldReading<OldCommit> {
  const sha = text(row['commit_sha']);
  if (sha === null || !/^[\w-]{1,64}$/.test(sha)) return unusable('no commit hash');
  const at = time(row['timestamp']);
  if (at === null) return unusable('no time that can be read');
  const repoPath = text(row['repo_path']);
  return usable({
    ...{ oldId: idOf(row), at, sha: sha.toLowerCase(), repoPath },
    repoName: text(row['repo_name']) ?? (repoPath === null ? null : basename(repoPath)),
    aiAdded: lines(row['ai_lines_added']) ?? 0,
    aiRemoved: lines(row['ai_lines_removed']) ?? 0,
    humanAdded: lines(row['human_lines_added']) ?? 0,
    humanRemoved: lines(row['human_lines_removed']) ?? 0,
  });
}

export function readOldCommitFile(row: OldRow): OldReading<OldCommitFile> {
  const filePath = text(row['file_path']);
  if (filePath === null) return unusable('no file path');
  const oldCommitId = row['commit_id'];
  if (typeof oldCommitId !== 'number') return unusable('no commit');
  return usable({
    oldCommitId,
    filePath: plainGitPath(filePath),
    added: lines(row['lines_added']) ?? 0,
    removed: lines(row['lines_removed']) ?? 0,
    aiAdded: lines(row['ai_lines_added']) ?? 0,
    aiRemoved: lines(row['ai_lines_removed']) ?? 0,
  });
}

const idOf = (row: OldRow): number => (typeof row['id'] === 'number' ? row['id'] : row.rowid);

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

const lines = (value: unknown): number | null =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;

/** Python's `utcnow().isoformat() + "Z"`: microseconds, or none where they are 0. Without a zone it is UTC too. */
function time(value: unknown): string | null {
  const found = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?$/.exec(text(value) ?? '');
  if (found === null) return null;
  const [, day = '', clock = '', fraction = '', zone = 'Z'] = found;
  // Milliseconds are cut, not rounded: a time does not move into the next day.
  return isoTime(Date.parse(`${day}T${clock}${fraction.slice(0, 4)}${zone}`));
}
