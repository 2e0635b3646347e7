import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runDemo } from '../../src/demo/run-demo.ts';
import { rows } from '../hatchet/truth.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

test('the demo leaves a file per agent with a failed, a retried, a cancelled task and children, and the calls of each', async () => {
  const folder = scratchFolder();
  // Settings of the user's shell must not lead the rows elsewhere.
  process.env['AI_TRACKER_DB_PATH'] = join(folder, 'elsewhere.db');
  const { attempts, parentTaskId } = await runDemo(folder);
  delete process.env['AI_TRACKER_DB_PATH'];

  const tasks = (agent: string) =>
    rows(
      join(folder, `${agent}.db`),
      `select task_type, attempt, status, parent_task_id is not null as child from task_executions order by 1, 2`,
    );
  // The MCP client's handshake is HTTP of whichever task comes first; its calls are folded into the calls they carry.
  const calls = (agent: string) =>
    rows(
      join(folder, `${agent}.db`),
      `select t.task_type as task, c.kind, c.success, count(*) as n from tool_calls c join task_executions t on t.id = c.task_execution_id where coalesce(c.tool_name, '') not like 'POST %/mcp' group by 1, 2, 3 order by 1, 2, 3`,
    );
  expect(tasks('researcher')).toEqual([
    { task_type: 'look-up:look-up', attempt: 0, status: 'completed', child: 1 },
    { task_type: 'look-up:look-up', attempt: 0, status: 'completed', child: 1 },
    { task_type: 'plan-release:plan-release', attempt: 0, status: 'completed', child: 0 },
    { task_type: 'read-feed:read-feed', attempt: 0, status: 'failed', child: 0 },
    { task_type: 'read-feed:read-feed', attempt: 1, status: 'completed', child: 0 },
  ]);
  expect(tasks('coder')).toEqual([
    { task_type: 'long-refactor:long-refactor', attempt: 0, status: 'cancelled', child: 0 },
    { task_type: 'run-tests:run-tests', attempt: 0, status: 'failed', child: 0 },
    { task_type: 'write-notes:write-notes', attempt: 0, status: 'completed', child: 1 },
  ]);
  expect(attempts).toBe(8);
  const parents = rows(
    join(folder, 'coder.db'),
    `select parent_task_id from task_executions where task_type = 'write-notes:write-notes'`,
  );
  expect(parents).toEqual([{ parent_task_id: parentTaskId }]);
  expect(calls('researcher')).toEqual([
    { task: 'look-up:look-up', kind: 'http', success: 1, n: 2 },
    { task: 'look-up:look-up', kind: 'mcp', success: 1, n: 2 },
    { task: 'read-feed:read-feed', kind: 'http', success: 0, n: 1 },
    { task: 'read-feed:read-feed', kind: 'http', success: 1, n: 1 },
  ]);
  expect(calls('coder')).toEqual([
    { task: 'long-refactor:long-refactor', kind: 'tool', success: 0, n: 1 },
    { task: 'long-refactor:long-refactor', kind: 'tool', success: 1, n: 1 },
    { task: 'run-tests:run-tests', kind: 'tool', success: 0, n: 1 },
    { task: 'write-notes:write-notes', kind: 'mcp', success: 1, n: 1 },
    { task: 'write-notes:write-notes', kind: 'tool', success: 1, n: 1 },
  ]);
}, 120_000);
