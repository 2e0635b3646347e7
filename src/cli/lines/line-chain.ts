import type { Selection } from '../../query/across-files.ts';
import { type ChainCall, callsById, modelCallBehind } from '../../query/chain-rows.ts';
import { type EditRow, editsById } from '../../query/edits.ts';
import type { OpenFiles } from '../../query/open-files.ts';
import { findTasks, type TaskDetail, taskDetail } from '../../query/task-detail.ts';
import { type Arrow, chainArrows } from './chain-arrows.ts';
import type { AuthoredFile, AuthoredLine } from './file-lines.ts';
import type { KnownLinks } from './known-links.ts';
import type { LineAuthor } from './line-author.ts';
import { type Missing, missingLinks } from './missing-links.ts';

/** Lines that stand together and have one and the same story. */
export interface LineChain extends KnownLinks {
  readonly file_path: string;
  readonly first_line: number;
  readonly last_line: number;
  readonly lines: readonly { readonly line: number; readonly text: string; readonly original_line: number }[];
  readonly kind: LineAuthor['kind'];
  readonly author: LineAuthor;
  readonly arrows: readonly Arrow[];
  readonly task_labels: TaskDetail['labels'];
  /** US dollars of all calls of the task; null: not known of any. */
  readonly task_cost_usd: number | null;
  readonly trace_id: string | null;
  readonly missing: readonly Missing[];
}

/** What stands behind each line, as far as it was recorded; lines of one story that follow each other are one. */
export function lineChains(selection: Selection, files: OpenFiles, file: AuthoredFile): LineChain[] {
  const groups = grouped(file.lines);
  const edits = editsById(
    files,
    groups.flatMap(([line]) => (line.author.kind === 'agent' ? (line.author.modificationId ?? []) : [])),
  );
  const calls = callsById(
    files,
    [...edits.values()].flatMap(({ tool_call_id }) => tool_call_id ?? []),
  );
  const stories = new Map<string, CallStory>();
  const storyOf = (edit: EditRow): CallStory => {
    const key = edit.tool_call_id ?? edit.id;
    let story = stories.get(key);
    if (story === undefined) stories.set(key, (story = storyBehind(selection, files, edit, calls)));
    return story;
  };
  return groups.map((group) => chainOf(group, file, edits, storyOf));
}

/** What is behind a tool call: the same for all files that it changed. */
interface CallStory {
  readonly call: ChainCall | null;
  readonly model: ReturnType<typeof modelCallBehind>;
  readonly detail: TaskDetail | null;
}

function storyBehind(selection: Selection, files: OpenFiles, edit: EditRow, calls: ReadonlyMap<string, ChainCall>): CallStory {
  const call = edit.tool_call_id === null ? null : (calls.get(edit.tool_call_id) ?? null);
  const everyone: Selection = { ...selection, agentId: null };
  const [task] = edit.task_execution_id === null ? [] : findTasks(everyone, edit.task_execution_id).answers;
  return {
    call,
    model: call === null ? null : modelCallBehind(files, call),
    detail: task === undefined ? null : taskDetail(everyone, task),
  };
}

type Group = readonly [AuthoredLine, ...AuthoredLine[]];

const storyKey = ({ sha, path, author }: AuthoredLine): string => JSON.stringify([sha, path, author]);

function grouped(lines: readonly AuthoredLine[]): Group[] {
  const groups: [AuthoredLine, ...AuthoredLine[]][] = [];
  for (const line of lines) {
    const last = groups.at(-1);
    const before = last?.at(-1);
    if (last !== undefined && before?.line === line.line - 1 && storyKey(before) === storyKey(line)) last.push(line);
    else groups.push([line]);
  }
  return groups;
}

function chainOf(
  group: Group,
  file: AuthoredFile,
  edits: ReadonlyMap<string, EditRow>,
  storyOf: (edit: EditRow) => CallStory,
): LineChain {
  const [first] = group;
  const { author, sha } = first;
  const agent = author.kind === 'agent' ? author : null;
  const edit = agent?.modificationId == null ? null : (edits.get(agent.modificationId) ?? null);
  const story = edit === null ? null : storyOf(edit);
  const { call = null, model = null, detail = null } = story ?? {};
  const blamed = sha === null ? null : (file.commits.get(sha) ?? null);
  const recorded = sha === null ? null : (file.recorded.get(sha)?.row ?? null);
  const commit = blamed === null ? null : { ...blamed, path: first.path, recorded };
  const known: KnownLinks = {
    commit,
    edit,
    tool_call: call,
    llm_request: model?.call ?? null,
    task: detail?.task ?? null,
    parent_task: detail?.parent ?? null,
    agent_id: agent?.agentId ?? edit?.agent_id ?? null,
    session: agent?.session ?? null,
  };
  const arrows = chainArrows(author, known, model?.match ?? null);
  return {
    file_path: file.path,
    first_line: first.line,
    last_line: group.at(-1)?.line ?? first.line,
    lines: group.map(({ line, text, originalLine }) => ({ line, text, original_line: originalLine })),
    kind: author.kind,
    author,
    arrows,
    ...known,
    task_labels: detail?.labels ?? [],
    task_cost_usd: costOf(detail),
    trace_id: call?.trace_id ?? edit?.trace_id ?? null,
    missing: missingLinks(author, known),
  };
}

function costOf(detail: TaskDetail | null): number | null {
  const costs = detail?.calls.flatMap(({ cost_usd }) => (cost_usd === null ? [] : [cost_usd])) ?? [];
  return costs.length === 0 ? null : costs.reduce((sum, cost) => sum + cost, 0);
}
