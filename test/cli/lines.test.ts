import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Recorder } from '../../src/ingest/recorder.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import type { SpanRecord } from '../../src/model/span-record.ts';
import { AttributedRepository } from '../support/attributed-repository.ts';
import { fromSender, spanId, traceId } from '../support/span-makers.ts';

const repo = new AttributedRepository();
afterAll(() => rmSync(repo.root, { recursive: true, force: true, maxRetries: 5 }));

const PERSONS = ['export const base = 1;', 'function start() {', '  return base;', '}'];
const AVERAGE = [
  'export function average(items: number[]): number {',
  '  const total = items.reduce((sum, item) => sum + item, 0);',
  '  return total / items.length;',
  '}',
];
const MEDIAN = ['export const median = (items: number[]): number => items.toSorted()[items.length >> 1] ?? 0;'];

let first = '';
let second = '';
let third = '';

interface Blamed {
  readonly line: number;
  readonly kind: string;
  readonly match: string | null;
  readonly by: string | null;
  readonly agent_id: string | null;
  readonly task_id: string | null;
  readonly commit_sha: string | null;
  readonly why_unknown: string | null;
}

interface Chain {
  readonly kind: string;
  readonly first_line: number;
  readonly last_line: number;
  readonly arrows: readonly { readonly from: string; readonly to: string; readonly match: string }[];
  readonly commit: { readonly sha: string; readonly subject: string } | null;
  readonly edit: { readonly tool_use_id: string } | null;
  readonly llm_request: { readonly model: string; readonly cost_usd: number } | null;
  readonly task: { readonly task_id: string } | null;
  readonly agent_id: string | null;
  readonly missing: readonly { readonly link: string; readonly fix: string | null }[];
}

/** A request of Claude Code to its model, as its telemetry tells it. */
function request(session: string, n: number, startMs: number): SpanRecord {
  return {
    traceId: traceId(n),
    spanId: spanId(n),
    parentSpanId: null,
    parentRemote: null,
    name: 'claude_code.llm_request',
    kind: 1,
    startMs,
    endMs: startMs + 50,
    durationMs: 50,
    status: 0,
    statusMessage: null,
    attributes: {
      ...{ 'session.id': session, 'span.type': 'llm_request', model: 'claude-sonnet-4-5', request_id: `req_${n}` },
      ...{ input_tokens: 1000, output_tokens: 200, success: true },
    },
    events: [],
    scope: { name: 'com.anthropic.claude_code', version: null },
    resource: { attributes: { 'service.name': 'claude-code', 'agent.id': 'worker-1' } },
  };
}

beforeAll(async () => {
  repo.write('src/x.ts', ...PERSONS);
  first = repo.commit('Start');
  const recorder = new Recorder({
    settings: resolveSettings({ sharedDir: repo.tracking }, {}).settings,
    env: { HOME: repo.home },
    busyTimeoutMs: 1000,
  });
  const spans = [request('s-1', 1, Date.now() - 5000)];
  recorder.apply({ origin: fromSender(Date.now(), 'worker-1'), spans, logs: [] });
  recorder.close();
  await repo.agentWrites('src/x.ts', [...PERSONS, ...AVERAGE], {
    agent: 'worker-1',
    task: 'task-1',
    call: 'toolu_1',
    session: 's-1',
  });
  second = repo.commit('Average (#12)');
  // Another agent writes, and the first one's environment commits.
  await repo.agentWrites('src/x.ts', [...PERSONS, ...AVERAGE, ...MEDIAN], { agent: 'worker-2', call: 'toolu_2' });
  await repo.agentWrites('package-lock.json', ['{', '  "lockfileVersion": 3', '}'], { agent: 'worker-2', call: 'toolu_3' });
  third = repo.commit('Median');
});

test('blame says of each line whether a person or which agent and task wrote it, whoever committed it', async () => {
  const lines = await repo.json<Blamed[]>(['blame', 'src/x.ts']);
  expect(lines.map(({ kind, agent_id, task_id, match }) => [kind, agent_id, task_id, match])).toEqual([
    ...PERSONS.map(() => ['human', null, null, 'exact']),
    ...AVERAGE.map(() => ['agent', 'worker-1', 'task-1', 'exact']),
    ...MEDIAN.map(() => ['agent', 'worker-2', null, 'exact']),
  ]);
  expect(lines.map(({ commit_sha }) => commit_sha)).toEqual([...PERSONS.map(() => first), ...AVERAGE.map(() => second), third]);
  const { stdout } = await repo.ask(['blame', 'src/x.ts', '-L', '4-5'], { env: { COLUMNS: '80' } });
  expect(stdout.split('\n')).toEqual([
    expect.stringMatching(new RegExp(`^${first.slice(0, 8)}  Hu Man +\\d{4}-\\d\\d-\\d\\d 4\\) }$`)),
    expect.stringMatching(new RegExp(`^${second.slice(0, 8)}  worker-1 +task-1 +\\S+ 5\\) export function average`)),
    '',
  ]);
});

