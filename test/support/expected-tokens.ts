import type { SpanRecord } from '../../src/model/span-record.ts';

/**
 * What a trace's tokens are, by the counting rules alone and without the recorder's code: only model calls are counted;
 * of a model call inside a model call, with no tool or agent between, the inner one that has tokens; an agent's total
 * only where no model call below it has tokens and no agent around it states a total that is counted.
 */

type Role = 'task' | 'agent' | 'tool' | 'llm' | 'other';

export interface Tokens {
  readonly input: number;
  readonly output: number;
}

const number = (span: SpanRecord, ...keys: string[]): number | null => {
  for (const key of keys) if (typeof span.attributes[key] === 'number') return span.attributes[key];
  return null;
};

function roleOf({ name, attributes: a }: SpanRecord): Role {
  if (name === 'hatchet.start_step_run') return 'task';
  if (/^(execute_tool|tools\/call|claude_code\.tool|tool_result|worker\.mcp\.tool|mcp\.tool)\b/.test(name)) return 'tool';
  if (name.startsWith('invoke_agent') || name === 'ai.generateText') return 'agent';
  if (name === 'claude_code.llm_request' || name === 'api_request' || name.endsWith('.doGenerate')) return 'llm';
  return a['gen_ai.operation.name'] === 'chat' || a['openinference.span.kind'] === 'LLM' ? 'llm' : 'other';
}

function tokensOf(span: SpanRecord): Tokens | null {
  const input = number(span, 'gen_ai.usage.input_tokens', 'ai.usage.inputTokens', 'llm.token_count.prompt', 'input_tokens');
  const output = number(
    span,
    'gen_ai.usage.output_tokens',
    'ai.usage.outputTokens',
    'llm.token_count.completion',
    'output_tokens',
  );
  if (input === null || output === null) return null;
  // Only Claude's own telemetry leaves the cached ones out.
  return { input: input + (number(span, 'cache_read_tokens') ?? 0), output };
}

/** Claude's spans and records of one request are one call. */
const keyOf = ({ attributes: a }: SpanRecord): string | null =>
  a['request_id'] === undefined ? null : `${String(a['session.id'])}:${String(a['request_id'])}`;

/** Row by row: `<trace>:<span>` or the call's key, and the tokens that belong there. */
export function expectedTokens(spans: readonly SpanRecord[]): Map<string, Tokens> {
  const idOf = (span: SpanRecord): string => `${span.traceId}:${span.spanId}`;
  const byId = new Map(spans.map((span) => [idOf(span), span]));
  const above = (span: SpanRecord): SpanRecord[] => {
    const chain: SpanRecord[] = [];
    for (let at: SpanRecord | undefined = span; at !== undefined; ) {
      at = at.parentSpanId === null ? undefined : byId.get(`${at.traceId}:${at.parentSpanId}`);
      if (at !== undefined) chain.push(at);
    }
    return chain;
  };
  const isRoot = (span: SpanRecord): boolean => span.parentSpanId === null || span.parentRemote === true;
  const isBoundary = (span: SpanRecord): boolean => ['task', 'agent', 'tool'].includes(roleOf(span));

  const models = spans.filter((span) => roleOf(span) === 'llm' && tokensOf(span) !== null);
  const modelsAround = (span: SpanRecord): SpanRecord[] => {
    const chain = above(span);
    const end = chain.findIndex(isBoundary);
    return chain.slice(0, end === -1 ? chain.length : end).filter((around) => roleOf(around) === 'llm');
  };
  const seenFromInside = new Set(models.flatMap(modelsAround).map(idOf));
  const counted = new Map<string, Tokens>();
  for (const model of models) {
    const key = keyOf(model);
    // A request with an id has more to say, of cost and from records, than what a gateway says of it further in.
    const isInsideKeyed = modelsAround(model).some((around) => keyOf(around) !== null);
    if (key !== null || (!seenFromInside.has(idOf(model)) && !isInsideKeyed)) {
      counted.set(key ?? idOf(model), tokensOf(model) as Tokens);
    }
  }

  const withModelsBelow = new Set(models.flatMap(above).map(idOf));
  const stated = (span: SpanRecord): boolean =>
    roleOf(span) === 'agent' && tokensOf(span) !== null && !withModelsBelow.has(idOf(span));
  /** Until its local root is known an agent may be a task or a call. */
  const isPlaced = (span: SpanRecord): boolean => {
    if (isRoot(span)) return true;
    const chain = above(span);
    return chain.some((around) => isRoot(around) || roleOf(around) === 'task' || roleOf(around) === 'agent');
  };
  for (const agent of spans) {
    if (stated(agent) && isPlaced(agent) && !above(agent).some(stated)) counted.set(idOf(agent), tokensOf(agent) as Tokens);
  }
  return counted;
}
