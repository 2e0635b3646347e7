import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { LogRecord, SpanRecord } from '../../src/model/span-record.ts';
import { aiTracker } from '../cli/command.ts';
import { CLAUDE_RUNS, type ClaudeRun, claudeFile, claudeTelemetry, claudeTruth } from '../support/claude-capture.ts';
import { capturedHookSpans } from '../support/claude-hook.ts';
import { expectBalance, recorderIn, rowsIn } from '../support/recorder-in.ts';
import { rowsOf } from '../support/replay.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { shuffled } from '../support/shuffled.ts';

type Piece = { readonly span: SpanRecord } | { readonly log: LogRecord };

const tracesOf = (run: ClaudeRun): Piece[] => claudeTelemetry(run, 'traces').spans.map((span) => ({ span }));
const hooksOf = (run: ClaudeRun): Piece[] => capturedHookSpans(run).map((span) => ({ span }));
const logsOf = (run: ClaudeRun): Piece[] => claudeTelemetry(run, 'logs').logs.map((log) => ({ log }));

/** The file after these pieces, so many a batch. `restart`: a new recorder for each batch. */
function recorded(pieces: readonly Piece[], batch = 10_000, restart = false): string {
  const folder = scratchFolder();
  let recorder = recorderIn(folder);
  for (let i = 0; i < pieces.length; i += batch) {
    const some = pieces.slice(i, i + batch);
    const outcome = recorder.apply({
      origin: { door: 'file', agentId: 'a', receivedMs: Date.UTC(2026, 10, 22) },
      spans: some.flatMap((piece) => ('span' in piece ? [piece.span] : [])),
      logs: some.flatMap((piece) => ('log' in piece ? [piece.log] : [])),
    });
    expect(outcome).toEqual({ status: 'written' });
    expectBalance(recorder);
    if (restart) {
      recorder.close();
      recorder = recorderIn(folder);
    }
  }
  recorder.close();
  return join(folder, 'a.db');
}

/** Counted as the truth is. */
function counted(file: string): object {
  const [tools] = rowsIn(
    file,
    `select count(*) as tool_calls, count(distinct call_id) as ids, coalesce(sum(success), 0) as succeeded,
     coalesce(sum(success = 0), 0) as failed, coalesce(sum(success is null), 0) as no_outcome
     from tool_calls where kind in ('tool', 'mcp', 'agent')`,
  );
  const [models] = rowsIn(
    file,
    `select count(*) as llm_calls, count(distinct request_id) as requests, sum(input_tokens) as input_tokens,
     sum(output_tokens) as output_tokens, sum(cache_read_tokens) as cache_read_tokens,
     sum(cache_write_tokens) as cache_write_tokens from tool_calls where kind = 'llm'`,
  );
  const { ids, ...calls } = tools as Record<string, unknown>;
  const { requests, ...usage } = models as Record<string, unknown>;
  // One row per tool use and per request: as many rows as ids.
  expect([calls['tool_calls'], usage['llm_calls']]).toEqual([ids, requests]);
  return { ...calls, ...usage };
}

function truthOf(run: ClaudeRun): object {
  const { file_modifications, ...counts } = claudeTruth(run);
  expect(file_modifications.length).toBeGreaterThan(0);
  return counts;
}

interface EditRow {
  readonly tool_use_id: string;
  readonly tool: string;
  readonly file_path: string;
  readonly added: number | null;
  readonly removed: number | null;
}

/** Edits as the truth has them; where the truth does not know the lines, neither may we be asked. */
function editsIn(file: string, run: ClaudeRun): { edits: object[]; truth: object[] } {
  const known = new Set(
    claudeTruth(run).file_modifications.flatMap(({ added, tool_use_id }) => (added === null ? [] : [tool_use_id])),
  );
  const rows = rowsIn<EditRow>(
    file,
    'select tool_use_id, tool, file_path, lines_added as added, lines_removed as removed from file_modifications',
  );
  const lines = ({
    tool_use_id,
    added,
    removed,
  }: {
    tool_use_id: string;
    added: number | null;
    removed: number | null;
  }): object => (known.has(tool_use_id) ? { added, removed } : {});
  const inOrder = (list: { tool_use_id: string; tool: string; file: string }[]): object[] =>
    list.sort((a, b) => (`${a.tool_use_id} ${a.file}` < `${b.tool_use_id} ${b.file}` ? -1 : 1));
  return {
    edits: inOrder(
      rows.map((row) => ({ tool_use_id: row.tool_use_id, tool: row.tool, file: basename(row.file_path), ...lines(row) })),
    ),
    truth: inOrder(
      claudeTruth(run).file_modifications.map((row) => ({
        tool_use_id: row.tool_use_id,
        tool: row.tool,
        file: row.file,
        ...lines(row),
      })),
    ),
  };
}

