import type { ColumnType } from 'kysely';
import type { CallKind, DurationQuality, TaskStatus } from '../model/reading.ts';

/**
 * The tables of `schema/agent/*.sql` as kysely sees them; a test compares the two column by column. What each column
 * means is said there and in docs/schema.md. Times are ISO 8601 text, booleans 0, 1 or null.
 */

/** Set when the row is made and never again: kysely refuses it in an update. */
type Fixed<T> = ColumnType<T, T, never>;
/** Known or null; may be left out of an insert. */
type Maybe<T> = ColumnType<T | null, T | null | undefined, T | null>;
/** Has a default in the schema. */
type Defaulted<T> = ColumnType<T, T | undefined, T>;

export type OwnerMatch = 'ancestor' | 'attribute' | 'call' | 'session' | 'trace';
export type StartSource = 'span' | 'child' | 'log' | 'hook';

export interface AgentSessionTable {
  id: Fixed<string>;
  agent_id: Maybe<string>;
  started_at: string;
  ended_at: Maybe<string>;
  heartbeat_at: string;
  host: Maybe<string>;
  pid: Maybe<number>;
  boot_id: Maybe<string>;
  pid_namespace: Maybe<string>;
  process_started_at: Maybe<string>;
  service_name: Maybe<string>;
  service_version: Maybe<string>;
  instance_id: Maybe<string>;
  task_count: Defaulted<number>;
  tool_calls: Defaulted<number>;
  change_seq: number;
}

export interface TaskExecutionTable {
  id: Fixed<string>;
  session_id: Maybe<string>;
  agent_id: Maybe<string>;
  task_id: Maybe<string>;
  task_type: Maybe<string>;
  attempt: Defaulted<number>;
  source: string;
  start_source: StartSource;
  parent_task_execution_id: Maybe<string>;
  parent_task_id: Maybe<string>;
  workflow_run_id: Maybe<string>;
  conversation_id: Maybe<string>;
  started_at: string;
  completed_at: Maybe<string>;
  status: TaskStatus;
  duration_ms: Maybe<number>;
  error_type: Maybe<string>;
  error_message: Maybe<string>;
  trace_id: Maybe<string>;
  span_id: Maybe<string>;
  parent_span_id: Maybe<string>;
  change_seq: number;
}

export interface TaskLabelTable {
  task_execution_id: Fixed<string>;
  key: Fixed<string>;
  value: string;
  source: string;
  change_seq: number;
}

export interface ToolCallTable {
  id: Fixed<string>;
  task_execution_id: Maybe<string>;
  owner_match: Maybe<OwnerMatch>;
  parent_tool_call_id: Maybe<string>;
  session_id: Maybe<string>;
  agent_id: Maybe<string>;
  sub_agent: Maybe<string>;
  conversation_id: Maybe<string>;
  kind: CallKind;
  tool_name: Maybe<string>;
  call_id: Maybe<string>;
  called_at: string;
  duration_ms: Maybe<number>;
  duration_quality: Maybe<DurationQuality>;
  model: Maybe<string>;
  provider: Maybe<string>;
  input_tokens: Maybe<number>;
  output_tokens: Maybe<number>;
  cache_read_tokens: Maybe<number>;
  cache_write_tokens: Maybe<number>;
  reasoning_tokens: Maybe<number>;
  cost_usd: Maybe<number>;
  cost_source: Maybe<'emitter' | 'estimated'>;
  price_version: Maybe<string>;
  success: Maybe<0 | 1>;
  error_type: Maybe<string>;
  error_message: Maybe<string>;
  status_code: Maybe<number>;
  retry_count: Maybe<number>;
  request_id: Maybe<string>;
  trace_id: Maybe<string>;
  span_id: Maybe<string>;
  parent_span_id: Maybe<string>;
  source: string;
  change_seq: number;
}

