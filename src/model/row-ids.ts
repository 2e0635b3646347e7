import type { TaskName } from './reading.ts';

/** Keys of rows: deterministic text, so that every door writes the same row. */

export const taskRowId = (task: TaskName): string => `${task.source}:${task.taskId}:${task.attempt}`;
export const spanRowId = (traceId: string, spanId: string): string => `${traceId}:${spanId}`;

/** All attempts of one task lie between these two keys. */
export const taskRowRange = (source: string, taskId: string): readonly [from: string, below: string] => [
  `${source}:${taskId}:`,
  `${source}:${taskId};`,
];

/** UTC ISO-8601 with milliseconds; null for what no clock can mean (NaN, beyond year 9999). */
export function isoTime(ms: number): string | null {
  return Number.isFinite(ms) && ms >= -62_167_219_200_000 && ms < 253_402_300_800_000
    ? new Date(Math.floor(ms)).toISOString()
    : null;
}
