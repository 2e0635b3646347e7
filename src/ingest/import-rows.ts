import { sql } from 'kysely';
import type { Db, Statement } from '../store/open.ts';
import type { ChangeCounter } from './change-counter.ts';
import type { OldCommit, OldCommitFile, OldEdit } from './old-tracker-rows.ts';
import { type MergeRule, newValue, oldValue, prepareUpsert } from './upsert.ts';

/** Where an imported path lies, as far as the repository can still tell. */
export interface ImportedPlace {
  readonly repoId: string | null;
  /** With forward slashes. */
  readonly repoPath: string | null;
}

export interface ImportedRepo {
  readonly id: string;
  /** Whether the repository itself told, or only its name did. */
  readonly isCertain: boolean;
}

/** `known`: it was there, in each column. */
export type ImportFate = 'written' | 'known';

const EDITS = 'file_modifications';
const COMMITS = 'commits';
const FILES = 'commit_files';

/** All of these rows may also be told by this version's own hooks, which know more: what is there stays. */
const firstOf = (columns: readonly string[]): Record<string, MergeRule> =>
  Object.fromEntries(columns.map((column) => [column, 'first' as const]));

interface KnownCommit {
  readonly id: string;
  readonly repo_id: string;
  readonly repo_name: string | null;
  readonly timestamp: string;
}

/** Writes rows that cc-ai-tracker recorded, within a transaction of the counter's. */
export class ImportRows {
  readonly #counter: ChangeCounter;
  readonly #edit: Statement;
  readonly #commit: Statement;
  readonly #file: Statement;
  readonly #bySha: Statement<[string], KnownCommit>;
  readonly #filesOf: Statement<[string], string>;
  readonly #dropCommit: Statement;
  readonly #dropFiles: Statement;

  constructor(db: Db, counter: ChangeCounter) {
    this.#counter = counter;
    this.#edit = prepareUpsert(db, EDITS, ['id'], {
      ...firstOf(['agent_id', 'conversation_id', 'tool', 'file_path', 'repo_path', 'repo_id', 'modification_type']),
      ...firstOf(['lines_added', 'lines_removed', 'modified_at', 'cwd']),
      // An edit is committed after it was recorded: a later import knows more.
      was_committed: sql`max(coalesce(${oldValue(EDITS, 'was_committed')}, 0), ${newValue('was_committed')})`,
    });
    this.#commit = prepareUpsert(db, COMMITS, ['id'], {
      ...firstOf(['timestamp', 'commit_sha', 'repo_name', 'repo_path', 'repo_id', 'agent_id']),
      ...firstOf(['ai_lines_added', 'ai_lines_removed', 'human_lines_added', 'human_lines_removed']),
    });
    this.#file = prepareUpsert(
      db,
      FILES,
      ['id'],
      firstOf(['commit_id', 'file_path', 'lines_added', 'lines_removed', 'ai_lines_added', 'ai_lines_removed']),
    );
    this.#bySha = db.prepare<[string], KnownCommit>('SELECT id, repo_id, repo_name, timestamp FROM commits WHERE commit_sha = ?');
    this.#filesOf = db.prepare<[string], string>('SELECT id FROM commit_files WHERE commit_id = ?').pluck();
    this.#dropCommit = db.prepare('DELETE FROM commits WHERE id = ?');
    this.#dropFiles = db.prepare('DELETE FROM commit_files WHERE commit_id = ?');
  }

  edit(edit: OldEdit, agentId: string | null, place: ImportedPlace): ImportFate {
    return this.#write(
      this.#edit,
      ...[edit.id, agentId, edit.sessionId, edit.tool, edit.filePath, place.repoPath, place.repoId, edit.type],
      ...[edit.linesAdded, edit.linesRemoved, edit.at, edit.cwd, edit.wasCommitted],
    );
  }

  /** @returns the row's id, and whether its files are to be taken: not of a commit that this version recorded by itself */
  commit(commit: OldCommit, agentId: string | null, repo: ImportedRepo): { fate: ImportFate; id: string; takesFiles: boolean } {
    const { sha, at, repoName, repoPath } = commit;
    let repoId = repo.id;
    const known = this.#bySha.all(sha).find((row) => isSame(row, repo, repoName));
    if (known !== undefined) {
      if (known.repo_id !== repoId && repo.isCertain) this.#drop(known.id);
      else repoId = known.repo_id;
      if (known.timestamp !== at) return { fate: 'known', id: known.id, takesFiles: false };
    }
    const id = `${repoId}:${sha}`;
    const fate = this.#write(
      this.#commit,
      ...[id, at, sha, repoName, repoPath, repoId, agentId],
      ...[commit.aiAdded, commit.aiRemoved, commit.humanAdded, commit.humanRemoved],
    );
    return { fate, id, takesFiles: true };
  }

  file(file: OldCommitFile, commitId: string): ImportFate {
    const { filePath, added, removed, aiAdded, aiRemoved } = file;
    return this.#write(this.#file, `${commitId}:${filePath}`, commitId, filePath, added, removed, aiAdded, aiRemoved);
  }

  /** Of a commit whose repository's true id is known by now: its row gets another key. */
  #drop(id: string): void {
    for (const file of this.#filesOf.all(id)) this.#counter.bury(FILES, file);
    this.#counter.bury(COMMITS, id);
    this.#dropFiles.run(id);
    this.#dropCommit.run(id);
  }

  #write(statement: Statement, ...values: unknown[]): ImportFate {
    const seq = this.#counter.next();
    if (statement.run(...values, seq).changes === 0) return 'known';
    this.#counter.took(seq);
    return 'written';
  }
}

/** The same commit of the same repository, which may be known by its name only, on one side or the other. */
const isSame = (row: KnownCommit, repo: ImportedRepo, repoName: string | null): boolean =>
  row.repo_id === repo.id || (row.repo_name === repoName && (!repo.isCertain || row.repo_id === row.repo_name));