test('lines that are not committed yet are told too', async () => {
  const elsewhere = ['// by nobody but me'];
  repo.write('src/x.ts', ...elsewhere, ...PERSONS, ...AVERAGE, ...MEDIAN);
  try {
    const lines = await repo.json<Blamed[]>(['blame', 'src/x.ts', '-L', '1,6']);
    expect(lines.map(({ kind, commit_sha }) => [kind, commit_sha])).toEqual([
      ['human', null],
      ...PERSONS.map(() => ['human', first]),
      ['agent', second],
    ]);
    await repo.agentWrites('src/new.ts', ['export const fresh = true;'], { agent: 'worker-1', call: 'toolu_9' });
    repo.git('add', '-N', 'src/new.ts');
    const [fresh] = await repo.json<Blamed[]>(['blame', 'src/new.ts']);
    expect(fresh).toMatchObject({ kind: 'agent', agent_id: 'worker-1', commit_sha: null, by: 'memory' });
  } finally {
    repo.git('reset', '-q');
    rmSync(join(repo.top, 'src/new.ts'), { force: true });
    repo.write('src/x.ts', ...PERSONS, ...AVERAGE, ...MEDIAN);
  }
});

test('why leads from a line to its commit, edit, call, request, task and agent, and calls each arrow exact or inferred', async () => {
  const [chain, ...others] = await repo.json<Chain[]>(['why', 'src/x.ts:6']);
  expect(others).toEqual([]);
  expect(chain).toMatchObject({
    kind: 'agent',
    commit: { sha: second, subject: 'Average (#12)' },
    edit: { tool_use_id: 'toolu_1' },
    llm_request: { model: 'claude-sonnet-4-5', cost_usd: expect.closeTo(0.006, 6) },
    task: { task_id: 'task-1' },
    agent_id: 'worker-1',
    missing: [],
  });
  expect(chain?.arrows.map(({ from, to, match }) => `${from} ${to} ${match}`)).toEqual([
    'line commit exact',
    'commit edit exact',
    'edit tool_call exact',
    'tool_call llm_request inferred',
    'tool_call task exact',
    'task agent exact',
  ]);
  const { stdout } = await repo.ask(['why', 'src/x.ts:6'], { env: { COLUMNS: '80' } });
  expect(stdout).toContain('src/x.ts:6  written by an agent');
  expect(stdout).toMatch(/→ request +inferred +claude-sonnet-4-5, 1\.0k in, 200 out, \$0\.0060 estimated/);
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('why says what is missing and how to get it, and takes neighbouring lines of one story together', async () => {
  const chains = await repo.json<Chain[]>(['why', 'src/x.ts']);
  expect(chains.map(({ kind, first_line, last_line }) => [kind, first_line, last_line])).toEqual([
    ['human', 1, 4],
    ['agent', 5, 8],
    ['agent', 9, 9],
  ]);
  expect(chains[0]?.missing).toEqual([]);
  expect(chains[2]?.missing.map(({ link }) => link)).toEqual(['llm_request', 'task']);
  expect(chains[2]?.missing[0]?.fix).toContain('ai-tracker install --telemetry');
});

test('commit tells file by file who added and removed what, by any name of the commit', async () => {
  for (const name of [second, second.slice(0, 7), 'HEAD~1']) {
    expect(await repo.json(['commit', name])).toMatchObject({
      ...{ commit_sha: second, match: 'recorded', pr_number: 12, ai_lines_added: 4, human_lines_added: 0 },
      files: [
        {
          ...{ file_path: 'src/x.ts', previous_path: null, ai_lines_added: 4, human_lines_added: 0 },
          ...{ ai_lines_removed: 0, human_lines_removed: 0, agents: ['worker-1'], match: 'exact' },
          tasks: [expect.stringContaining('task-1')],
        },
      ],
    });
  }
  const elsewhere = await repo.json<{ commit_sha: string }>(['commit', second.slice(0, 10)], { cwd: repo.home });
  expect(elsewhere.commit_sha).toBe(second);
});

test('commits that are not there end with 1 and say what to do', async () => {
  const unknown = await repo.ask(['commit', 'deadbeef']);
  expect(unknown).toMatchObject({ code: 1, stdout: '' });
  expect(unknown.stderr).toContain('git knows no commit deadbeef here');
  const outside = await repo.ask(['commit', 'deadbeef'], { cwd: repo.home });
  expect(outside).toMatchObject({ code: 1, stdout: '' });
  expect(outside.stderr).toContain('--repo');
});

test('stats adds up each live commit once, of some days or one repository', async () => {
  const whole = { commits: 3, ai_lines_added: 8, human_lines_added: 4, ai_lines_removed: 0, human_lines_removed: 0 };
  expect(await repo.json(['stats'])).toMatchObject(whole);
  expect(await repo.json(['stats', '--repo', repo.top, '--days', '2'])).toMatchObject(whole);
  expect(await repo.json(['stats', '--repo', 'example.com/other/repo'])).toMatchObject({ commits: 0, ai_lines_added: 0 });
  expect((await repo.ask(['stats', '--tz', 'Mars/Olympus'])).code).toBe(2);
});

test('a commit that a branch no longer leads to counts no more', async () => {
  repo.git('switch', '-qc', 'away');
  repo.write('src/y.ts', 'export const gone = 1;');
  repo.commit('Away');
  expect(await repo.json(['stats'])).toMatchObject({ commits: 4 });
  repo.git('switch', '-q', 'main');
  // No hook tells of it.
  repo.gitWithoutHooks(repo.top, 'branch', '-qD', 'away');
  expect(await repo.json(['stats'])).toMatchObject({ commits: 3 });
});
