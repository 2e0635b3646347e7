import type { OpenFile } from '../store/open.ts';
import { sqlBuilder } from '../store/sql.ts';
import { type Answers, acrossFiles, type Selection } from './across-files.ts';
import { runQuery } from './run-query.ts';

/** Lines of commits. */
export interface LineSums {
  readonly commits: number;
  readonly ai_lines_added: number;
  readonly ai_lines_removed: number;
  readonly human_lines_added: number;
  readonly human_lines_removed: number;
}

export interface CommitFilter {
  /** Authored at or after; ISO text. Commits without an author's date count by when they were recorded. */
  readonly since: string | null;
  /** Ids, names or folders of a repository: a commit of any of them counts. Null: of all. */
  readonly repositories: readonly string[] | null;
}

interface SummedRow extends Omit<LineSums, 'commits'> {
  readonly id: string;
}

/** What the live commits of all files add up to, each counted once. */
export function sumCommits(selection: Selection, filter: CommitFilter): Answers<never> & { readonly sums: LineSums } {
  const seen = new Set<string>();
  const sums = { commits: 0, ai_lines_added: 0, ai_lines_removed: 0, human_lines_added: 0, human_lines_removed: 0 };
  const { answers: _, ...rest } = acrossFiles(selection, (file) => {
    for (const row of rowsOf(file, selection, filter)) {
      if (seen.has(row.id)) continue;
      seen.add(row.id);
      sums.commits++;
      sums.ai_lines_added += row.ai_lines_added;
      sums.ai_lines_removed += row.ai_lines_removed;
      sums.human_lines_added += row.human_lines_added;
      sums.human_lines_removed += row.human_lines_removed;
    }
  });
  return { sums, answers: [], ...rest };
}

const rowsOf = (file: OpenFile, { agentId }: Selection, { since, repositories }: CommitFilter): SummedRow[] =>
  runQuery(
    file,
    sqlBuilder
      .selectFrom('commits')
      .select(['id', 'ai_lines_added', 'ai_lines_removed', 'human_lines_added', 'human_lines_removed'])
      .$if(agentId !== null, (query) => query.where('agent_id', '=', agentId))
      .$if(since !== null, (query) => query.where((eb) => eb(eb.fn.coalesce('authored_at', 'timestamp'), '>=', since ?? '')))
      .$if(repositories !== null, (query) =>
        query.where((eb) =>
          eb.or([
            eb('repo_id', 'in', repositories ?? []),
            eb('repo_name', 'in', repositories ?? []),
            eb('repo_path', 'in', repositories ?? []),
          ]),
        ),
      ),
  );

/** Work trees of recorded commits, on whatever machine they were. */
export function commitFolders(selection: Selection): string[] {
  const { answers } = acrossFiles(selection, (file) =>
    runQuery<{ repo_path: string }>(
      file,
      sqlBuilder.selectFrom('commits').select('repo_path').distinct().where('repo_path', 'is not', null),
    ),
  );
  return [...new Set(answers.flat().map(({ repo_path }) => repo_path))];
}
