/** Compiled by `npm run types`, never run; see doors.test-d.ts. */
import { openReadOnly } from '../../src/index.ts';

const db = await openReadOnly('/var/lib/agents/worker-7.db');

const tasks = await db.selectFrom('task_executions').select(['id', 'status', 'duration_ms']).execute();
export const id: string | undefined = tasks[0]?.id;
export const ms: number | null | undefined = tasks[0]?.duration_ms;

// @ts-expect-error: a running task has no duration
export const always: number[] = tasks.map((task) => task.duration_ms);
// @ts-expect-error: no such table
db.selectFrom('tasks');
// @ts-expect-error: no such column
db.selectFrom('tool_calls').select('name');
// @ts-expect-error: a key never changes
db.updateTable('tool_calls').set({ id: 'other' });
