import type { TaskStatus } from '../../model/reading.ts';
import type { Style } from './table.ts';

/** Cells that several tables share. `''` is unknown. */

/** In UTC, as the rows are, and as much of it as is not today's: `10:00:00`, `01-15 10:00:00`, `2025-01-15 10:00:00`. */
export function time(iso: string | null, nowMs: number): string {
  if (iso === null) return '';
  const now = new Date(nowMs).toISOString();
  const known = iso.slice(0, 10) === now.slice(0, 10) ? 11 : iso.slice(0, 4) === now.slice(0, 4) ? 5 : 0;
  return iso.slice(known, 19).replace('T', ' ');
}

/** How long ago, in the largest unit that says it: `12 s ago`, `3 min ago`, `5 h ago`, `12 days ago`. */
export function ago(iso: string | null, nowMs: number): string {
  if (iso === null) return '';
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(iso)) / 1000));
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

/** Nothing for none, so that what is there stands out. */
export const count = (value: number): string => (value === 0 ? '' : String(value));

const STATUS_STYLE: Readonly<Record<TaskStatus, Style>> = {
  running: 'cyan',
  completed: 'green',
  failed: 'red',
  cancelled: 'yellow',
  lost: 'magenta',
};

export const statusStyle = (status: TaskStatus): Style => STATUS_STYLE[status];

/** `TypeError: why`, as much of it as is known. That an error is an `Error` tells nothing. */
export function failure(type: string | null, message: string | null): string {
  const text = message?.replace(/^Error: /, '') ?? null;
  if (text === null) return type ?? '';
  return type === null || type === 'Error' || text.startsWith(type) ? text : `${type}: ${text}`;
}
