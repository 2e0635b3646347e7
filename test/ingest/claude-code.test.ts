import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { LogRecord, SpanRecord } from '../../src/model/span-record.ts';
import { aiTracker } from '../cli/command.ts';
import { CLAUDE_RUNS, type ClaudeRun, claudeFile, claudeTelemetry, claudeTruth } from '../support/claude-capture.ts';
import { expectBalance, recorderIn, rowsIn } from '../support/recorder-in.ts';
import { rowsOf } from '../support/replay.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { shuffled } from '../support/shuffled.ts';

type Piece = { readonly span: SpanRecord } | { readonly log: LogRecord };

const tracesOf = (run: ClaudeRun): Piece[] => claudeTelemetry(run, 'traces').spans.map((span) => ({ span }));
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
  const { file_modifications, ...counts } = claudeTruth(run) as object as Record<string, unknown>;
  expect(file_modifications).toBeDefined();
  return counts;
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
