import type { Reading, Usage } from '../model/reading.ts';
import type { SpanRecord } from '../model/span-record.ts';
import { firstCount, text } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { GEN_AI_ATTRIBUTES, type GenAiQuirks, readAgent, readModelCall, readTool } from './gen-ai.ts';
import { jsonAttribute } from './json-attribute.ts';
import { isOutermost } from './local-root.ts';
import { TASK_NAMING_ATTRIBUTES, taskNamedBy } from './task-named.ts';
import { GEN_AI_USAGE, isNothing, normalised, readUsage } from './usage.ts';

const KIND = 'langsmith.span.kind';
const NAME = 'langsmith.trace.name';
const INPUT_DETAILS = 'gen_ai.usage.input_token_details';
const OUTPUT_DETAILS = 'gen_ai.usage.output_token_details';
/** LangChain's `UsageMetadata`, whole. */
const METADATA = 'langsmith.usage_metadata';

const QUIRKS: GenAiQuirks = {
  source: 'langsmith',
  notAProvider: new Set(['langchain', 'langsmith']),
  // Spans are made after the fact from runs, whose times are whole milliseconds.
  durationQuality: 'millisecond',
  // Of a failed run the status says OK; only the exception tells (captured of 0.12).
  failed: (span) => span.events.some((event) => event.name === 'exception'),
};

/** Counts of the span, and its details where they stand in JSON. */
function usageOf(span: SpanRecord): Usage | null {
  const a = span.attributes;
  const plain = readUsage(a, GEN_AI_USAGE, 'by-size');
  const whole = jsonAttribute(a, METADATA) ?? {};
  const input = jsonAttribute(a, INPUT_DETAILS) ?? {};
  const output = jsonAttribute(a, OUTPUT_DETAILS) ?? {};
  const usage: Usage = {
    inputTokens: plain?.inputTokens ?? firstCount(whole, ['input_tokens']),
    outputTokens: plain?.outputTokens ?? firstCount(whole, ['output_tokens']),
    cacheReadTokens:
      plain?.cacheReadTokens ?? firstCount(input, ['cache_read']) ?? firstCount(whole, ['input_token_details.cache_read']),
    cacheWriteTokens:
      plain?.cacheWriteTokens ??
      firstCount(input, ['cache_creation']) ??
      firstCount(whole, ['input_token_details.cache_creation']),
    reasoningTokens:
      plain?.reasoningTokens ?? firstCount(output, ['reasoning']) ?? firstCount(whole, ['output_token_details.reasoning']),
  };
  return isNothing(usage) ? null : normalised(usage, 'by-size', firstCount(whole, ['total_tokens']));
}

function readModel(span: SpanRecord, operation: string): Reading {
  const reading = readModelCall(span, operation, QUIRKS);
  return reading.what === 'call' ? { ...reading, usage: usageOf(span) } : reading;
}

/** LangSmith's tracing by OpenTelemetry (`LANGSMITH_TRACING_MODE=otel`). */
export const langSmith: Dialect = {
  name: 'langsmith',
  attributes: [KIND, NAME, INPUT_DETAILS, OUTPUT_DETAILS, METADATA, ...TASK_NAMING_ATTRIBUTES, ...GEN_AI_ATTRIBUTES],
  events: [],
  read(span): Reading | null {
    const kind = text(span.attributes, KIND);
    switch (kind) {
      case null:
        return null;
      case 'tool':
        return readTool(withToolName(span), 'execute_tool', QUIRKS);
      case 'llm':
        return readModel(span, 'chat');
      case 'embedding':
        return readModel(span, 'embeddings');
      case 'chain':
        // A run of a graph or a chain is what its outermost span is; those within are its nodes.
        if (isOutermost(span)) return readAgent(named(span), 'invoke_agent', QUIRKS);
        break;
    }
    return { what: 'step', source: 'langsmith', reason: 'langsmith_step', names: taskNamedBy(span.attributes) };
  },
};

const runName = (span: SpanRecord): string => text(span.attributes, NAME) ?? span.name;

const withToolName = (span: SpanRecord): SpanRecord =>
  text(span.attributes, 'gen_ai.tool.name') !== null
    ? span
    : { ...span, attributes: { ...span.attributes, 'gen_ai.tool.name': runName(span) } };

const named = (span: SpanRecord): SpanRecord => ({ ...span, name: `invoke_agent ${runName(span)}` });
