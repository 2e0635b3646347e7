import { type CallReading, callReading, type Reading, type Usage } from '../model/reading.ts';
import { SPAN_KIND, type SpanRecord } from '../model/span-record.ts';
import { count, firstText, flag, text } from './attributes.ts';
import { CONVERSATION_ATTRIBUTES, conversationOf } from './conversation.ts';
import type { Dialect } from './dialect.ts';
import { GEN_AI_ATTRIBUTES, type GenAiQuirks, readGenAi } from './gen-ai.ts';

const TOOL_CALL = 'gemini_cli.tool_call';
const API_RESPONSE = 'gemini_cli.api_response';
const API_ERROR = 'gemini_cli.api_error';
const FUNCTION = 'function_name';
const MODEL = 'model';
const SUCCESS = 'success';
const ERROR_TYPE = ['error.type', 'error_type'] as const;
const ERROR_MESSAGE = ['error.message', 'error'] as const;
const STATUS = ['http.status_code', 'status_code'] as const;
const INPUT = 'input_token_count';
const OUTPUT = 'output_token_count';
const CACHED = 'cached_content_token_count';
const THOUGHTS = 'thoughts_token_count';

/** Its spans say OK of a tool that failed, so they do not know. */
const QUIRKS: GenAiQuirks = { source: 'gemini-cli', toolOutcomeUnknown: true };

/**
 * A span and a log record of one model call share the session and the two counts, and no id. Within a session the input
 * grows with every call.
 */
const modelCallKey = (session: string | null, input: number | null, output: number | null): string | null =>
  session === null || input === null || output === null ? null : `gemini-cli:${session}:${input}:${output}`;

function readSpan(span: SpanRecord): Reading | null {
  const reading = readGenAi(span, QUIRKS);
  if (reading?.what !== 'call' || reading.kind !== 'llm') return reading;
  const { usage } = reading;
  return { ...reading, key: modelCallKey(reading.conversationId, usage?.inputTokens ?? null, usage?.outputTokens ?? null) };
}

/** Billed output is answer and thoughts; the count of the answer leaves them out. */
function usageOf(span: SpanRecord): Usage {
  const a = span.attributes;
  const output = count(a, OUTPUT);
  const thoughts = count(a, THOUGHTS);
  return {
    inputTokens: count(a, INPUT),
    outputTokens: output === null ? null : output + (thoughts ?? 0),
    cacheReadTokens: count(a, CACHED),
    cacheWriteTokens: null,
    reasoningTokens: thoughts,
  };
}

function readLog(span: SpanRecord): Reading | null {
  const a = span.attributes;
  const shared: Pick<CallReading, 'source' | 'conversationId' | 'durationQuality' | 'authority' | 'errorType' | 'errorMessage'> =
    {
      source: 'gemini-cli',
      conversationId: conversationOf(a),
      durationQuality: 'millisecond',
      // It knows the outcome and the thoughts, which the span does not.
      authority: 6,
      errorType: firstText(a, ERROR_TYPE),
      errorMessage: firstText(a, ERROR_MESSAGE),
    };
  switch (span.name) {
    case TOOL_CALL:
      // Written within a trace it tells of a call that has a span there, and names neither that span nor the call's id.
      if (span.parentSpanId !== null) return { what: 'step', source: 'gemini-cli', reason: 'told_by_span', names: null };
      return callReading({ ...shared, kind: 'tool', toolName: text(a, FUNCTION), success: flag(a, SUCCESS) });
    case API_RESPONSE:
      return callReading({
        ...shared,
        kind: 'llm',
        toolName: 'chat',
        success: true,
        model: text(a, MODEL),
        statusCode: count(a, STATUS[0]) ?? count(a, STATUS[1]),
        usage: usageOf(span),
        key: modelCallKey(shared.conversationId, count(a, INPUT), count(a, OUTPUT)),
      });
    case API_ERROR:
      // Likewise: a failed call has a span of its own.
      if (span.parentSpanId !== null) return { what: 'step', source: 'gemini-cli', reason: 'told_by_span', names: null };
      return callReading({
        ...shared,
        kind: 'llm',
        toolName: 'chat',
        success: false,
        model: text(a, MODEL),
        statusCode: count(a, STATUS[0]) ?? count(a, STATUS[1]),
      });
  }
  return null;
}

/** Gemini CLI: spans with operations of its own, and the log records that know what the spans leave out. */
export const geminiCli: Dialect = {
  name: 'gemini-cli',
  attributes: [
    FUNCTION,
    MODEL,
    SUCCESS,
    'duration_ms',
    ...ERROR_TYPE,
    ...ERROR_MESSAGE,
    ...STATUS,
    INPUT,
    OUTPUT,
    CACHED,
    THOUGHTS,
    ...CONVERSATION_ATTRIBUTES,
    ...GEN_AI_ATTRIBUTES,
  ],
  events: [TOOL_CALL, API_RESPONSE, API_ERROR],
  readsLogs: true,
  read(span) {
    if (span.kind === SPAN_KIND.log) return readLog(span);
    return span.scope.name === 'gemini-cli' ? readSpan(span) : null;
  },
};