export interface FileModificationTable {
  id: Fixed<string>;
  task_execution_id: Maybe<string>;
  tool_call_id: Maybe<string>;
  owner_match: Maybe<OwnerMatch>;
  call_match: Maybe<'exact' | 'inferred'>;
  agent_id: Maybe<string>;
  conversation_id: Maybe<string>;
  tool: Maybe<string>;
  tool_use_id: Maybe<string>;
  file_path: string;
  previous_path: Maybe<string>;
  repo_path: Maybe<string>;
  repo_id: Maybe<string>;
  branch: Maybe<string>;
  head_sha: Maybe<string>;
  modification_type: 'create' | 'edit' | 'delete' | 'rename';
  lines_added: Maybe<number>;
  lines_removed: Maybe<number>;
  modified_at: string;
  cwd: Maybe<string>;
  trace_id: Maybe<string>;
  span_id: Maybe<string>;
  was_committed: Maybe<0 | 1>;
  change_seq: number;
}

export interface CommitTable {
  id: Fixed<string>;
  timestamp: string;
  commit_sha: Fixed<string>;
  repo_name: Maybe<string>;
  repo_path: Maybe<string>;
  repo_id: Fixed<string>;
  branch: Maybe<string>;
  authored_at: Maybe<string>;
  committed_at: Maybe<string>;
  pr_number: Maybe<number>;
  ai_lines_added: Defaulted<number>;
  ai_lines_removed: Defaulted<number>;
  human_lines_added: Defaulted<number>;
  human_lines_removed: Defaulted<number>;
  agent_id: Maybe<string>;
  task_execution_id: Maybe<string>;
  tool_call_id: Maybe<string>;
  owner_match: Maybe<OwnerMatch>;
  conversation_id: Maybe<string>;
  trace_id: Maybe<string>;
  change_seq: number;
}

export interface CommitFileTable {
  id: Fixed<string>;
  commit_id: Fixed<string>;
  file_path: Fixed<string>;
  previous_path: Maybe<string>;
  lines_added: Defaulted<number>;
  lines_removed: Defaulted<number>;
  ai_lines_added: Defaulted<number>;
  ai_lines_removed: Defaulted<number>;
  change_seq: number;
}

export interface CommitLineTable {
  id: Fixed<string>;
  commit_id: Fixed<string>;
  file_path: Fixed<string>;
  first_line: Fixed<number>;
  last_line: number;
  file_modification_id: string;
  agent_id: Maybe<string>;
  match: 'exact' | 'inferred';
  change_seq: number;
}

export interface LineAnchorTable {
  commit_id: Fixed<string>;
  file_path: Fixed<string>;
  line_number: Fixed<number>;
  file_modification_id: Maybe<string>;
  agent_id: Maybe<string>;
  line_hash: string;
  normal_hash: string;
  before_hash: Maybe<string>;
  after_hash: Maybe<string>;
  change_seq: number;
}

export interface TombstoneTable {
  table_name: Fixed<string>;
  row_id: Fixed<string>;
  change_seq: number;
}

/** A column of a view: reading only. */
type Viewed<T> = ColumnType<T, never, never>;

export interface EditView {
  id: Viewed<string>;
  timestamp: Viewed<string>;
  session_id: Viewed<string | null>;
  tool: Viewed<string | null>;
  file_path: Viewed<string>;
  lines_added: Viewed<number>;
  lines_removed: Viewed<number>;
  cwd: Viewed<string | null>;
  committed: Viewed<0 | 1>;
}

