import type { Selectable } from 'kysely';
import type { OpenFile } from '../store/open.ts';
import { sqlBuilder } from '../store/sql.ts';
import type { CommitFileTable, CommitLineTable, CommitTable } from '../store/tables.ts';
import { listParameter } from './list-parameter.ts';
import type { OpenFiles } from './open-files.ts';
import { runQuery } from './run-query.ts';

/** A row of `commits`. */
export type CommitRow = Omit<Selectable<CommitTable>, 'change_seq'>;
export type CommitFileRow = Omit<Selectable<CommitFileTable>, 'change_seq' | 'id'>;
/** Lines of a commit that one edit wrote. */
export type CommitLineRow = Omit<Selectable<CommitLineTable>, 'change_seq' | 'id'>;

/** A commit as it was recorded. */
export interface RecordedCommit {
  readonly row: CommitRow;
  readonly files: readonly CommitFileRow[];
  readonly lines: readonly CommitLineRow[];
}

const COMMIT_COLUMNS = [
  'id',
  'timestamp',
  'commit_sha',
  'repo_name',
  'repo_path',
  'repo_id',
  'branch',
  'authored_at',
  'committed_at',
  'pr_number',
  'ai_lines_added',
  'ai_lines_removed',
  'human_lines_added',
  'human_lines_removed',
  'agent_id',
  'task_execution_id',
  'tool_call_id',
  'owner_match',
  'conversation_id',
  'trace_id',
] as const;

const FILE_COLUMNS = [
  'commit_id',
  'file_path',
  'previous_path',
  'lines_added',
  'lines_removed',
  'ai_lines_added',
  'ai_lines_removed',
] as const;

const LINE_COLUMNS = ['commit_id', 'file_path', 'first_line', 'last_line', 'file_modification_id', 'agent_id', 'match'] as const;

/**
 * The recorded ones of these commits, by their full names. A commit that lies in several files (two agents' hooks saw it, or it was
 * imported as well) is one: of those that tell of lines the latest.
 * @param paths null: lines of all files
 */
export function recordedCommits(
  files: OpenFiles,
  shas: Iterable<string>,
  paths: Iterable<string> | null = null,
): Map<string, RecordedCommit> {
  const wanted = [...shas];
  const wantedPaths = paths === null ? null : [...paths];
  if (wanted.length === 0) return new Map();
  const found = files.ask((file) => commitsOf(file, wanted, wantedPaths));
  const bySha = new Map<string, RecordedCommit>();
  for (const one of found) {
    const known = bySha.get(one.row.commit_sha);
    if (known === undefined || isBetter(one, known)) bySha.set(one.row.commit_sha, one);
  }
  return bySha;
}

/** What cc-ai-tracker recorded has no committer's date, and tells of no lines. */
function isBetter({ row: a }: RecordedCommit, { row: b }: RecordedCommit): boolean {
  const [aTells, bTells] = [a.committed_at !== null, b.committed_at !== null];
  return aTells === bTells ? a.timestamp > b.timestamp : aTells;
}

function commitsOf(file: OpenFile, shas: readonly string[], paths: readonly string[] | null): RecordedCommit[] {
  const rows: CommitRow[] = runQuery(
    file,
    sqlBuilder.selectFrom('commits').select(COMMIT_COLUMNS).where('commit_sha', 'in', listParameter<string>(shas)),
  );
  if (rows.length === 0) return [];
  const ids = listParameter<string>(rows.map(({ id }) => id));
  const inPaths = paths === null ? null : listParameter<string>(paths);
  const files: CommitFileRow[] = runQuery(
    file,
    sqlBuilder
      .selectFrom('commit_files')
      .select(FILE_COLUMNS)
      .where('commit_id', 'in', ids)
      .$if(inPaths !== null, (query) => query.where('file_path', 'in', inPaths as NonNullable<typeof inPaths>))
      .orderBy('file_path'),
  );
  const lines: CommitLineRow[] = runQuery(
    file,
    sqlBuilder
      .selectFrom('commit_lines')
      .select(LINE_COLUMNS)
      .where('commit_id', 'in', ids)
      .$if(inPaths !== null, (query) => query.where('file_path', 'in', inPaths as NonNullable<typeof inPaths>))
      .orderBy('first_line'),
  );
  const [filesOf, linesOf] = [byCommit(files), byCommit(lines)];
  return rows.map((row) => ({ row, files: filesOf.get(row.id) ?? [], lines: linesOf.get(row.id) ?? [] }));
}

function byCommit<Row extends { readonly commit_id: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.commit_id);
    if (group === undefined) groups.set(row.commit_id, [row]);
    else group.push(row);
  }
  return groups;
}

/** When the first recorded commit was authored, epoch milliseconds: of what was committed before, no recorded line tells. Null: there is none. */
export function earliestCommit(files: OpenFiles): number | null {
  const firsts = files.ask((file) =>
    runQuery<{ first: string | null }>(
      file,
      sqlBuilder.selectFrom('commits').select((eb) => eb.fn.min('authored_at').as('first')),
    ),
  );
  const times = firsts.flatMap(({ first }) => (first === null ? [] : [Date.parse(first)]));
  return times.length === 0 ? null : Math.min(...times);
}

/** Full names of recorded commits that begin so, where no repository can be asked. @param prefix hex digits */
export function recordedNames(files: OpenFiles, prefix: string): string[] {
  const names = files.ask((file) =>
    runQuery<{ commit_sha: string }>(
      file,
      sqlBuilder
        .selectFrom('commits')
        .select('commit_sha')
        .distinct()
        .where('commit_sha', '>=', prefix)
        .where('commit_sha', '<', `${prefix}g`)
        .limit(100),
    ),
  );
  return [...new Set(names.map(({ commit_sha }) => commit_sha))];
}
