import type { Selectable } from 'kysely';
import type { OpenFile } from '../store/open.ts';
import { sqlBuilder } from '../store/sql.ts';
import type { FileModificationTable } from '../store/tables.ts';
import { listParameter } from './list-parameter.ts';
import type { OpenFiles } from './open-files.ts';
import { runQuery } from './run-query.ts';

/** A row of `file_modifications`. */
export type EditRow = Omit<Selectable<FileModificationTable>, 'change_seq' | 'was_committed'>;

const COLUMNS = [
  'id',
  'task_execution_id',
  'tool_call_id',
  'owner_match',
  'call_match',
  'agent_id',
  'conversation_id',
  'tool',
  'tool_use_id',
  'file_path',
  'previous_path',
  'repo_path',
  'repo_id',
  'branch',
  'head_sha',
  'modification_type',
  'lines_added',
  'lines_removed',
  'modified_at',
  'cwd',
  'trace_id',
  'span_id',
] as const;

/** Edits by their ids, in whichever agent's file they lie. */
export function editsById(files: OpenFiles, ids: Iterable<string>): Map<string, EditRow> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const rows = files.ask<EditRow>((file: OpenFile) =>
    runQuery(file, sqlBuilder.selectFrom('file_modifications').select(COLUMNS).where('id', 'in', listParameter<string>(wanted))),
  );
  return new Map(rows.map((row) => [row.id, row]));
}
