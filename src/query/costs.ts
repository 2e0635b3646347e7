import { type RawBuilder, sql } from 'kysely';
import type { OpenFile } from '../store/open.ts';
import { sqlBuilder } from '../store/sql.ts';
import { type Answers, acrossFiles, type Selection } from './across-files.ts';
import { runQuery } from './run-query.ts';

export type CostGrouping = 'model' | 'agent' | 'task' | 'tool' | 'day';

/** Sums over calls. A sum of which no part is known is null; `unpriced_calls` says of how many model calls the cost is not. */
export interface CostSums {
  readonly calls: number;
  /** Calls of models, and other calls that state tokens or a cost. */
  readonly model_calls: number;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cache_read_tokens: number | null;
  readonly cache_write_tokens: number | null;
  readonly reasoning_tokens: number | null;
  /** US dollars, of the calls whose cost is known. */
  readonly cost_usd: number | null;
  /** The part of `cost_usd` that was estimated from a price list. */
  readonly estimated_usd: number | null;
  readonly unpriced_calls: number;
}

/** What the sums are of: the columns of the grouping (`model` and `provider`, `day`, …), as text or null. */
export type CostRow = Readonly<Record<string, string | number | null>> & CostSums;

export interface Unpriced {
  /** Null: none was named. */
  readonly model: string | null;
  readonly calls: number;
  /** Of these the tokens are known: the price list lacks the model. Without them no price would help. */
  readonly calls_with_tokens: number;
}

export interface CostReport {
  /** The most expensive first; by day the newest first. */
  readonly rows: readonly CostRow[];
  readonly total: CostSums;
  /** The models of calls whose cost is not known, the most called first. */
  readonly unpriced: readonly Unpriced[];
  /** Versions of the price lists behind the estimates. */
  readonly priceLists: readonly string[];
}

export interface CostFilter {
  readonly by: CostGrouping;
  /** Called at or after; ISO text. */
  readonly since: string | null;
}

/** A call that runs others: what they cost is its. Models and HTTP run none. */
const RUNS_CALLS = sql`('tool', 'mcp', 'agent')`;
/** Calls within calls that are followed; real ones go a few deep. */
const DEEPEST = sql`64`;

/** The nearest call around a model's that runs others; the call itself where it is one, or where there is none. */
const RUNNING_CALL = sql<string>`CASE WHEN tool_calls.parent_tool_call_id IS NULL OR tool_calls.kind IN ${RUNS_CALLS} THEN tool_calls.id
  ELSE coalesce((
    WITH RECURSIVE up (id, kind, parent, depth) AS (
      SELECT id, kind, parent_tool_call_id, 0 FROM tool_calls AS near WHERE near.id = tool_calls.parent_tool_call_id
      UNION ALL
      SELECT next.id, next.kind, next.parent_tool_call_id, depth + 1 FROM up JOIN tool_calls AS next ON next.id = up.parent
      WHERE up.kind NOT IN ${RUNS_CALLS} AND depth < ${DEEPEST}
    ) SELECT id FROM up WHERE kind IN ${RUNS_CALLS} LIMIT 1
  ), tool_calls.id) END`;

type Columns = Readonly<Record<string, RawBuilder<string | null>>>;

const COLUMNS: Readonly<Record<CostGrouping, Columns>> = {
  model: { provider: sql`tool_calls.provider`, model: sql`tool_calls.model` },
  agent: { agent_id: sql`tool_calls.agent_id` },
  task: { task_execution_id: sql`tool_calls.task_execution_id`, agent_id: sql`tool_calls.agent_id` },
  tool: { kind: sql`runner.kind`, tool_name: sql`runner.tool_name` },
  day: { day: sql`substr(tool_calls.called_at, 1, 10)` },
};

/** Told beside the key of a row, and the same in all of the group. */
const BESIDE: Readonly<Partial<Record<CostGrouping, Columns>>> = {
  task: { task_id: sql`task.task_id`, task_type: sql`task.task_type`, started_at: sql`task.started_at` },
};

const USES_MODEL = sql`(tool_calls.kind = 'llm' OR tool_calls.input_tokens IS NOT NULL OR tool_calls.output_tokens IS NOT NULL OR tool_calls.cost_usd IS NOT NULL)`;

/** What the calls of all files cost. By model only calls that used one have a row, in any other grouping all calls. */
export function sumCosts(selection: Selection, filter: CostFilter): Answers<never> & CostReport {
  const { answers, ...rest } = acrossFiles(selection, (file) => ({
    rows: sumsOf(file, selection, filter),
    unpriced: unpricedOf(file, selection, filter),
    lists: priceListsOf(file, selection, filter),
  }));
  const rows = merged(
    answers.flatMap((one) => one.rows),
    Object.keys(COLUMNS[filter.by]),
  ).sort(filter.by === 'day' ? (a, b) => compare(b['day'], a['day']) : byCost);
  const unpriced = new Map<string | null, Unpriced>();
  for (const one of answers.flatMap((answer) => answer.unpriced)) {
    const { calls, calls_with_tokens } = unpriced.get(one.model) ?? { calls: 0, calls_with_tokens: 0 };
    const sum = { calls: calls + one.calls, calls_with_tokens: calls_with_tokens + one.calls_with_tokens };
    unpriced.set(one.model, { model: one.model, ...sum });
  }
  return {
    rows,
    total: rows.reduce<CostSums>(add, NOTHING),
    unpriced: [...unpriced.values()].sort((a, b) => b.calls - a.calls),
    priceLists: [...new Set(answers.flatMap((one) => one.lists.map((list) => list.price_version)))].sort(),
    answers: [],
    ...rest,
  };
}

