import { sql } from 'kysely';
import type { CommitAttribution, CommitFileAttribution } from '../model/commit-attribution.ts';
import { isoTime } from '../model/row-ids.ts';
import type { Db, Statement } from '../store/open.ts';
import type { ChangeCounter } from './change-counter.ts';
import { pullRequestOf } from './pull-request.ts';
import { newValue, oldValue, prepareUpsert } from './upsert.ts';

const COMMITS = 'commits';
const FILES = 'commit_files';
const LINES = 'commit_lines';
const ANCHORS = 'line_anchors';

/** Of a row that cc-ai-tracker's import made, nothing is known of the author's date: ours takes its place. */
const FIRST_RECORDED = sql`case when ${oldValue(COMMITS, 'authored_at')} is null then ${newValue('timestamp')}
  else min(${oldValue(COMMITS, 'timestamp')}, ${newValue('timestamp')}) end`;

/** A commit that is told again without its hook (`ai-tracker reindex`) keeps what only that one knew. */
const COMMIT_RULES = {
  timestamp: FIRST_RECORDED,
  commit_sha: 'first',
  repo_name: 'derived',
  repo_path: 'derived',
  repo_id: 'first',
  branch: 'derived',
  authored_at: 'derived',
  committed_at: 'derived',
  pr_number: 'derived',
  ai_lines_added: 'replace',
  ai_lines_removed: 'replace',
  human_lines_added: 'replace',
  human_lines_removed: 'replace',
  agent_id: 'derived',
  conversation_id: 'derived',
  trace_id: 'derived',
} as const;
const FILE_RULES = {
  commit_id: 'first',
  file_path: 'first',
  previous_path: 'replace',
  lines_added: 'replace',
  lines_removed: 'replace',
  ai_lines_added: 'replace',
  ai_lines_removed: 'replace',
} as const;
const LINE_RULES = {
  commit_id: 'first',
  file_path: 'first',
  first_line: 'first',
  last_line: 'replace',
  file_modification_id: 'replace',
  agent_id: 'replace',
  match: 'replace',
} as const;
const ANCHOR_RULES = {
  file_modification_id: 'replace',
  agent_id: 'replace',
  line_hash: 'replace',
  normal_hash: 'replace',
  before_hash: 'replace',
  after_hash: 'replace',
} as const;

const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-/;

/** The span in which the commit was made. */
export interface CommitSpan {
  readonly traceId: string;
  readonly spanId: string;
}

export function spanOfCommit({ context }: Pick<CommitAttribution, 'context'>): CommitSpan | null {
  const [, traceId, spanId] = TRACEPARENT.exec(context.traceparent ?? '') ?? [];
  return traceId === undefined || spanId === undefined ? null : { traceId, spanId };
}

export const commitRowId = ({ repoId, sha }: Pick<CommitAttribution, 'repoId' | 'sha'>): string => `${repoId}:${sha}`;

type AnchorKey = readonly [path: string, line: number];

/** Rows of commits, of their files and lines, exactly as they are told last, within a transaction of the counter's. */
export class CommitRows {
  readonly #counter: ChangeCounter;
  readonly #commit: Statement;
  readonly #file: Statement;
  readonly #line: Statement;
  readonly #anchor: Statement;
  readonly #has: Statement<[string]>;
  readonly #filesOf: Statement<[string], string>;
  readonly #linesOf: Statement<[string], string>;
  readonly #anchorsOf: Statement<[string], AnchorKey>;
  readonly #dropCommit: Statement;
  readonly #dropFile: Statement;
  readonly #dropLine: Statement;
  readonly #dropAnchor: Statement;
  readonly #dropAnchors: Statement;

  constructor(db: Db, counter: ChangeCounter) {
    this.#counter = counter;
    this.#commit = prepareUpsert(db, COMMITS, ['id'], COMMIT_RULES);
    this.#file = prepareUpsert(db, FILES, ['id'], FILE_RULES);
    this.#line = prepareUpsert(db, LINES, ['id'], LINE_RULES);
    this.#anchor = prepareUpsert(db, ANCHORS, ['commit_id', 'file_path', 'line_number'], ANCHOR_RULES);
    this.#has = db.prepare<[string]>('SELECT 1 FROM commits WHERE id = ?').pluck();
    this.#filesOf = db.prepare<[string], string>('SELECT id FROM commit_files WHERE commit_id = ?').pluck();
    this.#linesOf = db.prepare<[string], string>('SELECT id FROM commit_lines WHERE commit_id = ?').pluck();
    this.#anchorsOf = db
      .prepare<[string], AnchorKey>('SELECT file_path, line_number FROM line_anchors WHERE commit_id = ?')
      .raw();
    this.#dropCommit = db.prepare('DELETE FROM commits WHERE id = ?');
    this.#dropFile = db.prepare('DELETE FROM commit_files WHERE id = ?');
    this.#dropLine = db.prepare('DELETE FROM commit_lines WHERE id = ?');
    this.#dropAnchor = db.prepare('DELETE FROM line_anchors WHERE commit_id = ? AND file_path = ? AND line_number = ?');
    this.#dropAnchors = db.prepare('DELETE FROM line_anchors WHERE commit_id = ?');
  }

