import { sql } from 'kysely';
import { text } from '../dialect/attributes.ts';
import { HOOK_ATTRIBUTE } from '../dialect/claude-hook.ts';
import { isoTime } from '../model/row-ids.ts';
import type { SpanRecord } from '../model/span-record.ts';
import type { Db, Statement } from '../store/open.ts';
import { prepareQuery, prepareRaw, sqlBuilder } from '../store/sql.ts';
import type { ChangeCounter } from './change-counter.ts';
import { decodeEdits, repoPath } from './hook-edits.ts';
import { newValue, oldValue, prepareUpsert } from './upsert.ts';

const T = 'file_modifications';

/**
 * Of two tellings of one edit (a command's hook and one over HTTP) each column keeps the greater value: which one it is says
 * nothing, but no order of arrival changes it, and known beats unknown.
 */
const greater = (column: string) =>
  sql`coalesce(max(${newValue(column)}, ${oldValue(T, column)}), ${newValue(column)}, ${oldValue(T, column)})`;

const RULES = {
  tool_call_id: 'replace',
  // Who knows it for certain knows more.
  call_match: sql`coalesce(min(${newValue('call_match')}, ${oldValue(T, 'call_match')}), ${newValue('call_match')}, ${oldValue(T, 'call_match')})`,
  conversation_id: 'derived',
  tool: 'derived',
  tool_use_id: 'derived',
  file_path: 'replace',
  previous_path: greater('previous_path'),
  repo_path: greater('repo_path'),
  repo_id: greater('repo_id'),
  branch: greater('branch'),
  head_sha: greater('head_sha'),
  modification_type: greater('modification_type'),
  lines_added: greater('lines_added'),
  lines_removed: greater('lines_removed'),
  modified_at: sql`min(${newValue('modified_at')}, ${oldValue(T, 'modified_at')})`,
  cwd: greater('cwd'),
} as const;

interface Owning {
  task_execution_id: string | null;
  owner_match: string | null;
  agent_id: string | null;
  trace_id: string | null;
  span_id: string | null;
}

const OWNING = ['task_execution_id', 'owner_match', 'agent_id', 'trace_id', 'span_id'] as const;

/**
 * Rows of `file_modifications`: what changed comes from a hook, whose it is from the row of the call, which it follows for
 * ever: whenever that row is written or given to another, `touch` is told.
 */
export class EditRows {
  readonly #counter: ChangeCounter;
  readonly #upsert: Statement;
  readonly #any: Statement;
  readonly #call: Statement<[string], Owning>;
  readonly #follow: Statement;
  readonly #touched = new Set<string>();
  /** Whether the file has any edit; null: not asked yet. Most calls of most files change nothing. */
  #hasAny: boolean | null = null;

  constructor(db: Db, counter: ChangeCounter) {
    this.#counter = counter;
    this.#upsert = prepareUpsert(db, T, ['id'], RULES);
    this.#any = prepareQuery(db, sqlBuilder.selectFrom(T).select(sql.lit(1).as('one')).limit(sql.lit(1)));
    this.#call = prepareQuery(db, sqlBuilder.selectFrom('tool_calls').select(OWNING).where('id', '=', ''));
    const columns = sql.join(OWNING.map((column) => sql.ref(column)));
    this.#follow = prepareRaw(
      db,
      sql`update ${sql.table(T)} set (${columns}, change_seq) = (?, ?, ?, ?, ?, ?)
        where tool_call_id = ? and (${columns}) is not (?, ?, ?, ?, ?)`,
    );
  }

  /** What the hook of a call says that it changed. */
  take(callId: string, span: SpanRecord): void {
    const told = text(span.attributes, HOOK_ATTRIBUTE.edits);
    const modifiedAt = span.endMs === null ? null : isoTime(span.endMs);
    if (told === null || modifiedAt === null) return;
    const { place, edits } = decodeEdits(told);
    const { git } = place;
    for (const edit of edits) {
      const seq = this.#counter.next();
      const { changes } = this.#upsert.run(
        `${callId}:${edit.path}`,
        callId,
        edit.match ?? 'exact',
        text(span.attributes, 'session.id'),
        text(span.attributes, 'tool_name'),
        text(span.attributes, 'tool_use_id'),
        edit.path,
        edit.previousPath,
        git === null ? null : repoPath(git.top, edit.path),
        git?.repoId ?? null,
        git?.branch ?? null,
        git?.headSha ?? null,
        edit.type,
        edit.linesAdded,
        edit.linesRemoved,
        modifiedAt,
        place.cwd,
        seq,
      );
      if (changes > 0) this.#counter.took(seq);
    }
    this.#hasAny = true;
    this.#touched.add(callId);
  }

  /** The row of a call was written, or has another owner. */
  touch(callId: string): void {
    this.#hasAny ??= this.#any.get() !== undefined;
    if (this.#hasAny) this.#touched.add(callId);
  }

  /** Edits go where their calls went. Last of all that writes calls. */
  settle(): void {
    for (const callId of this.#touched) {
      const call = this.#call.get(callId);
      if (call === undefined) continue;
      const seq = this.#counter.next();
      const owning = OWNING.map((column) => call[column]);
      if (this.#follow.run(...owning, seq, callId, ...owning).changes > 0) this.#counter.took(seq);
    }
    this.#touched.clear();
  }

  clear(): void {
    this.#touched.clear();
  }

  forget(): void {
    this.#touched.clear();
    this.#hasAny = null;
  }
}