/** The dollars of the capture's own log records, read without any code of ours. */
function statedDollars(run: ClaudeRun): number {
  const text = readFileSync(claudeFile(run, 'logs'), 'utf8');
  return [...text.matchAll(/"key":"cost_usd","value":\{"doubleValue":([\d.e-]+)\}/g)].reduce(
    (sum, [, usd]) => sum + Number(usd),
    0,
  );
}

describe.each(CLAUDE_RUNS)('a real run of Claude Code (%s)', (run) => {
  const [traces, logs] = [tracesOf(run), logsOf(run)];
  const arrivals: [how: string, pieces: Piece[]][] = [
    ['traces alone', traces],
    ['logs alone', logs],
    ['traces, then logs', [...traces, ...logs]],
    ['logs, then traces', [...logs, ...traces]],
    ['everything twice', [...traces, ...logs, ...logs, ...traces]],
    ['in a random order', shuffled([...traces, ...logs], 1)],
  ];

  test.each(arrivals)('has each call and each token once: %s', (_how, pieces) => {
    expect(counted(recorded(pieces, 7))).toEqual(truthOf(run));
  });

  test('gives the same rows in any order, in any batches, with restarts and repeats', () => {
    const expected = rowsOf(recorded([...traces, ...logs]));
    const all = [...traces, ...logs];
    for (let seed = 1; seed <= 4; seed++) {
      const pieces = shuffled([...all, ...all.slice(0, 30)], seed);
      expect(rowsOf(recorded(pieces, [1, 5, 64, 500][seed - 1], seed === 3)), `seed ${seed}`).toEqual(expected);
    }
  });

  test('has the cost that the logs state, in whichever order they come, and an estimate without them', () => {
    const stated = statedDollars(run);
    expect(stated).toBeGreaterThan(0);
    const costs = (pieces: readonly Piece[]) =>
      rowsIn(
        recorded(pieces, 7),
        "select sum(cost_usd) as usd, group_concat(distinct cost_source) as source from tool_calls where kind = 'llm'",
      );
    for (const pieces of [logs, [...traces, ...logs], [...logs, ...traces], shuffled([...traces, ...logs], 2)])
      expect(costs(pieces)).toEqual([{ usd: expect.closeTo(stated, 9) as number, source: 'emitter' }]);
    expect(costs(traces)).toEqual([{ usd: expect.any(Number) as number, source: 'estimated' }]);
  });

  test('gives every call to the interaction around it where there are spans', () => {
    const file = recorded(shuffled([...traces, ...logs], 3), 9);
    expect(rowsIn(file, "select 1 from tool_calls where owner_match is not 'ancestor'")).toEqual([]);
    expect(rowsIn(file, 'select distinct source, status from task_executions')).toEqual([
      { source: 'claude-code', status: 'completed' },
    ]);
  });
});

describe.each(CLAUDE_RUNS)('hooks of a real run of Claude Code (%s)', (run) => {
  const [hooks, traces, logs] = [hooksOf(run), tracesOf(run), logsOf(run)];
  const arrivals: [how: string, pieces: Piece[]][] = [
    ['hooks, traces, logs', [...hooks, ...traces, ...logs]],
    ['logs, traces, hooks', [...logs, ...traces, ...hooks]],
    ['traces, hooks, logs', [...traces, ...hooks, ...logs]],
    ['without logs', [...hooks, ...traces]],
    ['all of it twice, at random', shuffled([...hooks, ...logs, ...traces, ...hooks, ...logs, ...traces], 4)],
  ];

  test.each(arrivals)('each call once, each edit once with its lines: %s', (_how, pieces) => {
    const file = recorded(pieces, 9);
    expect(counted(file)).toEqual(truthOf(run));
    const { edits, truth } = editsIn(file, run);
    expect(edits).toEqual(truth);
  });

  test('the same rows in any order, in any batches, with restarts and repeats', () => {
    const all = [...hooks, ...traces, ...logs];
    const expected = rowsOf(recorded(all));
    for (let seed = 1; seed <= 4; seed++) {
      const pieces = shuffled([...all, ...all.slice(0, 40)], seed);
      expect(rowsOf(recorded(pieces, [1, 6, 70, 500][seed - 1], seed === 3)), `seed ${seed}`).toEqual(expected);
    }
  });

  test('edits belong to the turn around them, to its agent, and to the span of their call', () => {
    const file = recorded(shuffled([...hooks, ...traces, ...logs], 6), 8);
    expect(
      rowsIn(
        file,
        `select 1 from file_modifications m left join tool_calls c on c.id = m.tool_call_id
         where m.owner_match is not 'ancestor' or m.task_execution_id is not c.task_execution_id or m.task_execution_id is null
         or m.agent_id is not 'a' or m.trace_id is not c.trace_id or m.span_id is not c.span_id or m.span_id is null`,
      ),
    ).toEqual([]);
  });

  test('alone they tell of the same edits, and whose session they are of', () => {
    const file = recorded(hooks, 9);
    const { edits, truth } = editsIn(file, run);
    expect(edits).toEqual(truth);
    expect(rowsIn(file, 'select 1 from file_modifications where conversation_id is null or trace_id is null')).toEqual([]);
  });
});

