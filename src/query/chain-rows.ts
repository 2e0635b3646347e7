import type { Selectable } from 'kysely';
import { sqlBuilder } from '../store/sql.ts';
import type { ToolCallTable } from '../store/tables.ts';
import { listParameter } from './list-parameter.ts';
import type { OpenFiles } from './open-files.ts';
import { runQuery } from './run-query.ts';

/** What a line's author needs of a task. */
export interface NamedTaskRow {
  readonly id: string;
  readonly task_id: string | null;
  readonly task_type: string | null;
  readonly attempt: number;
  readonly source: string;
  readonly agent_id: string | null;
}

export function tasksById(files: OpenFiles, ids: Iterable<string>): Map<string, NamedTaskRow> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const rows = files.ask((file) =>
    runQuery<NamedTaskRow>(
      file,
      sqlBuilder
        .selectFrom('task_executions')
        .select(['id', 'task_id', 'task_type', 'attempt', 'source', 'agent_id'])
        .where('id', 'in', listParameter<string>(wanted)),
    ),
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** A row of `tool_calls`. */
export type ChainCall = Omit<Selectable<ToolCallTable>, 'change_seq'>;

export function callsById(files: OpenFiles, ids: Iterable<string>): Map<string, ChainCall> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const rows = files.ask((file) =>
    runQuery<ChainCall>(file, sqlBuilder.selectFrom('tool_calls').selectAll().where('id', 'in', listParameter<string>(wanted))),
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** The model call that asked for a tool call. */
export interface ModelCall {
  readonly call: ChainCall;
  /** `exact`: the request's own id, or the tool's call lies within it; `inferred`: the last one before it of the same conversation. */
  readonly match: 'exact' | 'inferred';
}

/** Calls around a call that are looked at: real ones go a few deep. */
const DEEPEST = 16;
const MOST = 20;

/** Null where no call of a model was recorded before it. */
export function modelCallBehind(files: OpenFiles, tool: ChainCall): ModelCall | null {
  const around = callAround(files, tool);
  if (around !== null) return { call: around, match: 'exact' };
  const before = modelCallsBefore(files, tool);
  const sameRequest = before.find(({ request_id }) => request_id !== null && request_id === tool.request_id);
  if (sameRequest !== undefined) return { call: sameRequest, match: 'exact' };
  // A sub-agent asks for its own calls; beside it others may ask at the same time.
  const own = before.filter(({ sub_agent }) => sub_agent === tool.sub_agent);
  const beside = own.filter((call) => call.parent_span_id !== null && call.parent_span_id === tool.parent_span_id);
  const [nearest] = beside.length > 0 ? beside : own;
  return nearest === undefined ? null : { call: nearest, match: 'inferred' };
}

function callAround(files: OpenFiles, tool: ChainCall): ChainCall | null {
  let parent = tool.parent_tool_call_id;
  for (let depth = 0; parent !== null && depth < DEEPEST; depth++) {
    const call = callsById(files, [parent]).get(parent);
    if (call === undefined) return null;
    if (call.kind === 'llm') return call;
    // What runs calls of its own asked for this one by a model call beside it, not above.
    if (call.kind === 'agent' || call.kind === 'tool' || call.kind === 'mcp') return null;
    parent = call.parent_tool_call_id;
  }
  return null;
}

/** The latest first, by index: of the conversation, else of the task. */
function modelCallsBefore(files: OpenFiles, tool: ChainCall): ChainCall[] {
  const scope = tool.conversation_id === null ? 'task_execution_id' : 'conversation_id';
  const value = tool.conversation_id ?? tool.task_execution_id;
  if (value === null) return [];
  const rows = files.ask((file) =>
    runQuery<ChainCall>(
      file,
      sqlBuilder
        .selectFrom('tool_calls')
        .selectAll()
        .where(scope, '=', value)
        .where('kind', '=', 'llm')
        .where('called_at', '<=', tool.called_at)
        .orderBy('called_at', 'desc')
        .limit(MOST),
    ),
  );
  return rows.sort((a, b) => (a.called_at < b.called_at ? 1 : a.called_at > b.called_at ? -1 : 0));
}
