import { callReading, type Reading, type Usage } from '../model/reading.ts';
import { type Attributes, SPAN_KIND, type SpanRecord } from '../model/span-record.ts';
import { firstText, flag, text } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, NO_FAILURE, saysFailed } from './failure.ts';
import { TASK_NAMING_ATTRIBUTES, taskNamedBy } from './task-named.ts';
import { readUsage, type UsageKeys, usageAttributes } from './usage.ts';

const TOOL_RESULT = 'codex.tool_result';
const SSE_EVENT = 'codex.sse_event';
const KIND = 'event.kind';
const CONVERSATION = 'conversation.id';
const MODEL = ['gen_ai.response.model', 'gen_ai.request.model', 'model', 'slug'] as const;
const RESPONSES = 'handle_responses';

const SPAN_USAGE: UsageKeys = {
  input: ['gen_ai.usage.input_tokens'],
  output: ['gen_ai.usage.output_tokens'],
  cacheRead: ['gen_ai.usage.cache_read.input_tokens'],
  cacheWrite: ['gen_ai.usage.cache_write.input_tokens'],
  reasoning: ['codex.usage.reasoning_output_tokens'],
};

const LOG_USAGE: UsageKeys = {
  input: ['input_token_count'],
  output: ['output_token_count'],
  cacheRead: ['cached_token_count'],
  cacheWrite: ['cache_write_token_count'],
  reasoning: ['reasoning_token_count'],
};

/** Longer than what lies between the record and the end of the span, and shorter than two answers of one size lie apart. */
const SAME_ANSWER_MS = 10_000;

/**
 * Where spans and logs are both on, each tells the tokens of an answer, and they share neither an id nor the
 * conversation, which spans don't name: only the counts and the time.
 */
function answerKey(usage: Usage, endMs: number | null): string | null {
  if (usage.inputTokens === null || endMs === null) return null;
  const counts = [usage.inputTokens, usage.cacheReadTokens ?? 0, usage.outputTokens, usage.reasoningTokens ?? 0];
  return `codex:${Math.floor(endMs / SAME_ANSWER_MS)}:${counts.join(':')}`;
}

/** One span for each event of the stream; the one of its end has the tokens. */
function readResponses(span: SpanRecord): Reading {
  const a = span.attributes;
  const names = taskNamedBy(a);
  const usage = readUsage(a, SPAN_USAGE, 'within');
  if (usage === null) return { what: 'step', source: 'codex', reason: 'codex_step', names };
  const failed = saysFailed(span);
  return callReading({
    source: 'codex',
    kind: 'llm',
    toolName: 'chat',
    success: !failed,
    ...(failed ? failureOf(span) : NO_FAILURE),
    model: firstText(a, MODEL),
    usage,
    // The span is that of the last event, not of the call.
    durationQuality: 'implicit',
    conversationId: text(a, CONVERSATION),
    names,
    key: answerKey(usage, span.endMs),
  });
}

function toolKey(a: Attributes): string | null {
  const conversation = text(a, CONVERSATION);
  const call = text(a, 'call_id');
  return conversation === null || call === null ? null : `codex:${conversation}:${call}`;
}

function readTool(span: SpanRecord): Reading {
  const a = span.attributes;
  return callReading({
    source: 'codex',
    kind: text(a, 'mcp_server') !== null || a['mcp_tool'] === true ? 'mcp' : 'tool',
    toolName: text(a, 'tool_name'),
    callId: text(a, 'call_id'),
    success: flag(a, 'success'),
    errorMessage: flag(a, 'success') === false ? text(a, 'error.message') : null,
    conversationId: text(a, CONVERSATION),
    durationQuality: 'millisecond',
    key: toolKey(a),
  });
}

function readLog(span: SpanRecord): Reading | null {
  const a = span.attributes;
  if (span.name === TOOL_RESULT) return readTool(span);
  if (span.name !== SSE_EVENT) return null;
  const usage = text(a, KIND) === 'response.completed' ? readUsage(a, LOG_USAGE, 'within') : null;
  if (usage === null) return { what: 'step', source: 'codex', reason: 'codex_event', names: null };
  return callReading({
    source: 'codex',
    kind: 'llm',
    toolName: 'chat',
    success: true,
    model: firstText(a, MODEL),
    provider: 'openai',
    usage,
    conversationId: text(a, CONVERSATION),
    authority: 4,
    key: answerKey(usage, span.endMs),
  });
}

/** Codex: log records for tools and answers, and spans, of which one kind has tokens (read, not captured). */
export const codex: Dialect = {
  name: 'codex',
  attributes: [
    KIND,
    CONVERSATION,
    'call_id',
    'tool_name',
    'success',
    'mcp_server',
    'mcp_tool',
    'duration_ms',
    ...MODEL,
    ...usageAttributes(SPAN_USAGE),
    ...usageAttributes(LOG_USAGE),
    ...TASK_NAMING_ATTRIBUTES,
    ...FAILURE_ATTRIBUTES,
  ],
  events: [TOOL_RESULT, SSE_EVENT],
  readsLogs: true,
  read(span) {
    if (span.kind === SPAN_KIND.log) return readLog(span);
    return span.name === RESPONSES && isCodex(span) ? readResponses(span) : null;
  },
};

const isCodex = (span: SpanRecord): boolean =>
  /^codex/i.test(span.scope.name) || /^codex/i.test(text(span.resource.attributes, 'service.name') ?? '');