const callsOf = ({ agentId }: Selection, { since }: CostFilter) =>
  sqlBuilder
    .selectFrom('tool_calls')
    .$if(agentId !== null, (query) => query.where('tool_calls.agent_id', '=', agentId))
    .$if(since !== null, (query) => query.where('tool_calls.called_at', '>=', since ?? ''));

function sumsOf(file: OpenFile, selection: Selection, filter: CostFilter): CostRow[] {
  const { by } = filter;
  const named = Object.entries({ ...COLUMNS[by], ...BESIDE[by] });
  const query = callsOf(selection, filter)
    .$if(by === 'tool', (calls) => calls.leftJoin('tool_calls as runner', (join) => join.on('runner.id', '=', RUNNING_CALL)))
    .$if(by === 'task', (calls) => calls.leftJoin('task_executions as task', 'task.id', 'tool_calls.task_execution_id'))
    .$if(by === 'model', (calls) => calls.where(USES_MODEL as RawBuilder<boolean>))
    .select(named.map(([name, column]) => column.as(name)))
    .select([
      // A model's call within a tool counts for the tool's money, not as another call of it.
      (by === 'tool' ? sql<number>`sum(runner.id = tool_calls.id)` : sql<number>`count(*)`).as('calls'),
      sql<number>`sum(${USES_MODEL})`.as('model_calls'),
      sql<number | null>`sum(tool_calls.input_tokens)`.as('input_tokens'),
      sql<number | null>`sum(tool_calls.output_tokens)`.as('output_tokens'),
      sql<number | null>`sum(tool_calls.cache_read_tokens)`.as('cache_read_tokens'),
      sql<number | null>`sum(tool_calls.cache_write_tokens)`.as('cache_write_tokens'),
      sql<number | null>`sum(tool_calls.reasoning_tokens)`.as('reasoning_tokens'),
      sql<number | null>`sum(tool_calls.cost_usd)`.as('cost_usd'),
      sql<number | null>`sum(CASE tool_calls.cost_source WHEN 'estimated' THEN tool_calls.cost_usd END)`.as('estimated_usd'),
      sql<number>`sum(${USES_MODEL} AND tool_calls.cost_usd IS NULL)`.as('unpriced_calls'),
    ])
    .groupBy(Object.values(COLUMNS[by]));
  return runQuery(file, query);
}

const unpricedOf = (file: OpenFile, selection: Selection, filter: CostFilter): Unpriced[] =>
  runQuery(
    file,
    callsOf(selection, filter)
      .where(USES_MODEL as RawBuilder<boolean>)
      .where('cost_usd', 'is', null)
      .select((eb) => ['model', eb.fn.countAll().as('calls')])
      .select(sql<number>`sum(input_tokens IS NOT NULL AND output_tokens IS NOT NULL)`.as('calls_with_tokens'))
      .groupBy('model'),
  );

const priceListsOf = (file: OpenFile, selection: Selection, filter: CostFilter): { price_version: string }[] =>
  runQuery(file, callsOf(selection, filter).where('price_version', 'is not', null).select('price_version').distinct());

const NOTHING: CostSums = {
  calls: 0,
  model_calls: 0,
  input_tokens: null,
  output_tokens: null,
  cache_read_tokens: null,
  cache_write_tokens: null,
  reasoning_tokens: null,
  cost_usd: null,
  estimated_usd: null,
  unpriced_calls: 0,
};

/** Unknown and known make known: what is not known is counted beside it. */
const plus = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : a + b);

const add = (a: CostSums, b: CostSums): CostSums => ({
  calls: a.calls + b.calls,
  model_calls: a.model_calls + b.model_calls,
  input_tokens: plus(a.input_tokens, b.input_tokens),
  output_tokens: plus(a.output_tokens, b.output_tokens),
  cache_read_tokens: plus(a.cache_read_tokens, b.cache_read_tokens),
  cache_write_tokens: plus(a.cache_write_tokens, b.cache_write_tokens),
  reasoning_tokens: plus(a.reasoning_tokens, b.reasoning_tokens),
  cost_usd: plus(a.cost_usd, b.cost_usd),
  estimated_usd: plus(a.estimated_usd, b.estimated_usd),
  unpriced_calls: a.unpriced_calls + b.unpriced_calls,
});

/** Rows of several files with one key become one. */
function merged(rows: readonly CostRow[], keys: readonly string[]): CostRow[] {
  const byKey = new Map<string, CostRow>();
  for (const row of rows) {
    const key = JSON.stringify(keys.map((name) => row[name]));
    const known = byKey.get(key);
    byKey.set(key, known === undefined ? row : { ...row, ...add(known, row) });
  }
  return [...byKey.values()];
}

const byCost = (a: CostSums, b: CostSums): number =>
  (b.cost_usd ?? -1) - (a.cost_usd ?? -1) || (b.input_tokens ?? -1) - (a.input_tokens ?? -1) || b.calls - a.calls;

const compare = (a: string | number | null | undefined, b: string | number | null | undefined): number =>
  (a ?? '') < (b ?? '') ? -1 : (a ?? '') > (b ?? '') ? 1 : 0;
