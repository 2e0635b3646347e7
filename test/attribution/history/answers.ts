import type { History } from './history.ts';

/** What was recorded of a file of a commit. */
export interface FileAnswer {
  readonly ai: number;
  readonly human: number;
  readonly aiRemoved: number;
  readonly humanRemoved: number;
  /** Line numbers that are an agent's. */
  readonly lines: ReadonlySet<number>;
}

/** By commit, then by path. A commit that was not recorded is absent. */
export type Answers = ReadonlyMap<string, ReadonlyMap<string, FileAnswer>>;

interface FileRow {
  readonly commit_sha: string;
  readonly file_path: string | null;
  readonly lines_added: number;
  readonly lines_removed: number;
  readonly ai_lines_added: number;
  readonly ai_lines_removed: number;
}

/** Brings in what hooks spooled, and reads the rows of all agents. @throws where a command fails */
export async function answersOf({ playground }: Pick<History, 'playground'>): Promise<Answers> {
  const ask = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await playground.tracker(playground.repo, args);
    if (code !== 0) throw new Error(`ai-tracker ${args.join(' ')}: ${code}\n${stdout}${stderr}`);
    return stdout;
  };
  await ask('hook', 'drain');
  const rows = async <Row>(sql: string): Promise<Row[]> => JSON.parse(await ask('sql', sql, '--json')) as Row[];
  const files = await rows<FileRow>(
    'SELECT c.commit_sha, f.* FROM commits c LEFT JOIN commit_files f ON f.commit_id = c.id ORDER BY c.commit_sha',
  );
  const ranges = await rows<{ commit_sha: string; file_path: string; first_line: number; last_line: number }>(
    'SELECT DISTINCT c.commit_sha, l.file_path, l.first_line, l.last_line FROM commits c JOIN commit_lines l ON l.commit_id = c.id',
  );
  const answers = new Map<string, Map<string, FileAnswer>>();
  for (const row of files) {
    const commit = answers.get(row.commit_sha) ?? new Map<string, FileAnswer>();
    answers.set(row.commit_sha, commit);
    if (row.file_path === null) continue;
    const lines = new Set<number>();
    for (const range of ranges) {
      if (range.commit_sha !== row.commit_sha || range.file_path !== row.file_path) continue;
      for (let line = range.first_line; line <= range.last_line; line++) lines.add(line);
    }
    commit.set(row.file_path, {
      ai: row.ai_lines_added,
      human: row.lines_added - row.ai_lines_added,
      aiRemoved: row.ai_lines_removed,
      humanRemoved: row.lines_removed - row.ai_lines_removed,
      lines,
    });
  }
  return answers;
}
