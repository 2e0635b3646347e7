import { type CallReading, callReading, type Reading, type Usage } from '../model/reading.ts';
import { type Attributes, SPAN_KIND, type SpanRecord } from '../model/span-record.ts';
import { count, firstCount, firstText, flag, number, text } from './attributes.ts';
import { claudeKey, kindOfTool } from './claude-call.ts';
import { HOOK_SCOPE, readHook } from './claude-hook.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf } from './failure.ts';
import { agentTask } from './gen-ai.ts';
import { TASK_NAMING_ATTRIBUTES, taskNamedBy } from './task-named.ts';
import { normalised } from './usage.ts';

const SOURCE = 'claude-code';
const PREFIX = 'claude_code.';
const LOG_SCOPE = 'com.anthropic.claude_code';
const CALL_ID = ['tool_use_id', 'gen_ai.tool.call.id'] as const;
const REQUEST_ID = ['request_id', 'gen_ai.response.id'] as const;
const SESSION = ['session.id', 'gen_ai.conversation.id'] as const;

/** How much a telling knows of a call's outcome: the execution itself, (a hook: `claude-hook.ts`,) the record of its result, the span around it. */
const AUTHORITY = { execution: 9, result: 7, cost: 6, span: 5, decision: 1 } as const;

/** Claude's `input_tokens` leave the cached ones out, as the Messages API's do. */
function usageOf(a: Attributes): Usage | null {
  const usage: Usage = {
    inputTokens: count(a, 'input_tokens'),
    outputTokens: count(a, 'output_tokens'),
    cacheReadTokens: count(a, 'cache_read_tokens'),
    cacheWriteTokens: count(a, 'cache_creation_tokens'),
    reasoningTokens: null,
  };
  return usage.inputTokens === null && usage.outputTokens === null ? null : normalised(usage, 'beside');
}

type Shared = Pick<CallReading, 'source' | 'conversationId' | 'subAgent' | 'names'>;

const shared = (a: Attributes): Shared => ({
  source: SOURCE,
  conversationId: firstText(a, SESSION),
  subAgent: text(a, 'agent_id'),
  names: taskNamedBy(a),
});

/** The attempt is counted from 1 and all tries share one span. */
const retriesOf = (a: Attributes): number | null => {
  const attempt = count(a, 'attempt');
  return attempt === null || attempt === 0 ? null : attempt - 1;
};

function readTool(span: SpanRecord): Reading {
  const a = span.attributes;
  const toolName = firstText(a, ['tool_name', 'gen_ai.tool.name']);
  const callId = firstText(a, CALL_ID);
  return callReading({
    ...shared(a),
    kind: kindOfTool(toolName),
    toolName,
    callId,
    // Its status is always UNSET: the outcome is the execution's.
    success: null,
    key: claudeKey(firstText(a, SESSION), callId),
    authority: AUTHORITY.span,
  });
}

function readExecution(span: SpanRecord): Reading {
  const a = span.attributes;
  const callId = firstText(a, CALL_ID);
  const success = flag(a, 'success');
  const failure = failureOf(span);
  return callReading({
    ...shared(a),
    kind: 'tool',
    toolName: null,
    callId,
    success,
    // With details on, `error` is the message; 2.1.197 has no class beside it.
    errorType: success === false ? (firstText(a, ['error_class', 'error']) ?? failure.errorType) : null,
    errorMessage: success === false ? failure.errorMessage : null,
    key: claudeKey(firstText(a, SESSION), callId),
    authority: AUTHORITY.execution,
  });
}

function readRequest(span: SpanRecord): Reading {
  const a = span.attributes;
  const requestId = firstText(a, REQUEST_ID);
  const success = flag(a, 'success');
  const failure = failureOf(span);
  const failed = success === false;
  return callReading({
    ...shared(a),
    kind: 'llm',
    toolName: 'chat',
    success,
    errorType: failed ? (text(a, 'error_class') ?? failure.errorType) : null,
    errorMessage: failed ? (text(a, 'error') ?? failure.errorMessage) : null,
    statusCode: count(a, 'status_code'),
    retryCount: retriesOf(a),
    model: firstText(a, ['model', 'gen_ai.request.model']),
    provider: 'anthropic',
    requestId,
    usage: usageOf(a),
    key: claudeKey(firstText(a, SESSION), requestId),
    authority: AUTHORITY.span,
  });
}

