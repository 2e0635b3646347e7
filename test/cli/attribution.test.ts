import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Recorder } from '../../src/ingest/recorder.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import type { SpanRecord } from '../../src/model/span-record.ts';
import { AttributedRepository } from '../support/attributed-repository.ts';
import { fromSender, modelSpan, taskSpan } from '../support/span-makers.ts';

const repo = new AttributedRepository();
afterAll(() => rmSync(repo.root, { recursive: true, force: true, maxRetries: 5 }));

interface Report {
  readonly commits: number;
  readonly ai_lines_added: number;
  readonly human_lines_added: number;
  readonly cost_usd: number;
  readonly elsewhere_usd: number;
  readonly unallocated_usd: number;
  readonly total_usd: number;
  readonly groups: readonly {
    readonly key: string | null;
    readonly kind: string;
    readonly cost_usd: number;
    readonly ai_lines_added: number;
  }[];
}

/** What one request of these costs: all of them cost the same. */
let each = 0;
let spans = 100;

const attempt = (task: string, n: number, failed: boolean): SpanRecord =>
  taskSpan(task, { span: spans++, trace: spans, attributes: { retry_count: n, ...(failed ? { 'error.type': 'timeout' } : {}) } });

const request = (task: string, n: number): SpanRecord =>
  modelSpan({
    ...{ span: spans++, trace: spans },
    attributes: {
      ...{ 'hatchet.step_run_id': task, 'hatchet.retry_count': n, 'gen_ai.request.model': 'claude-sonnet-4-5' },
      ...{ 'gen_ai.provider.name': 'anthropic', 'gen_ai.usage.input_tokens': 1000, 'gen_ai.usage.output_tokens': 200 },
    },
  });

const lines = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `export const ${name}${n} = ${n};`);

beforeAll(async () => {
  const recorder = new Recorder({
    settings: resolveSettings({ sharedDir: repo.tracking }, {}).settings,
    env: { HOME: repo.home },
    busyTimeoutMs: 1000,
  });
  // `build` failed once; `research` leaves no lines; `polish` works for two pull requests.
  const told = [
    attempt('build', 0, true),
    attempt('build', 1, false),
    attempt('research', 0, false),
    attempt('polish', 0, false),
  ];
  const requests = [request('build', 0), request('build', 1), request('build', 1), request('research', 0), request('polish', 0)];
  const origin = fromSender(Date.now(), 'w');
  recorder.apply({ origin, spans: [...told, ...requests], logs: [] });
  recorder.close();

  repo.write('README', 'begun by a person');
  repo.commit('Start');
  await repo.agentWrites('build.ts', lines('built', 4), { agent: 'w', task: 'hatchet:build:1', call: 'toolu_1' });
  await repo.agentWrites('polish.ts', lines('polished', 3), { agent: 'w', task: 'hatchet:polish:0', call: 'toolu_2' });
  await repo.agentWrites('package-lock.json', lines('locked', 50), { agent: 'w', task: 'hatchet:polish:0', call: 'toolu_3' });
  repo.commit('One (#1)');
  const more = [...lines('polished', 3), 'export const last = 1;'];
  await repo.agentWrites('polish.ts', more, { agent: 'w', task: 'hatchet:polish:0', call: 'toolu_4' });
  repo.write('note.txt', 'a person’s');
  repo.commit('Two (#2)');
  const costs = await repo.json<{ cost_usd: number }[]>(['costs']);
  each = (costs[0]?.cost_usd ?? 0) / 5;
  if (!(each > 0)) throw new Error('the requests have no price');
});

const groupsOf = ({ groups }: Report): unknown[] =>
  groups.map(({ key, kind, ai_lines_added, cost_usd }) => [key, kind, ai_lines_added, cost_usd / each]);

test('a task’s cost is shared by its lines, failed attempts with it; what left no lines is told apart, and the sum is the whole', async () => {
  const report = await repo.json<Report>(['attribution', 'main', '--by', 'pr']);
  expect(report).toMatchObject({
    commits: 3,
    ai_lines_added: 8,
    human_lines_added: 2,
    left_out_files: ['package-lock.json'],
    left_out_lines: 50,
  });
  expect(groupsOf(report)).toEqual([
    // All of `build` with its failed attempt, and three of the four lines of `polish`.
    ['#1', 'all', 7, expect.closeTo(3.75, 6)],
    ['#2', 'all', 1, expect.closeTo(0.25, 6)],
    [null, 'all', 0, 0],
  ]);
  expect(report.unallocated_usd / each).toBeCloseTo(1, 6);
  expect(report.elsewhere_usd).toBe(0);
  expect(report.total_usd / each).toBeCloseTo(5, 6);
  const sum = report.groups.reduce((all, { cost_usd }) => all + cost_usd, 0) + report.unallocated_usd + report.elsewhere_usd;
  expect(sum).toBeCloseTo(report.total_usd, 10);
});

test('lines of the same task in other commits take their part of its cost', async () => {
  const report = await repo.json<Report>(['attribution', '#2', '--by', 'task']);
  expect(groupsOf(report)).toEqual([
    ['polish', 'agent', 1, expect.closeTo(0.25, 6)],
    [null, 'human', 0, 0],
  ]);
  expect(report.elsewhere_usd / each).toBeCloseTo(3.75, 6);
  expect(report.cost_usd + report.elsewhere_usd + report.unallocated_usd).toBeCloseTo(report.total_usd, 10);
});

test('a table for a person fits 80 columns and says what of the cost is not in it', async () => {
  const { stdout, code } = await repo.ask(['attribution', 'main'], { env: { COLUMNS: '80' } });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^agent +commits +agents \+ +people \+ +share +cost$/m);
  expect(stdout).toMatch(/^w +2 +8 +80 % +\$0\.\d+$/m);
  expect(stdout).toContain('for these lines');
  expect(stdout).toContain('left out: 50 lines');
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('a wrong grouping, a wrong limit and an unknown range are refused', async () => {
  expect((await repo.ask(['attribution', 'main', '--by', 'moon'])).code).toBe(2);
  expect((await repo.ask(['attribution', 'main', '--fail-unknown-over', '101'])).code).toBe(2);
  expect(await repo.ask(['attribution', 'no-such-branch'])).toMatchObject({ code: 1, stdout: '' });
});

test('reindex records commits that hooks missed, and writes the rows again that went with their file', async () => {
  repo.write('note.txt', 'a person’s', 'without hooks');
  repo.git('add', '-A');
  repo.gitWithoutHooks(repo.top, 'commit', '-qm', 'Unseen');
  expect(await repo.json(['reindex'])).toMatchObject({ commits: 4, recorded: 3, newly_recorded: 1, inferred: 0, unknown: 0 });
  expect(await repo.json(['stats'])).toMatchObject({ commits: 4, human_lines_added: 3 });
  for (const ending of ['', '-wal', '-shm']) rmSync(join(repo.tracking, `laptop.db${ending}`), { force: true });
  expect(await repo.json(['stats'])).toMatchObject({ commits: 0 });
  expect(await repo.json(['reindex'])).toMatchObject({ recorded: 0, newly_recorded: 4 });
  expect(await repo.json(['stats'])).toMatchObject({ commits: 4, ai_lines_added: 58, human_lines_added: 3 });
});
