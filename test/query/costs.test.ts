import { describe, expect, test } from 'vitest';
import { type CostFilter, type CostGrouping, type CostReport, sumCosts } from '../../src/query/costs.ts';
import { column } from '../support/agent-rows.ts';
import { record, recorderIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromSender, modelSpan, T0, taskSpan, toolSpan } from '../support/span-makers.ts';
import { everythingIn } from './selection.ts';

const MODEL = 'claude-sonnet-4-20250514';
const DAY = 86_400_000;
const tokens = (input: number, output: number) => ({
  'gen_ai.usage.input_tokens': input,
  'gen_ai.usage.output_tokens': output,
});

/**
 * Agent `a` runs a task with a sub-agent and a tool; agent `b` calls a model that no price list has, and one that tells no
 * tokens, a day later.
 */
function twoAgents(): string {
  const folder = scratchFolder();
  const recorder = recorderIn(folder);
  const known = { 'gen_ai.request.model': MODEL, 'gen_ai.provider.name': 'anthropic' };
  record(recorder, fromSender(T0, 'a'), [
    taskSpan('one', { span: 1 }),
    modelSpan({ span: 2, parent: 1, attributes: { ...known, ...tokens(1000, 100) } }),
    toolSpan({ span: 3, parent: 1, attributes: { 'gen_ai.tool.name': 'research' } }),
    modelSpan({ span: 4, parent: 3, attributes: { ...known, ...tokens(2000, 200) } }),
    toolSpan({ span: 5, parent: 1 }),
  ]);
  record(recorder, fromSender(T0, 'b'), [
    taskSpan('two', { span: 20, trace: 2, startMs: T0 + DAY }),
    modelSpan({
      span: 21,
      trace: 2,
      parent: 20,
      startMs: T0 + DAY,
      attributes: { 'gen_ai.request.model': 'home-made-7b', ...tokens(50, 5) },
    }),
    modelSpan({ span: 22, trace: 2, parent: 20, startMs: T0 + DAY + 1, attributes: known }),
    modelSpan({ span: 30, trace: 3, startMs: T0 + DAY, attributes: { ...known, ...tokens(10, 1) } }),
  ]);
  recorder.close();
  return folder;
}

const ask = (folder: string, by: CostGrouping, more: Partial<CostFilter> = {}, agentId: string | null = null): CostReport =>
  sumCosts(everythingIn(folder, agentId), { by, since: null, ...more });

/** Key of each row, and what is in it. */
const told = (report: CostReport, ...keys: string[]): unknown[] =>
  report.rows.map((row) => [
    ...keys.map((key) => row[key]),
    row.calls,
    row.model_calls,
    row.input_tokens,
    row.output_tokens,
    row.unpriced_calls,
  ]);

describe('the sums of all files', () => {
  test('by model have a row per provider and model, and leave out what used none', () => {
    expect(told(ask(twoAgents(), 'model'), 'provider', 'model')).toEqual([
      ['anthropic', MODEL, 4, 4, 3010, 301, 1],
      [null, 'home-made-7b', 1, 1, 50, 5, 1],
    ]);
  });

  test('by agent and by day have all calls', () => {
    const folder = twoAgents();
    expect(told(ask(folder, 'agent'), 'agent_id')).toEqual([
      ['a', 4, 2, 3000, 300, 0],
      ['b', 3, 3, 60, 6, 2],
    ]);
    expect(told(ask(folder, 'day'), 'day')).toEqual([
      ['2026-01-16', 3, 3, 60, 6, 2],
      ['2026-01-15', 4, 2, 3000, 300, 0],
    ]);
  });

  test('by task name it, and what belongs to none stands apart', () => {
    expect(told(ask(twoAgents(), 'task'), 'task_id', 'task_type', 'agent_id')).toEqual([
      ['one', 'report:write', 'a', 4, 2, 3000, 300, 0],
      [null, null, 'b', 1, 1, 10, 1, 0],
      ['two', 'report:write', 'b', 2, 2, 50, 5, 2],
    ]);
  });

  test('by tool count what a model cost within a tool as the tool’s, and nothing twice', () => {
    const report = ask(twoAgents(), 'tool');
    expect(told(report, 'kind', 'tool_name')).toEqual([
      ['tool', 'research', 1, 1, 2000, 200, 0],
      ['llm', 'chat', 4, 4, 1060, 106, 2],
      ['tool', 'search', 1, 0, null, null, 0],
    ]);
    expect(report.total.cost_usd).toBeCloseTo(ask(twoAgents(), 'model').total.cost_usd ?? Number.NaN, 12);
  });

  test.each(['model', 'agent', 'task', 'tool', 'day'] as const)('by %s have the total of the rows in the files', (by) => {
    const folder = twoAgents();
    const { total } = ask(folder, by);
    const inFiles = (sql: string): number =>
      ['a', 'b'].reduce((sum, agent) => sum + ((column(`${folder}/${agent}.db`, sql)[0] as number | null) ?? 0), 0);
    expect(total.input_tokens).toBe(inFiles('select sum(input_tokens) from tool_calls'));
    expect(total.cost_usd).toBeCloseTo(inFiles('select sum(cost_usd) from tool_calls'), 12);
    expect(total.cost_usd).toBeGreaterThan(0);
    expect(total.unpriced_calls).toBe(inFiles("select count(*) from tool_calls where kind = 'llm' and cost_usd is null"));
  });
});

test('a time and an agent narrow the sums', () => {
  const folder = twoAgents();
  expect(told(ask(folder, 'agent', { since: new Date(T0 + DAY).toISOString() }), 'agent_id')).toEqual([['b', 3, 3, 60, 6, 2]]);
  expect(ask(folder, 'model', {}, 'a').total).toMatchObject({ model_calls: 2, input_tokens: 3000, unpriced_calls: 0 });
  expect(ask(folder, 'model', {}, 'nobody')).toMatchObject({ rows: [], unpriced: [], priceLists: [] });
});

test('what is estimated is said with its price list, and what has no price with the reason', () => {
  const { total, unpriced, priceLists } = ask(twoAgents(), 'model');
  expect(total.estimated_usd).toBe(total.cost_usd);
  expect(priceLists).toEqual([expect.stringMatching(/^genai-prices \d+\./)]);
  expect(unpriced.toSorted((a, b) => a.calls_with_tokens - b.calls_with_tokens)).toEqual([
    { model: MODEL, calls: 1, calls_with_tokens: 0 },
    { model: 'home-made-7b', calls: 1, calls_with_tokens: 1 },
  ]);
});

test('a cost of which no part is known is null, not 0', () => {
  const folder = scratchFolder();
  const recorder = recorderIn(folder);
  record(recorder, fromSender(T0, 'a'), [modelSpan({ span: 1, attributes: { 'gen_ai.request.model': 'home-made-7b' } })]);
  recorder.close();
  const { rows, total } = ask(folder, 'model');
  for (const sums of [...rows, total])
    expect(sums).toMatchObject({ cost_usd: null, estimated_usd: null, input_tokens: null, unpriced_calls: 1 });
});
