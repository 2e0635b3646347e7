import { chmodSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { encodeBatch } from '../../src/model/batch-codec.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import { spoolTarget } from '../../src/spool/spool-record.ts';
import { writeSpoolRecord } from '../../src/spool/write-record.ts';
import { record, recorderIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromSender, taskSpan, toolSpan } from '../support/span-makers.ts';
import { aiTracker, type CommandRun } from './command.ts';

const EVIL = 'search\u001b[2J\u009b31m';

/** Agents `alpha` and `beta` with three tasks and two calls, one of which failed. */
function recorded(): string {
  const folder = scratchFolder();
  const recorder = recorderIn(folder);
  record(recorder, fromSender(Date.now(), 'alpha'), [
    taskSpan('11111111-plan', { span: 1 }),
    toolSpan({ span: 2, parent: 1, attributes: { 'gen_ai.tool.name': EVIL } }),
    toolSpan({ span: 3, parent: 1, attributes: { 'error.type': 'timeout' } }),
    taskSpan('11112222-write', { span: 10, trace: 2 }),
  ]);
  record(recorder, fromSender(Date.now(), 'beta'), [taskSpan('33333333-read', { span: 20, trace: 3 })]);
  recorder.close();
  return folder;
}

const run = (folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CommandRun> =>
  aiTracker([...args, '--dir', folder], { home: folder, env });

const rowsOf = async (folder: string, args: readonly string[]): Promise<Record<string, unknown>[]> => {
  const { code, stdout, stderr } = await run(folder, [...args, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Record<string, unknown>[];
};

describe('reading commands', () => {
  test('print every row of every agent as JSON, and a table at 80 columns', async () => {
    const folder = recorded();
    const [agents, tasks, tools] = await Promise.all([
      rowsOf(folder, ['agents']),
      rowsOf(folder, ['tasks']),
      rowsOf(folder, ['tools']),
    ]);
    expect(agents).toMatchObject([
      { agent_id: 'alpha', tasks: 2, tool_calls: 2 },
      { agent_id: 'beta', tasks: 1 },
    ]);
    expect(tasks.map((row) => row['task_id'])).toEqual(['33333333-read', '11112222-write', '11111111-plan']);
    expect(tools).toMatchObject([
      { success: 0, error_type: 'timeout' },
      { tool_name: expect.stringContaining('search') as string },
    ]);

    const shown = await Promise.all(['agents', 'tasks', 'tools'].map((name) => run(folder, [name], { COLUMNS: '80' })));
    for (const { code, stdout } of shown) {
      expect(code).toBe(0);
      const lines = stdout.trimEnd().split('\n');
      expect(lines.length).toBeGreaterThan(2);
      for (const line of lines) {
        expect(line.length).toBeLessThanOrEqual(80);
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }
    }
  });

  test('say [] or nothing on stdout where there are no rows, and are done', async () => {
    const home = scratchFolder();
    const answers = await Promise.all(['agents', 'tasks', 'tools'].map((name) => aiTracker([name, '--json'], { home })));
    for (const answer of answers) expect(answer).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
    const { code, stdout, stderr } = await aiTracker(['tasks'], { home });
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain('nothing has been recorded');
  });

  test('are narrowed by agent, status, type, time and number', async () => {
    const folder = recorded();
    const ids = async (...args: string[]): Promise<unknown[]> =>
      (await rowsOf(folder, ['tasks', ...args])).map((row) => row['task_id']);
    expect(await ids('--agent', 'beta')).toEqual(['33333333-read']);
    expect(await ids('--limit', '1')).toEqual(['33333333-read']);
    expect(await ids('--status', 'failed')).toEqual([]);
    expect(await ids('--type', 'write', '--since', '2026-01-15T10:00:00.010')).toEqual(['33333333-read', '11112222-write']);
    expect(await rowsOf(folder, ['tools', '--failed', '--kind', 'tool', '--task', '1111111'])).toHaveLength(1);
  });

  test.each([
    [['tasks', '--agnet', 'a'], 'there is no option --agnet, did you mean --agent?'],
    [['tasks', '--constructor'], 'there is no option --constructor'],
    [['tasks', '-x'], 'there is no option -x'],
    [['tasks', '--status'], '--status needs a value: --status STATUS'],
    [['tasks', '--status', '--json'], '--status needs a value: --status STATUS'],
    [['tasks', '--agent='], '--agent needs a value: --agent ID'],
    [['tools', '--failed=yes'], '--failed takes no value'],
  ])('say what is wrong with the options of %j, and where they are listed', async (args, problem) => {
    const { code, stdout, stderr } = await aiTracker(args, { home: scratchFolder() });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^ai-tracker: [^\n]+; `ai-tracker \w+ --help` lists the options\n$/);
    expect(stderr).toContain(problem);
  });

  test('say of an empty list which options narrowed it, and where none did that there are no rows', async () => {
    const folder = recorded();
    const narrowed = await run(folder, ['tasks', '--status', 'failed', '--agent', 'beta']);
    expect([narrowed.code, narrowed.stdout]).toEqual([0, '']);
    expect(narrowed.stderr).toContain(`no tasks in ${folder} fit --status failed --agent beta`);

    const callsOnly = scratchFolder();
    const recorder = recorderIn(callsOnly);
    record(recorder, fromSender(Date.now(), 'alpha'), [toolSpan({ span: 2, parent: 1 })]);
    recorder.close();
    expect((await run(callsOnly, ['tasks'])).stderr).toBe(`ai-tracker: ${callsOnly} holds no tasks\n`);
  });

  test('name the option, not the variable alone, where --db leads to another program’s file', async () => {
    const folder = scratchFolder();
    const file = join(folder, 'other.db');
    const db = new Database(file);
    db.exec('CREATE TABLE theirs (id)');
    db.close();
    const { code, stderr } = await aiTracker(['tasks', '--db', file], { home: folder });
    expect(code).toBe(3);
    expect(stderr).toMatch(/belongs to another program .*--db/);
  });

  test('exit 2 where they are used wrongly and 3 where a named place is not there, in one line', async () => {
    const folder = recorded();
    const cases = [
      [['tasks', '--status', 'done'], 2],
      [['tasks', '--since', 'yesterday'], 2],
      [['tasks', '--limit', 'many'], 2],
      [['tools', '--kind', 'hammer'], 2],
      [['task'], 2],
      [['tasks', '--db', join(folder, 'none.db')], 3],
      [['agents', '--dir', join(folder, 'none')], 3],
      [['agents', '--dir', join(folder, 'alpha.db')], 3],
      [['agents', '--db', folder], 3],
    ] as const;
    const answers = await Promise.all(cases.map(([args]) => aiTracker(args, { home: folder })));
    cases.forEach(([args, code], i) => {
      expect([answers[i]?.code, answers[i]?.stdout], args.join(' ')).toEqual([code, '']);
      expect(answers[i]?.stderr).toMatch(/^ai-tracker: [^\n]+\n$/);
    });
  });

  test.runIf(process.getuid?.() !== 0)('exit 3 where the folder may not be read: it is not empty', async () => {
    const folder = recorded();
    chmodSync(folder, 0o000);
    try {
      const home = scratchFolder();
      const answers = await Promise.all([
        aiTracker(['tasks', '--dir', folder, '--json'], { home }),
        aiTracker(['tasks', '--json'], { home, env: { AI_TRACKER_SHARED_DIR: folder } }),
        aiTracker(['tasks', '--json'], { home, env: { AI_TRACKER_DB_PATH: join(folder, 'alpha.db') } }),
        aiTracker(['tasks', '--json'], { home, env: { AI_TRACKER_DB_PATH: join(folder, '{agent_id}.db') } }),
      ]);
      for (const { code } of answers) expect(code).toBe(3);
    } finally {
      chmodSync(folder, 0o700);
    }
  });

  test('name the file that they cannot read, and exit 3 only where no file is left', async () => {
    const folder = recorded();
    const damage = (name: string): void => writeFileSync(join(folder, name), readFileSync(join(folder, name)).fill(7, 100));
    damage('alpha.db');
    const some = await run(folder, ['tasks', '--json']);
    expect(some.code).toBe(0);
    expect(some.stderr).toContain(join(folder, 'alpha.db'));
    expect(JSON.parse(some.stdout)).toMatchObject([{ agent_id: 'beta' }]);
    damage('beta.db');
    expect(await run(folder, ['tasks', '--json'])).toMatchObject({ code: 3, stdout: '[]\n' });
  });

  test.each([
    ['whose beginning was overwritten', (path: string) => writeFileSync(path, 'x'.repeat(8192), { flag: 'r+' })],
    ['that was truncated', (path: string) => truncateSync(path)],
    ['that is text now', (path: string) => writeFileSync(path, 'some text')],
  ])('name a file %s in one line, and exit 3 only where no file is left', async (_what, damage) => {
    const folder = recorded();
    damage(join(folder, 'alpha.db'));
    const some = await run(folder, ['tasks', '--json']);
    expect([some.code, some.stderr.split('\n').length]).toEqual([0, 2]);
    expect(some.stderr).toContain('1 *.db file here is not ours or is damaged: alpha.db (');
    expect(JSON.parse(some.stdout)).toMatchObject([{ agent_id: 'beta' }]);
    damage(join(folder, 'beta.db'));
    const none = await run(folder, ['agents']);
    expect([none.code, none.stdout]).toEqual([3, '']);
    expect(none.stderr).toContain('2 *.db files here are not ours or are damaged: alpha.db, beta.db (');
    expect(await run(folder, ['sql', 'SELECT 1'])).toEqual(none);
  });

  test('exit 3 where the folder that the environment leads to is no folder', async () => {
    const home = scratchFolder();
    writeFileSync(join(home, 'file'), '');
    const env = { AI_TRACKER_SHARED_DIR: join(home, 'file') };
    const shared = await aiTracker(['tasks', '--json'], { home, env });
    expect([shared.code, shared.stdout]).toEqual([3, '']);
    expect(shared.stderr).toMatch(/^ai-tracker: cannot read the folder [^\n]+\n$/);
    mkdirSync(join(home, '.config'));
    writeFileSync(join(home, '.config', 'ai-tracker'), '');
    expect(await aiTracker(['agents', '--json'], { home })).toMatchObject({ code: 3, stdout: '' });
  });

  test('bring what waits in the spool into its file first', async () => {
    const folder = scratchFolder();
    const { settings } = resolveSettings({ sharedDir: folder }, {});
    const batch = encodeBatch({ origin: fromSender(Date.now(), 'gamma'), spans: [taskSpan('waited', { span: 1 })], logs: [] });
    const spooled = { v: 1, kind: 'spans', target: spoolTarget(settings), ended: 1, batch } as const;
    expect(writeSpoolRecord([join(folder, '.spool')], spooled, { maxBytes: 1 << 20 }).status).toBe('spooled');
    expect(await rowsOf(folder, ['tasks'])).toMatchObject([{ task_id: 'waited', agent_id: 'gamma' }]);
  });
});

describe('ai-tracker task', () => {
  test('shows the task that the beginning of its id names, with its calls', async () => {
    const folder = recorded();
    const { code, stdout } = await run(folder, ['task', '11111111'], { COLUMNS: '80' });
    expect(code).toBe(0);
    for (const part of ['completed', 'alpha', 'hatchet:11111111-plan:0', 'search', 'failed: timeout'])
      expect(stdout).toContain(part);
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    const json = await run(folder, ['task', 'hatchet:11111111-plan:0', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      task: { task_id: '11111111-plan' },
      attempts: [{ attempt: 0 }],
      calls: [{}, {}],
    });
  });

  test('exits 1 where there is none, and where several begin so, which it names', async () => {
    const folder = recorded();
    expect(await run(folder, ['task', 'nothing'])).toMatchObject({ code: 1, stdout: '' });
    const several = await run(folder, ['task', '1111']);
    expect([several.code, several.stdout]).toEqual([1, '']);
    expect(several.stderr).toContain('11111111-plan');
    expect(several.stderr).toContain('11112222-write');
    expect(await run(folder, ['task', ''])).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('ai-tracker sql', () => {
  test('prints what the SELECT gives, two columns of one name apart', async () => {
    const folder = recorded();
    expect(await rowsOf(folder, ['sql', 'SELECT count(*) AS n, 1 AS n FROM task_executions'])).toEqual([{ n: 3, 'n:1': 1 }]);
    const { stdout } = await run(folder, ['sql', 'SELECT agent_id, count(*) AS tasks FROM task_executions GROUP BY 1']);
    expect(stdout).toBe('agent_id  tasks\nalpha         2\nbeta          1\n');
  });

  test('of a folder without files is an empty list, with exit 0, and of a table that is not there a mistake', async () => {
    const empty = scratchFolder();
    expect(await run(empty, ['sql', 'SELECT * FROM task_costs', '--json'])).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
    const wrong = await run(empty, ['sql', 'SELECT * FROM task_execution']);
    expect([wrong.code, wrong.stdout]).toEqual([2, '']);
    expect(wrong.stderr).toContain('did you mean task_executions?');
  });

  test('is narrowed to one agent', async () => {
    const folder = recorded();
    const count = ['sql', 'SELECT count(*) AS n FROM task_executions', '--agent'];
    expect(await rowsOf(folder, [...count, 'alpha'])).toEqual([{ n: 2 }]);
    expect(await rowsOf(folder, [...count, 'nobody'])).toEqual([{ n: 0 }]);
  });

  test('prints every digit of a large integer', async () => {
    const folder = recorded();
    const digits = '9007199254740993';
    expect((await run(folder, ['sql', `SELECT ${digits} AS n`, '--json'])).stdout).toBe(`[\n{"n":${digits}}\n]\n`);
    expect((await run(folder, ['sql', `SELECT ${digits} AS n`])).stdout).toContain(digits);
  });

  test('prints rows that are too wide for the terminal a value a line, whole', async () => {
    const folder = recorded();
    const { stdout } = await run(folder, ['sql', "SELECT * FROM task_executions WHERE agent_id = 'alpha'"], { COLUMNS: '80' });
    const blocks = stdout.split('\n\n');
    expect(blocks).toHaveLength(2);
    for (const block of blocks) {
      expect(block).toMatch(/^ +id  hatchet:1111/m);
      expect(block).toMatch(/^ +error_type$/m);
    }
    expect(stdout).not.toContain('…');
    const narrow = await run(folder, ['sql', 'SELECT id, status FROM task_executions'], { COLUMNS: '80' });
    expect(narrow.stdout).toMatch(/^id +status\n/);
  });

  test.each([
    ['SELECT nosuch FROM tool_calls', 'pragma_table_info'],
    ['SELEC 1', '--help'],
    ["SELECT 'a", 'quotes'],
    ['SELECT 1; SELECT 2', 'one SELECT'],
    ['', 'give it a SELECT'],
    ['SELECT ?', 'no parameters'],
    ['DELETE FROM tool_calls', 'only reads'],
  ])('says of %j in one line what to do', async (statement, hint) => {
    const { code, stdout, stderr } = await run(recorded(), ['sql', statement]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^ai-tracker: cannot run this SQL: [^\n]+\n$/);
    expect(stderr).toContain(hint);
  });

  test('does not write, and says so with exit 2', async () => {
    const folder = recorded();
    expect(await run(folder, ['sql', 'DELETE FROM task_executions'])).toMatchObject({ code: 2, stdout: '' });
    expect(await rowsOf(folder, ['tasks'])).toHaveLength(3);
  });
});

test('where agents share a folder, rows that a process without an agent recorded below the home are pointed to', async () => {
  const home = scratchFolder();
  const shared = scratchFolder();
  const event = {
    ...{ session_id: 's', hook_event_name: 'PostToolUse', tool_name: 'Write', tool_use_id: 't', cwd: home, duration_ms: 1 },
    tool_input: { file_path: `${home}/a.txt`, content: 'a\n' },
    tool_response: { type: 'create', filePath: `${home}/a.txt`, content: 'a\n', structuredPatch: [], originalFile: null },
  };
  const env = { AI_TRACKER_SHARED_DIR: shared };
  expect(await aiTracker(['hook', 'claude'], { home, env, input: JSON.stringify(event) })).toMatchObject({ code: 0 });
  const { code, stderr } = await aiTracker(['tools'], { home, env });
  const file = join(home, '.config/ai-tracker/tracker.db');
  expect([code, stderr]).toEqual([0, expect.stringContaining(`without AGENT_ID lie in ${file}`)]);
  expect((await aiTracker(['tools', '--db', file], { home, env })).stdout).toContain('Write');
  const worker = { ...env, AGENT_ID: 'worker-7' };
  await aiTracker(['hook', 'claude'], {
    home,
    env: worker,
    input: JSON.stringify({ ...event, session_id: 's7', tool_use_id: 't7' }),
  });
  const beside = await aiTracker(['agents'], { home, env });
  expect(beside.stdout).toContain('worker-7');
  expect(beside.stderr).toContain(`without AGENT_ID lie in ${file}`);
  const empty = await aiTracker(['tools'], { home: scratchFolder(), env });
  expect(empty.stderr).not.toContain('AGENT_ID');
});

describe('ai-tracker path', () => {
  test('prints where an agent’s rows would lie, why, and makes nothing', async () => {
    const home = scratchFolder();
    const { code, stdout, stderr } = await aiTracker(['path', '--agent', '../x'], { home });
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${home}/\\.config/ai-tracker/agents/[^/]+\\.db\n$`));
    expect(stderr).toContain('home folder');
    const json = await aiTracker(['path', '--json'], {
      home,
      env: { AGENT_ID: 'a', AI_TRACKER_DB_PATH: `${home}/{agent_id}.db` },
    });
    expect(JSON.parse(json.stdout)).toMatchObject({
      path: `${home}/a.db`,
      exists: false,
      agent_id: 'a',
      reason: 'AI_TRACKER_DB_PATH',
    });
  });

  test.runIf(process.getuid?.() !== 0)('exits 3 where no folder can be written', async () => {
    const home = scratchFolder();
    mkdirSync(join(home, '.config'));
    chmodSync(join(home, '.config'), 0o500);
    expect(await aiTracker(['path', '--agent', 'a'], { home })).toMatchObject({ code: 3, stdout: '' });
  });
});
