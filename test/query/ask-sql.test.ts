import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { askSql, SqlError } from '../../src/query/ask-sql.ts';
import { countOf } from '../support/agent-rows.ts';
import { record, recorderIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromSender, taskSpan, toolSpan } from '../support/span-makers.ts';
import { everythingIn } from './selection.ts';

function folderOf(agents: readonly string[]): string {
  const folder = scratchFolder();
  const recorder = recorderIn(folder);
  for (const agent of agents)
    record(recorder, fromSender(Date.now(), agent), [taskSpan('one', { span: 1 }), toolSpan({ span: 2, parent: 1 })]);
  return folder;
}

const ask = (folder: string, sql: string, agentId: string | null = null) => askSql(everythingIn(folder, agentId), sql);

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

  test('finds every table and view empty where no file is, and no other', () => {
    const folder = scratchFolder();
    for (const table of ['task_executions', 'tool_calls', 'task_labels', 'edits', 'task_costs', 'model_costs', 'tool_stats'])
      expect(ask(folder, `SELECT * FROM ${table}`).rows, table).toEqual([]);
    expect(ask(folder, 'SELECT * FROM tool_calls').columns).toContain('tool_name');
    expect(() => ask(folder, 'SELECT * FROM nowhere')).toThrow(SqlError);
  });

  test.each([
    ['one file', ['a']],
    ['two files', ['a', 'b']],
  ])('sees rows of one agent only, where it is put so: %s', (_, agents) => {
    const folder = folderOf(agents);
    const both = 'SELECT agent_id FROM task_executions UNION ALL SELECT agent_id FROM task_costs';
    expect(ask(folder, both, 'a').rows).toEqual([['a'], ['a']]);
    expect(ask(folder, both, 'nobody').rows).toEqual([]);
  });

  test('narrows rows that do not name their agent by the task that they belong to', () => {
    const folder = scratchFolder();
    const recorder = recorderIn(folder, { labels: [['team', 'red']] });
    for (const agent of ['a', 'b']) record(recorder, fromSender(Date.now(), agent), [taskSpan(`of-${agent}`, { span: 1 })]);
    expect(ask(folder, 'SELECT task_execution_id FROM task_labels', 'b').rows).toEqual([['hatchet:of-b:0']]);
  });

  test.each([
    ['one file', ['a']],
    ['two files', ['a', 'b']],
  ])('gives an integer that no number can hold with all its digits: %s', (_, agents) => {
    const folder = folderOf(agents);
    const db = new Database(join(folder, 'a.db'));
    db.exec('UPDATE task_executions SET change_seq = 9007199254740993');
    db.close();
    expect(ask(folder, "SELECT change_seq, attempt, 0.5 FROM task_executions WHERE agent_id = 'a'").rows).toEqual([
      [9007199254740993n, 0, 0.5],
    ]);
  });
});
