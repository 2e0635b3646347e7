import type { ChainCall } from '../../query/chain-rows.ts';
import type { TaskDetail } from '../../query/task-detail.ts';
import type { Output } from '../command.ts';
import type { Arrow } from '../lines/chain-arrows.ts';
import type { Link } from '../lines/known-links.ts';
import type { LineChain } from '../lines/line-chain.ts';
import { dollars, tokens } from './amount.ts';
import { clean } from './clean.ts';
import { duration } from './duration.ts';
import { paint } from './table.ts';
import { taskType } from './task-table.ts';
import { failure, time } from './value.ts';
import { cutTo } from './width.ts';
import { wrap } from './wrap.ts';

const LABEL_WIDTH = 9;
const MOST_LINES = 6;

type Out = Pick<Output, 'width' | 'colour'>;

/** The story of each stretch of lines, link by link. */
export const whyText = (chains: readonly LineChain[], out: Out, nowMs: number): string =>
  chains.map((chain) => chainText(chain, out, nowMs)).join('\n');

function chainText(chain: LineChain, out: Out, nowMs: number): string {
  const { first_line: first, last_line: last, file_path: path } = chain;
  const place = paint(`${clean(path)}:${first}${last === first ? '' : `-${last}`}`, 'bold', out);
  const shown = chain.lines.length > MOST_LINES ? chain.lines.slice(0, MOST_LINES - 1) : chain.lines;
  const code = shown.map(({ line, text }) => {
    const number = `${line}`.padStart(String(last).length);
    return `${paint(`${number})`, 'dim', out)} ${cutTo(clean(text.replaceAll('\t', '  ')), out.width - number.length - 2)}\n`;
  });
  if (shown.length < chain.lines.length) code.push(paint(`   … ${chain.lines.length - shown.length} more lines\n`, 'dim', out));
  const links = linksOf(chain, nowMs).map(([link, text]) => {
    const arrow = chain.arrows.find(({ to }) => to === link);
    return linkLine(link, text, arrow, out);
  });
  const missing = chain.missing.map(({ link, why, fix }) => {
    const said = `${NAMES[link]} is missing: ${why}${fix === null ? '' : `. ${fix}`}`;
    const [start = '', ...rest] = wrap(clean(said), Math.min(out.width, 100) - 2);
    return `${paint('!', 'yellow', out)} ${start}\n${rest.map((line) => `  ${line}\n`).join('')}`;
  });
  return [`${place}  ${whose(chain, out)}\n`, ...code, '\n', ...links, ...missing].join('');
}

function whose({ kind, commit }: LineChain, out: Out): string {
  if (kind === 'agent') return paint('written by an agent', 'cyan', out);
  if (kind === 'human') return commit === null ? 'written by a person, not committed yet' : 'written by a person';
  return paint('not known', 'yellow', out);
}

const NAMES: Readonly<Record<Link, string>> = {
  line: 'line',
  commit: 'commit',
  edit: 'edit',
  tool_call: 'call',
  llm_request: 'request',
  task: 'task',
  parent_task: 'parent',
  agent: 'agent',
};

function linkLine(link: Link, text: string, arrow: Arrow | undefined, out: Out): string {
  const match = arrow?.match ?? '';
  const name = paint(NAMES[link].padEnd(LABEL_WIDTH), 'dim', out);
  const how = paint(match.padEnd(LABEL_WIDTH), match === 'inferred' ? 'yellow' : 'green', out);
  const sign = arrow === undefined ? '  ' : paint('→ ', 'dim', out);
  const room = out.width - 2 - 2 * LABEL_WIDTH;
  const [start = '', ...rest] = wrap(clean(text), Number.isFinite(room) ? Math.max(20, room) : Number.POSITIVE_INFINITY);
  const indent = ' '.repeat(2 + 2 * LABEL_WIDTH);
  return `${sign}${name}${how}${start}\n${rest.map((line) => `${indent}${line}\n`).join('')}`;
}

