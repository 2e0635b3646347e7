import type { TaskDetail } from '../../query/task-detail.ts';
import type { TaskRow } from '../../query/tasks.ts';
import type { Output } from '../command.ts';
import { callTable } from './call-table.ts';
import { clean } from './clean.ts';
import { duration } from './duration.ts';
import { paint } from './table.ts';
import { taskTable, taskType } from './task-table.ts';
import { failure, statusStyle, time } from './value.ts';

const LABEL_WIDTH = 10;

type Line = readonly [label: string, text: string | null];

const oneLine = (row: TaskRow): string => `${taskType(row.task_type)}  ${row.status}  ${row.task_id ?? row.id}`;

function parentOf({ task, parent }: TaskDetail): string | null {
  if (parent !== null) return oneLine(parent);
  const named = task.parent_task_id ?? task.parent_task_execution_id;
  return named === null ? null : `${named} (not recorded)`;
}

function facts(detail: TaskDetail, nowMs: number): readonly Line[] {
  const { task, attempts, labels } = detail;
  const [started, ended] = [time(task.started_at, nowMs), time(task.completed_at, nowMs)];
  return [
    ['Type', taskType(task.task_type)],
    ['Attempt', attempts.length > 1 || task.attempt > 0 ? `${task.attempt + 1}, of ${attempts.length} recorded` : null],
    ['Error', failure(task.error_type, task.error_message)],
    ['Agent', task.agent_id],
    ['Started', `${started} UTC`],
    ['Ended', ended === '' ? null : `${ended} UTC, after ${duration(task.duration_ms)}`],
    ['Task', task.id],
    ['Parent', parentOf(detail)],
    ['Workflow', task.workflow_run_id],
    ['Session', task.conversation_id],
    ['Trace', task.trace_id === null ? null : `${task.trace_id}${task.span_id === null ? '' : `, span ${task.span_id}`}`],
    ['Labels', labels.map(({ key, value }) => `${key}=${value}`).join(', ')],
  ];
}

/** All that is known of one task, as text for a person. */
export function taskPage(detail: TaskDetail, out: Pick<Output, 'width' | 'colour'>, nowMs: number): string {
  const { task, attempts, children, calls } = detail;
  const line = (label: string, text: string): string => `${paint(label.padEnd(LABEL_WIDTH), 'dim', out)}${text}\n`;
  const lines = facts(detail, nowMs).flatMap(([label, text]) => (text === null || text === '' ? [] : [line(label, clean(text))]));
  const page = [line('Status', paint(task.status, statusStyle(task.status), out)), ...lines];
  const section = (title: string, body: string): void => {
    page.push(`\n${paint(title, 'bold', out)}\n\n${body}`);
  };
  if (attempts.length > 1) section('Attempts', taskTable(attempts, out, nowMs));
  if (children.length > 0) section('Children', taskTable(children, out, nowMs));
  if (calls.length > 0) section('Calls', callTable(calls, out, nowMs, true));
  else page.push('\nNo calls were recorded.\n');
  return page.join('');
}
