import type { RecordedCommit } from '../../query/commits.ts';
import type { EditRow } from '../../query/edits.ts';

/** One file of a commit, as `ai-tracker commit --json` prints it. */
export interface CommitFileReport {
  readonly file_path: string;
  readonly previous_path: string | null;
  readonly ai_lines_added: number;
  readonly human_lines_added: number;
  readonly ai_lines_removed: number;
  readonly human_lines_removed: number;
  /** Added lines of which nothing tells whose they are. */
  readonly unknown_lines_added: number;
  readonly unknown_lines_removed: number;
  /** Agents that wrote lines of it; task_executions.id of the tasks in which they did. */
  readonly agents: readonly string[];
  readonly tasks: readonly string[];
  /** Null: no line of it is an agent's. */
  readonly match: 'exact' | 'inferred' | null;
}

export interface CommitReport {
  readonly commit_sha: string;
  readonly repo_id: string;
  readonly repo_name: string | null;
  readonly branch: string | null;
  readonly authored_at: string | null;
  readonly committed_at: string | null;
  readonly pr_number: number | null;
  /** Who made the commit, and by which call of which task. */
  readonly agent_id: string | null;
  readonly task_execution_id: string | null;
  readonly tool_call_id: string | null;
  readonly trace_id: string | null;
  /** `recorded` by a hook, or `inferred` from what is known of equal lines. */
  readonly match: 'recorded' | 'inferred';
  readonly ai_lines_added: number;
  readonly human_lines_added: number;
  readonly ai_lines_removed: number;
  readonly human_lines_removed: number;
  readonly unknown_lines_added: number;
  readonly unknown_lines_removed: number;
  readonly files: readonly CommitFileReport[];
}

/** What was recorded of a commit. @param edits those behind its lines, as far as they are known */
export function commitReport({ row, files, lines }: RecordedCommit, edits: ReadonlyMap<string, EditRow>): CommitReport {
  return {
    commit_sha: row.commit_sha,
    repo_id: row.repo_id,
    repo_name: row.repo_name,
    branch: row.branch,
    authored_at: row.authored_at,
    committed_at: row.committed_at,
    pr_number: row.pr_number,
    agent_id: row.agent_id,
    task_execution_id: row.task_execution_id,
    tool_call_id: row.tool_call_id,
    trace_id: row.trace_id,
    match: 'recorded',
    ai_lines_added: row.ai_lines_added,
    human_lines_added: row.human_lines_added,
    ai_lines_removed: row.ai_lines_removed,
    human_lines_removed: row.human_lines_removed,
    unknown_lines_added: 0,
    unknown_lines_removed: 0,
    files: files.map((file): CommitFileReport => {
      const own = lines.filter(({ file_path }) => file_path === file.file_path);
      const behind = own.map((line) => ({ line, edit: edits.get(line.file_modification_id) }));
      return {
        file_path: file.file_path,
        previous_path: file.previous_path,
        ai_lines_added: file.ai_lines_added,
        human_lines_added: file.lines_added - file.ai_lines_added,
        ai_lines_removed: file.ai_lines_removed,
        human_lines_removed: file.lines_removed - file.ai_lines_removed,
        unknown_lines_added: 0,
        unknown_lines_removed: 0,
        agents: distinct(behind.map(({ line, edit }) => line.agent_id ?? edit?.agent_id)),
        tasks: distinct(behind.map(({ edit }) => edit?.task_execution_id)),
        match: own.length === 0 ? null : own.every(({ match }) => match === 'exact') ? 'exact' : 'inferred',
      };
    }),
  };
}

const distinct = (values: readonly (string | null | undefined)[]): string[] =>
  [...new Set(values.filter((value) => value != null))].sort();
