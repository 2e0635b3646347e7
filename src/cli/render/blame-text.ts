import type { NamedTaskRow } from '../../query/chain-rows.ts';
import type { EditRow } from '../../query/edits.ts';
import type { Output } from '../command.ts';
import type { AuthoredFile } from '../lines/file-lines.ts';
import { clean } from './clean.ts';
import { shortIds } from './short-id.ts';
import { paint, type Style } from './table.ts';
import { cutTo, widthOf } from './width.ts';

/** A line, as `ai-tracker blame --json` prints it. */
export interface ToldLine {
  readonly line: number;
  readonly text: string;
  /** Null: not committed yet. */
  readonly commit_sha: string | null;
  readonly original_path: string;
  readonly original_line: number;
  /** Git's author. */
  readonly author: string | null;
  readonly authored_at: string | null;
  readonly kind: 'agent' | 'human' | 'unknown';
  /** Null where nothing is known. */
  readonly match: 'exact' | 'inferred' | null;
  /** What told: the commit's rows, the repository's memory, an equal line, a note of git-ai's. */
  readonly by: 'commit' | 'memory' | 'anchor' | 'note' | null;
  readonly agent_id: string | null;
  readonly task_execution_id: string | null;
  readonly task_id: string | null;
  readonly file_modification_id: string | null;
  /** Of a note of git-ai's. */
  readonly model: string | null;
  readonly why_unknown: string | null;
}

export function blameLines(
  { lines, commits }: AuthoredFile,
  edits: ReadonlyMap<string, EditRow>,
  tasks: ReadonlyMap<string, NamedTaskRow>,
): ToldLine[] {
  return lines.map(({ line, text, sha, path, originalLine, author }): ToldLine => {
    const commit = sha === null ? undefined : commits.get(sha);
    const agent = author.kind === 'agent' ? author : null;
    const edit = agent?.modificationId == null ? undefined : edits.get(agent.modificationId);
    const task = edit?.task_execution_id == null ? undefined : tasks.get(edit.task_execution_id);
    return {
      line,
      text,
      commit_sha: sha,
      original_path: path,
      original_line: originalLine,
      author: commit?.author ?? null,
      authored_at: commit === undefined ? null : new Date(commit.authoredMs).toISOString(),
      kind: author.kind,
      match: author.kind === 'unknown' ? null : author.match,
      by: author.kind === 'unknown' ? null : author.by,
      agent_id: agent?.agentId ?? edit?.agent_id ?? null,
      task_execution_id: edit?.task_execution_id ?? null,
      task_id: task?.task_id ?? null,
      file_modification_id: agent?.modificationId ?? null,
      model: agent?.session?.model ?? null,
      why_unknown: author.kind === 'unknown' ? author.why : null,
    };
  });
}

const WIDEST_AUTHOR = 16;
const WIDEST_TASK = 14;
const SHA_WIDTH = 8;
const STYLES: Readonly<Record<ToldLine['kind'], Style | null>> = { agent: 'cyan', human: null, unknown: 'yellow' };

/** As git blame: where each line is from, then the line. */
export function blameText(lines: readonly ToldLine[], out: Pick<Output, 'width' | 'colour'>, _nowMs: number): string {
  const short = shortIds(lines.flatMap((line) => taskOf(line) ?? []));
  const authors = lines.map((line) => cutTo(clean(authorOf(line)), WIDEST_AUTHOR));
  const names = lines.map((line) => cutTo(clean(short(taskOf(line) ?? '')), WIDEST_TASK));
  const [authorWidth, taskWidth] = [authors, names].map((cells) => Math.max(0, ...cells.map(widthOf)));
  const numberWidth = String(lines.at(-1)?.line ?? 0).length;
  return lines
    .map((line, n) => {
      const pad = (cell: string, width = 0): string => cell + ' '.repeat(width - widthOf(cell));
      const author = paint(pad(authors[n] ?? '', authorWidth), STYLES[line.kind], out);
      const task = taskWidth === 0 ? '' : ` ${paint(pad(names[n] ?? '', taskWidth), 'dim', out)}`;
      const sha = paint(line.commit_sha?.slice(0, SHA_WIDTH) ?? '0'.repeat(SHA_WIDTH), 'yellow', out);
      const date = paint(line.authored_at?.slice(0, 10) ?? 'not yet   ', 'dim', out);
      const text = line.text.replaceAll('\t', '        ');
      return `${sha} ${author}${task} ${date} ${String(line.line).padStart(numberWidth)}) ${clean(text)}\n`;
    })
    .join('');
}

/** `~` before what is inferred; `?` before the person who committed what nobody knows. */
function authorOf({ kind, match, agent_id, author }: ToldLine): string {
  const mark = kind === 'unknown' ? '?' : match === 'inferred' ? '~' : ' ';
  return `${mark}${kind === 'agent' ? (agent_id ?? 'an agent') : (author ?? 'you')}`;
}

const taskOf = ({ task_id, task_execution_id }: ToldLine): string | null => task_id ?? task_execution_id;