function readInteraction(span: SpanRecord): Reading {
  const a = span.attributes;
  const outcome = { ...shared(a), success: null, errorType: null, errorMessage: null };
  return callReading({ ...outcome, kind: 'agent', toolName: SOURCE, asTask: agentTask(span, SOURCE, SOURCE, outcome) });
}

/** Present at every call; `reject` says that the call never ran. */
function readPermission(span: SpanRecord): Reading {
  const step: Reading = { what: 'step', source: SOURCE, reason: 'permission', names: null };
  if (text(span.attributes, 'decision') !== 'reject') return step;
  return { ...step, verdict: text(span.attributes, 'source') === 'user_abort' ? 'interrupted' : 'denied' };
}

function readSpan(span: SpanRecord): Reading {
  switch (span.name.slice(PREFIX.length)) {
    case 'interaction':
      return readInteraction(span);
    case 'llm_request':
      return readRequest(span);
    case 'tool':
      return readTool(span);
    case 'tool.execution':
      return readExecution(span);
    case 'tool.blocked_on_user':
      return readPermission(span);
    default:
      return { what: 'step', source: SOURCE, reason: 'claude_code_step', names: taskNamedBy(span.attributes) };
  }
}

function readLog(log: SpanRecord): Reading | null {
  const a = log.attributes;
  const session = firstText(a, SESSION);
  const unused = (reason: string): Reading => ({ what: 'step', source: SOURCE, reason, names: null });
  switch (log.name.startsWith(PREFIX) ? log.name.slice(PREFIX.length) : log.name) {
    case 'api_request':
    case 'api_error': {
      const requestId = firstText(a, REQUEST_ID);
      // Without an id it can't be told from the span of the same request.
      if (session === null || requestId === null) return unused('request_without_id');
      const failed = log.name.endsWith('api_error');
      return callReading({
        ...shared(a),
        kind: 'llm',
        toolName: 'chat',
        success: !failed,
        errorType: failed ? firstText(a, ['error_class', 'error.type']) : null,
        errorMessage: failed ? text(a, 'error') : null,
        statusCode: failed ? firstCount(a, ['status_code']) : null,
        retryCount: retriesOf(a),
        model: text(a, 'model'),
        provider: 'anthropic',
        requestId,
        usage: usageOf(a),
        costUsd: number(a, 'cost_usd'),
        key: claudeKey(session, requestId),
        authority: AUTHORITY.cost,
      });
    }
    case 'tool_result':
    case 'tool_decision': {
      const callId = firstText(a, CALL_ID);
      if (session === null || callId === null) return unused('tool_without_id');
      const isResult = log.name.endsWith('tool_result');
      const success = isResult ? flag(a, 'success') : null;
      const refused = !isResult && text(a, 'decision') === 'reject';
      const toolName = text(a, 'tool_name');
      return callReading({
        ...shared(a),
        kind: kindOfTool(toolName),
        toolName,
        callId,
        // Of the request that asked for the call.
        requestId: firstText(a, REQUEST_ID),
        success,
        errorType:
          success === false
            ? text(a, 'error_type')
            : refused
              ? text(a, 'source') === 'user_abort'
                ? 'interrupted'
                : 'denied'
              : null,
        errorMessage: success === false ? text(a, 'error') : null,
        key: claudeKey(session, callId),
        authority: isResult ? AUTHORITY.result : AUTHORITY.decision,
      });
    }
    default:
      return null;
  }
}

/** Claude Code's own telemetry: beta traces and log events; and its hooks. */
export const claudeCode: Dialect = {
  name: SOURCE,
  readsLogs: true,
  attributes: [
    ...CALL_ID,
    ...REQUEST_ID,
    ...SESSION,
    'tool_name',
    'gen_ai.tool.name',
    'agent_id',
    'attempt',
    'success',
    'error',
    'error_class',
    'error_type',
    'status_code',
    'model',
    'gen_ai.request.model',
    'input_tokens',
    'output_tokens',
    'cache_read_tokens',
    'cache_creation_tokens',
    'cost_usd',
    'duration_ms',
    'decision',
    'source',
    ...TASK_NAMING_ATTRIBUTES,
    ...FAILURE_ATTRIBUTES,
  ],
  events: ['api_request', 'api_error', 'tool_result', 'tool_decision'].flatMap((event) => [event, PREFIX + event]),
  read(span): Reading | null {
    if (span.kind === SPAN_KIND.log) {
      if (span.scope.name === HOOK_SCOPE) return readHook(span);
      return span.scope.name.startsWith(LOG_SCOPE) ? readLog(span) : null;
    }
    return span.name.startsWith(PREFIX) ? readSpan(span) : null;
  },
};