export interface TaskCostView {
  task_execution_id: Viewed<string>;
  agent_id: Viewed<string | null>;
  task_id: Viewed<string | null>;
  task_type: Viewed<string | null>;
  attempt: Viewed<number>;
  status: Viewed<TaskStatus>;
  started_at: Viewed<string>;
  calls: Viewed<number>;
  model_calls: Viewed<number>;
  input_tokens: Viewed<number | null>;
  output_tokens: Viewed<number | null>;
  cache_read_tokens: Viewed<number | null>;
  cache_write_tokens: Viewed<number | null>;
  reasoning_tokens: Viewed<number | null>;
  cost_usd: Viewed<number | null>;
  estimated_usd: Viewed<number | null>;
  unpriced_calls: Viewed<number>;
  tree_tasks: Viewed<number>;
  tree_input_tokens: Viewed<number | null>;
  tree_output_tokens: Viewed<number | null>;
  tree_cost_usd: Viewed<number | null>;
  tree_unpriced_calls: Viewed<number>;
}

export interface ModelCostView {
  agent_id: Viewed<string | null>;
  provider: Viewed<string | null>;
  model: Viewed<string | null>;
  day: Viewed<string>;
  model_calls: Viewed<number>;
  failed_calls: Viewed<number>;
  input_tokens: Viewed<number | null>;
  output_tokens: Viewed<number | null>;
  cache_read_tokens: Viewed<number | null>;
  cache_write_tokens: Viewed<number | null>;
  reasoning_tokens: Viewed<number | null>;
  cost_usd: Viewed<number | null>;
  estimated_usd: Viewed<number | null>;
  unpriced_calls: Viewed<number>;
}

export interface ToolStatView {
  agent_id: Viewed<string | null>;
  kind: Viewed<CallKind>;
  tool_name: Viewed<string | null>;
  calls: Viewed<number>;
  succeeded_calls: Viewed<number>;
  failed_calls: Viewed<number>;
  unknown_calls: Viewed<number>;
  timed_calls: Viewed<number>;
  p50_ms: Viewed<number | null>;
  p95_ms: Viewed<number | null>;
  max_ms: Viewed<number | null>;
  first_called_at: Viewed<string>;
  last_called_at: Viewed<string>;
}

export interface FileInfoTable {
  key: Fixed<string>;
  value: string;
}

export interface ChangeCounterTable {
  id: Fixed<number>;
  seq: number;
}

export interface SpanMemoryTable {
  trace_id: Fixed<string>;
  span_id: Fixed<string>;
  parent_span_id: Maybe<string>;
  flags: number;
  class: string;
  ref: Maybe<string>;
  agent_id: Maybe<string>;
  facts: Maybe<string>;
  seen_at: number;
}

export interface TaskSignalTable {
  source: Fixed<string>;
  task_id: Fixed<string>;
  kind: Fixed<string>;
  trace_id: Fixed<string>;
  span_id: Fixed<string>;
  at_ms: number;
  seen_at: number;
}

export interface CallPartTable {
  call_key: Fixed<string>;
  part: Fixed<string>;
  facts: string;
  seen_at: number;
}

export interface HeldSpanTable {
  trace_id: Fixed<string>;
  span_id: Fixed<string>;
  held_at: number;
  due_at: Maybe<number>;
  conversation_id: Maybe<string>;
  record: string;
}

export interface AgentClaimTable {
  kind: Fixed<'trace' | 'conversation'>;
  key: Fixed<string>;
  agent_id: Fixed<string>;
  claim: number;
  seen_at: number;
}

export interface AgentDatabase {
  agent_sessions: AgentSessionTable;
  task_executions: TaskExecutionTable;
  task_labels: TaskLabelTable;
  tool_calls: ToolCallTable;
  file_modifications: FileModificationTable;
  commits: CommitTable;
  commit_files: CommitFileTable;
  commit_lines: CommitLineTable;
  line_anchors: LineAnchorTable;
  tombstones: TombstoneTable;
  edits: EditView;
  task_costs: TaskCostView;
  model_costs: ModelCostView;
  tool_stats: ToolStatView;
  file_info: FileInfoTable;
  change_counter: ChangeCounterTable;
  span_memory: SpanMemoryTable;
  task_signals: TaskSignalTable;
  call_parts: CallPartTable;
  held_spans: HeldSpanTable;
  agent_claims: AgentClaimTable;
}