function linksOf(chain: LineChain, nowMs: number): [Link, string][] {
  const { commit, edit, tool_call: call, llm_request: request, task, parent_task: parent, session } = chain;
  const links: [Link, string | null][] = [
    ['commit', commit === null ? null : commitText(commit, nowMs)],
    ['edit', edit === null ? null : editText(edit, nowMs)],
    ['tool_call', call === null ? null : callText(call)],
    ['llm_request', request === null ? null : requestText(request)],
    ['task', task === null ? null : taskText(task, chain)],
    [
      'parent_task',
      parent === null ? null : `${taskType(parent.task_type)} ${parent.status} ${parent.task_id ?? parent.id}`.trim(),
    ],
    ['agent', agentText(chain.agent_id, session, chain)],
  ];
  return links.flatMap(([link, text]) => (text === null ? [] : [[link, text] satisfies [Link, string]]));
}

const joined = (parts: readonly (string | null | undefined)[]): string =>
  parts.filter((part) => part != null && part !== '').join(', ');

const commitText = ({ sha, author, authoredMs, subject, recorded }: NonNullable<LineChain['commit']>, nowMs: number): string =>
  joined([
    `${sha.slice(0, 10)} ${subject}`,
    author,
    time(new Date(authoredMs).toISOString(), nowMs),
    recorded?.pr_number == null || subject.includes(`#${recorded.pr_number}`) ? null : `#${recorded.pr_number}`,
  ]);

const editText = (edit: NonNullable<LineChain['edit']>, nowMs: number): string =>
  joined([
    `${edit.tool ?? 'an edit'} ${edit.repo_path ?? edit.file_path}`,
    edit.lines_added === null ? null : `+${edit.lines_added} -${edit.lines_removed ?? 0}`,
    time(edit.modified_at, nowMs),
  ]);

const callText = (call: ChainCall): string =>
  joined([
    `${call.tool_name ?? call.kind}${call.call_id === null ? '' : ` ${call.call_id}`}`,
    call.sub_agent === null ? null : `sub-agent ${call.sub_agent}`,
    call.duration_ms === null ? null : `took ${duration(call.duration_ms)}`,
    call.success === 0 ? `failed: ${failure(call.error_type, call.error_message)}` : null,
    call.trace_id === null ? null : `trace ${call.trace_id}`,
  ]);

const requestText = (request: ChainCall): string =>
  joined([
    request.model ?? 'a model',
    request.input_tokens === null
      ? null
      : `${tokens(request.input_tokens)} in${request.cache_read_tokens === null ? '' : ` (${tokens(request.cache_read_tokens)} cached)`}`,
    request.output_tokens === null ? null : `${tokens(request.output_tokens)} out`,
    request.cost_usd === null ? null : `${dollars(request.cost_usd)}${request.cost_source === 'estimated' ? ' estimated' : ''}`,
    request.request_id,
  ]);

const taskText = (task: TaskDetail['task'], { task_cost_usd: cost, task_labels: labels }: LineChain): string =>
  joined([
    `${taskType(task.task_type)} ${task.status} ${task.task_id ?? task.id}`.trim(),
    task.attempt === 0 ? null : `try ${task.attempt + 1}`,
    cost === null ? null : `${dollars(cost)} in all`,
    ...labels.map(({ key, value }) => `${key}=${value}`),
  ]);

function agentText(agentId: string | null, session: LineChain['session'], { kind, author }: LineChain): string | null {
  if (kind !== 'agent') return null;
  const noted =
    session === null ? null : joined([session.model, session.sessionId === null ? null : `session ${session.sessionId}`]);
  const sha = author.kind === 'agent' && author.sha !== null ? `by a line equal to one of ${author.sha.slice(0, 10)}` : null;
  return agentId === null && noted === null ? null : joined([agentId, noted, sha]);
}
