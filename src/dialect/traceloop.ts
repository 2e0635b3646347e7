import { callReading, type Reading } from '../model/reading.ts';
import type { SpanRecord } from '../model/span-record.ts';
import { text } from './attributes.ts';
import { CONVERSATION_ATTRIBUTES, conversationOf } from './conversation.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, NO_FAILURE, saysFailed } from './failure.ts';
import { agentTask, GEN_AI_ATTRIBUTES, type GenAiQuirks, knowsOperation, readGenAi, readModelCall } from './gen-ai.ts';
import { TASK_NAMING_ATTRIBUTES, taskNamedBy } from './task-named.ts';
import { orGenAi, type UsageKeys, usageAttributes } from './usage.ts';

const KIND = 'traceloop.span.kind';
const NAME = 'traceloop.entity.name';
/** What a model call was before the conventions had an operation for it: `chat`, `completion`, `embedding`, `rerank`. */
const REQUEST_TYPE = 'llm.request.type';
const REQUEST_MODEL = 'llm.request.model';
const RESPONSE_MODEL = 'llm.response.model';
const VENDOR = 'llm.vendor';
const FINISH = 'llm.response.finish_reason';

const OPERATIONS: Readonly<Record<string, string>> = {
  chat: 'chat',
  completion: 'text_completion',
  embedding: 'embeddings',
};

const USAGE: UsageKeys = orGenAi({
  input: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.usage.prompt_tokens'],
  output: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens', 'llm.usage.completion_tokens'],
  cacheRead: [],
  cacheWrite: [],
  reasoning: [],
});

function quirksOf(span: SpanRecord): GenAiQuirks {
  // Of its instrumentations only Anthropic's in JavaScript hands on the API's own counts, where cached tokens stand beside the input.
  const cache = span.scope.name === '@traceloop/instrumentation-anthropic' ? 'beside' : 'by-size';
  return { source: 'traceloop', usage: USAGE, cache };
}

/** Earlier names of model and provider, under those of today. */
function renamed(span: SpanRecord): SpanRecord {
  const a = span.attributes;
  const more: Record<string, string> = {};
  const put = (key: string, value: string | null): void => {
    if (value !== null && text(a, key) === null) more[key] = value;
  };
  put('gen_ai.request.model', text(a, REQUEST_MODEL));
  put('gen_ai.response.model', text(a, RESPONSE_MODEL));
  put('gen_ai.system', text(a, VENDOR));
  put('gen_ai.response.finish_reason', text(a, FINISH));
  return Object.keys(more).length === 0 ? span : { ...span, attributes: { ...a, ...more } };
}

/** The work of a `session` (a connection to an MCP server) and a `task` is a step; `workflow` and `agent` can be tasks. */
function readKind(span: SpanRecord, kind: string): Reading {
  const a = span.attributes;
  const names = taskNamedBy(a);
  const failed = saysFailed(span);
  const name = text(a, NAME) ?? span.name.replace(/\.(?:workflow|agent|task|tool)$/, '');
  const shared = {
    source: 'traceloop',
    success: !failed,
    ...(failed ? failureOf(span) : NO_FAILURE),
    conversationId: conversationOf(a),
    names,
  } as const;
  if (kind === 'tool') {
    return callReading({
      ...shared,
      // `withAgent` puts its agent's name onto everything below it.
      subAgent: text(a, 'gen_ai.agent.name'),
      kind: span.scope.name.endsWith('instrumentation-mcp') ? 'mcp' : 'tool',
      toolName: name,
      callId: text(a, 'gen_ai.tool.call.id'),
    });
  }
  if (kind === 'agent' || kind === 'workflow') {
    return callReading({ ...shared, kind: 'agent', toolName: name, asTask: agentTask(span, 'traceloop', name, shared) });
  }
  return { what: 'step', source: 'traceloop', reason: 'traceloop_step', names };
}

/** Traceloop's SDKs and OpenLLMetry's instrumentations, with the names that they had before the conventions'. */
export const traceloop: Dialect = {
  name: 'traceloop',
  attributes: [
    KIND,
    NAME,
    REQUEST_TYPE,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    VENDOR,
    FINISH,
    ...usageAttributes(USAGE),
    ...CONVERSATION_ATTRIBUTES,
    ...TASK_NAMING_ATTRIBUTES,
    ...FAILURE_ATTRIBUTES,
    ...GEN_AI_ATTRIBUTES,
  ],
  events: [],
  read(span) {
    const a = span.attributes;
    const kind = text(a, KIND);
    const request = text(a, REQUEST_TYPE);
    if (kind === null && request === null && !span.scope.name.startsWith('@traceloop/')) return null;
    if (knowsOperation(a)) return readGenAi(renamed(span), quirksOf(span));
    if (kind !== null) return readKind(span, kind);
    const operation = request === null ? undefined : OPERATIONS[request];
    if (operation !== undefined) return readModelCall(renamed(span), operation, quirksOf(span));
    return { what: 'step', source: 'traceloop', reason: 'traceloop_step', names: taskNamedBy(a) };
  },
};