  /** @returns the row's id; null for a commit of a time that no clock can mean */
  write(commit: CommitAttribution, agentId: string | null): string | null {
    const { repoId, sha, files } = commit;
    const id = commitRowId(commit);
    const recordedAt = isoTime(commit.recordedMs);
    if (recordedAt === null) return null;
    const isNew = this.#has.get(id) === undefined;
    const sum = (count: (file: CommitFileAttribution) => number): number => files.reduce((total, file) => total + count(file), 0);
    const [aiAdded, aiRemoved] = [sum((file) => file.aiAdded), sum((file) => file.aiRemoved)];
    this.#put(
      this.#commit,
      ...[id, recordedAt, sha, commit.repoName, commit.repoPath, repoId, commit.branch],
      ...[isoTime(commit.authoredMs), isoTime(commit.committedMs), commit.prNumber ?? pullRequestOf(commit.subject)],
      ...[aiAdded, aiRemoved, sum((file) => file.added) - aiAdded, sum((file) => file.removed) - aiRemoved],
      ...[agentId, commit.claudeSession, spanOfCommit(commit)?.traceId ?? null],
    );
    this.#writeFiles(id, files, isNew);
    this.#writeLines(id, files, isNew);
    this.#writeAnchors(id, files, isNew);
    return id;
  }

  /** @returns whether there was one */
  remove(id: string): boolean {
    if (this.#has.get(id) === undefined) return false;
    for (const line of this.#linesOf.all(id)) this.#drop(this.#dropLine, LINES, line);
    for (const file of this.#filesOf.all(id)) this.#drop(this.#dropFile, FILES, file);
    // Copies take the commit's tombstone for theirs: there may be ten thousand.
    this.#dropAnchors.run(id);
    this.#drop(this.#dropCommit, COMMITS, id);
    return true;
  }

  #writeFiles(id: string, files: readonly CommitFileAttribution[], isNew: boolean): void {
    const left = new Set(isNew ? [] : this.#filesOf.all(id));
    for (const { path, previousPath, added, removed, aiAdded, aiRemoved } of files) {
      const file = `${id}:${path}`;
      left.delete(file);
      this.#put(this.#file, file, id, path, previousPath, added, removed, aiAdded, aiRemoved);
    }
    for (const file of left) this.#drop(this.#dropFile, FILES, file);
  }

  #writeLines(id: string, files: readonly CommitFileAttribution[], isNew: boolean): void {
    const left = new Set(isNew ? [] : this.#linesOf.all(id));
    for (const { path, ranges } of files) {
      for (const { first, last, modificationId, agentId, match } of ranges) {
        const range = `${id}:${path}:${first}`;
        left.delete(range);
        this.#put(this.#line, range, id, path, first, last, modificationId, agentId, match);
      }
    }
    for (const range of left) this.#drop(this.#dropLine, LINES, range);
  }

  #writeAnchors(id: string, files: readonly CommitFileAttribution[], isNew: boolean): void {
    const left = new Map<string, AnchorKey>(isNew ? [] : this.#anchorsOf.all(id).map((key) => [`${id}:${key.join(':')}`, key]));
    for (const { path, anchors } of files) {
      for (const { line, modificationId, agentId, lineHash, normalHash, beforeHash, afterHash } of anchors) {
        left.delete(`${id}:${path}:${line}`);
        this.#put(this.#anchor, id, path, line, modificationId, agentId, lineHash, normalHash, beforeHash, afterHash);
      }
    }
    for (const [name, [path, line]] of left) {
      this.#dropAnchor.run(id, path, line);
      this.#counter.bury(ANCHORS, name);
    }
  }

  #put(statement: Statement, ...values: unknown[]): void {
    const seq = this.#counter.next();
    if (statement.run(...values, seq).changes > 0) this.#counter.took(seq);
  }

  #drop(statement: Statement, table: string, id: string): void {
    statement.run(id);
    this.#counter.bury(table, id);
  }
}
