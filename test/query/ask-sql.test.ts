import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { askSql, SqlError } from '../../src/query/ask-sql.ts';
import { countOf } from '../support/agent-rows.ts';
import { record, recorderIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromSender, taskSpan, toolSpan } from '../support/span-makers.ts';

function folderOf(agents: readonly string[]): string {
  const folder = scratchFolder();
  const recorder = recorderIn(folder);
  for (const agent of agents)
    record(recorder, fromSender(Date.now(), agent), [taskSpan('one', { span: 1 }), toolSpan({ span: 2, parent: 1 })]);
  return folder;
}

const ask = (folder: string, sql: string) => askSql({ dbPath: null, sharedDir: folder }, { HOME: join(folder, 'home') }, sql);

describe('one SELECT', () => {
  test('sees the rows of more agents than SQLite attaches, also where their keys are the same', () => {
    const agents = Array.from({ length: 12 }, (_, i) => `agent-${String(i).padStart(2, '0')}`);
    const folder = folderOf(agents);
    const { columns, rows } = ask(
      folder,
      `SELECT t.agent_id AS agent, count(c.id) AS calls
       FROM task_executions t JOIN tool_calls c ON c.task_execution_id = t.id AND c.agent_id = t.agent_id GROUP BY 1 ORDER BY 1`,
    );
    expect(columns).toEqual(['agent', 'calls']);
    expect(rows).toEqual(agents.map((agent) => [agent, 1]));
  });

  test.each([
    ['one file', ['a']],
    ['two files', ['a', 'b']],
  ])('can only read: %s', (_, agents) => {
    const folder = folderOf(agents);
    for (const sql of [
      'DELETE FROM task_executions',
      "ATTACH 'x.db' AS x",
      'BEGIN',
      'SELECT 1; SELECT 2',
      'SELEC 1',
      'SELECT * FROM nowhere',
    ]) {
      expect(() => ask(folder, sql), sql).toThrow(SqlError);
    }
    expect(countOf(join(folder, 'a.db'), 'task_executions')).toBe(1);
  });

  test('may use the view for users of the tool before', () => {
    expect(ask(folderOf(['a', 'b']), 'SELECT count(*) FROM edits').rows).toEqual([[0]]);
  });
});
