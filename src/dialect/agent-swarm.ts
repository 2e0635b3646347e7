import { type CallKind, callReading, type Reading, type TaskReading } from '../model/reading.ts';
import type { SpanRecord } from '../model/span-record.ts';
import { count, firstText, flag, number, text } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, NO_FAILURE, saysFailed } from './failure.ts';
import { TASK_NAMING_ATTRIBUTES, taskNamedBy } from './task-named.ts';
import { readUsage, type UsageKeys } from './usage.ts';

const SOURCE = 'agent-swarm';
const SCOPE = 'agent-swarm';
const TASK_ID = ['agentswarm.task.real_id', 'agentswarm.task.id'] as const;
const TOOL_NAME = ['agentswarm.tool.normalized_name', 'agentswarm.tool.name', 'mcp.tool.name'] as const;
const PROVIDER_SESSION = 'agentswarm.provider.session_id';
/** Its spans leave cached tokens out of everything. */
const USAGE: UsageKeys = {
  input: ['gen_ai.usage.input_tokens'],
  output: ['gen_ai.usage.output_tokens'],
  cacheRead: [],
  cacheWrite: [],
  reasoning: [],
};
const AUTHORITY = 3;

/** `pending` until the harness has told its session. */
const sessionOf = (span: SpanRecord): string | null => {
  const id = text(span.attributes, PROVIDER_SESSION);
  return id === 'pending' ? null : id;
};

const step = (span: SpanRecord, reason: string): Reading => ({
  what: 'step',
  source: SOURCE,
  reason,
  names: taskNamedBy(span.attributes),
});

function readSession(span: SpanRecord): Reading {
  const a = span.attributes;
  const taskId = firstText(a, TASK_ID);
  if (taskId === null) return step(span, 'task_without_id');
  const failed = saysFailed(span) || text(a, 'agentswarm.session.outcome') === 'error';
  const failure = failed ? failureOf(span) : NO_FAILURE;
  const asTask: TaskReading = {
    what: 'task',
    source: SOURCE,
    taskId,
    attempt: 0,
    taskType: firstText(a, ['agentswarm.harness_provider', 'agentswarm.provider.name']),
    workflowRunId: null,
    parentTaskId: null,
    namesParents: false,
    conversationId: sessionOf(span),
    outcome: failed ? 'failed' : 'completed',
    ...failure,
  };
  return callReading({
    source: SOURCE,
    kind: 'agent',
    toolName: asTask.taskType,
    success: !failed,
    ...failure,
    conversationId: asTask.conversationId,
    model: firstText(a, ['gen_ai.response.model', 'gen_ai.request.model']),
    usage: readUsage(a, USAGE, 'within'),
    costUsd: number(a, 'agentswarm.cost.total_usd'),
    asTask,
  });
}

/** What starts a sub-agent is an agent's call, as the harness itself says. */
function kindOf(span: SpanRecord): CallKind {
  const kind = text(span.attributes, 'agentswarm.tool.kind');
  return kind === 'mcp' || span.name === 'worker.mcp.tool' ? 'mcp' : kind === 'agent' ? 'agent' : 'tool';
}

function readTool(span: SpanRecord): Reading {
  const a = span.attributes;
  const callId = text(a, 'agentswarm.tool.call_id');
  const session = sessionOf(span);
  // Closed by the next message, not by its own end: the status says OK whatever happened, and the time holds a model call.
  const implicit = flag(a, 'agentswarm.tool.implicit_close') === true || flag(a, 'agentswarm.tool.unclosed') === true;
  const failed = saysFailed(span);
  const mcpTool = text(a, 'mcp.tool.name');
  return callReading({
    source: SOURCE,
    kind: kindOf(span),
    toolName: firstText(a, ['agentswarm.tool.name', ...TOOL_NAME]),
    callId,
    success: failed ? false : implicit ? null : true,
    ...(failed ? failureOf(span) : NO_FAILURE),
    conversationId: session,
    durationQuality: implicit ? 'implicit' : null,
    names: taskNamedBy(a),
    key: session === null || callId === null ? null : `${session}:${callId}`,
    pair: mcpTool === null ? null : { side: 'caller', tool: mcpTool },
    authority: implicit ? 2 : AUTHORITY,
  });
}

/** The API's side of an MCP call, in a trace of its own. A tool without input schema is named bare `mcp.tool`. */
function readApiTool(span: SpanRecord): Reading {
  const a = span.attributes;
  const failed = saysFailed(span) || flag(a, 'mcp.tool.is_error') === true;
  const tool = text(a, 'mcp.tool.name');
  return callReading({
    source: SOURCE,
    kind: 'mcp',
    toolName: tool,
    pair: tool === null ? null : { side: 'callee', tool },
    success: !failed,
    ...(failed ? failureOf(span) : NO_FAILURE),
    names: taskNamedBy(a),
  });
}

/** Spans of desplega agent-swarm, all of kind INTERNAL: told by name. */
export const agentSwarm: Dialect = {
  name: SOURCE,
  attributes: [
    'agent.id',
    ...TASK_ID,
    ...TOOL_NAME,
    PROVIDER_SESSION,
    'agentswarm.harness_provider',
    'agentswarm.provider.name',
    'agentswarm.session.outcome',
    'agentswarm.cost.total_usd',
    'agentswarm.tool.call_id',
    'agentswarm.tool.kind',
    'agentswarm.tool.implicit_close',
    'agentswarm.tool.unclosed',
    'mcp.tool.is_error',
    'gen_ai.request.model',
    'gen_ai.response.model',
    'url.path',
    'http.route',
    ...USAGE.input,
    ...USAGE.output,
    ...TASK_NAMING_ATTRIBUTES,
    ...FAILURE_ATTRIBUTES,
  ],
  events: [],
  read(span): Reading | null {
    if (span.scope.name !== SCOPE) return null;
    switch (span.name) {
      case 'worker.session':
        return readSession(span);
      case 'worker.tool':
      case 'worker.mcp.tool':
        return readTool(span);
      case 'mcp.tool':
        return readApiTool(span);
      default:
        break;
    }
    if (span.name.startsWith('mcp.tool ')) return readApiTool(span);
    // Its HTTP server spans have no kind either.
    if (/^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|http\.server)\b/.test(span.name)) {
      return {
        what: 'server',
        source: 'http',
        statusCode: count(span.attributes, 'http.response.status_code'),
        names: taskNamedBy(span.attributes),
      };
    }
    return step(span, 'agent_swarm_step');
  },
};