test('what a sub-agent edited is its call’s, below the call that started it', () => {
  const file = recorded(shuffled([...hooksOf('prop'), ...tracesOf('prop'), ...logsOf('prop')], 8), 6);
  expect(
    rowsIn(
      file,
      `select m.tool_use_id as id, c.sub_agent is not null as below, p.call_id as within, m.task_execution_id is not null as owned
       from file_modifications m join tool_calls c on c.id = m.tool_call_id left join tool_calls p on p.id = c.parent_tool_call_id
       where c.sub_agent is not null`,
    ),
  ).toEqual([{ id: 'toolu_sub_write', below: 1, within: 'toolu_task', owned: 1 }]);
});

const NESTING = `select c.call_id as call, c.kind, p.call_id as within from tool_calls c left join tool_calls p on p.id = c.parent_tool_call_id
  where c.sub_agent is not null order by c.kind, c.call_id`;

test.each(['traces first', 'logs first', 'shuffled'])(
  'calls of sub-agents stand below the Agent call that started them: %s',
  (how) => {
    const below = (run: ClaudeRun): unknown[] => {
      const [traces, logs] = [tracesOf(run), logsOf(run)];
      const all =
        how === 'traces first'
          ? [...traces, ...logs]
          : how === 'logs first'
            ? [...logs, ...traces]
            : shuffled([...logs, ...traces], 5);
      return rowsIn(recorded(all, 6), NESTING);
    };
    const model = (within: string) => ({ call: null, kind: 'llm', within });
    const tool = (call: string, within: string, kind = 'tool') => ({ call, kind, within });
    expect(below('prop')).toEqual([
      ...Array.from({ length: 3 }, () => model('toolu_task')),
      tool('toolu_sub_bash', 'toolu_task'),
      tool('toolu_sub_write', 'toolu_task'),
    ]);
    // In the background, and one within another.
    const edge = below('edge') as { kind: string; within: string }[];
    expect(
      edge
        .filter(({ kind }) => kind === 'llm')
        .map(({ within }) => within)
        .sort(),
    ).toEqual(['bg_nested', 'bg_nested', 't_bg', 't_bg', 't_bg', 't_bg']);
    expect(edge.filter(({ kind }) => kind !== 'llm')).toEqual([
      tool('bg_nested', 't_bg', 'agent'),
      tool('bg_b', 't_bg'),
      tool('bg_w', 't_bg'),
      tool('n_w', 'bg_nested'),
    ]);
  },
);

test.each<[string, Piece[]]>([
  ['traces', tracesOf('edge')],
  ['logs', logsOf('edge')],
  ['both', [...logsOf('edge'), ...tracesOf('edge')]],
])('a call that was refused never ran: its outcome is unknown, the reason is told, by %s', (_signals, pieces) => {
  expect(rowsIn(recorded(pieces), 'select call_id, success, error_type from tool_calls where success is null')).toEqual([
    { call_id: 'e_link', success: null, error_type: 'denied' },
  ]);
});

test.each<[string, Piece[]]>([
  ['traces', tracesOf('prop')],
  ['logs', logsOf('prop')],
])('a failure has its class for a type also where details are on, by %s', (_signals, pieces) => {
  expect(rowsIn(recorded(pieces), 'select call_id, error_type, error_message from tool_calls where success = 0')).toEqual([
    { call_id: 'toolu_bash_fail', error_type: 'ShellError', error_message: 'Shell command failed' },
  ]);
});

test('ai-tracker ingest makes the same rows of the files', async () => {
  const home = scratchFolder();
  const files = (['logs', 'traces'] as const).map((signal) => fileURLToPath(claudeFile('multi', signal)));
  const db = join(home, 'rows.db');
  expect(await aiTracker(['ingest', '--db', db, '--agent', 'a', ...files], { home })).toMatchObject({ code: 0, stderr: '' });
  const { counts: _counts, ...rows } = rowsOf(db);
  const { counts: _same, ...expected } = rowsOf(recorded([...tracesOf('multi'), ...logsOf('multi')]));
  expect(rows).toEqual(expected);
  expect(counted(db)).toEqual(truthOf('multi'));
});
