import { callReading, type Reading } from '../model/reading.ts';
import { SPAN_KIND, type SpanRecord } from '../model/span-record.ts';
import { firstText, text } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, NO_FAILURE, saysFailed } from './failure.ts';
import { taskNamedBy } from './task-named.ts';

const TOOL_NAME = ['gen_ai.tool.name', 'mcp.tool.name'] as const;

/** `tools/call get_weather` → `get_weather` */
const nameInSpanName = (span: SpanRecord): string | null => /^tools\/call (.+)$/.exec(span.name)?.[1] ?? null;

/** MCP semantic conventions: `mcp.method.name`. Only `tools/call` is a call; the rest of the protocol is not. */
export const mcp: Dialect = {
  name: 'mcp',
  attributes: [
    'mcp.method.name',
    'rpc.system',
    'rpc.method',
    ...TOOL_NAME,
    'gen_ai.tool.call.id',
    'gen_ai.conversation.id',
    'gen_ai.agent.name',
    ...FAILURE_ATTRIBUTES,
  ],
  events: [],
  read(span): Reading | null {
    const a = span.attributes;
    // FastMCP before it took up the conventions' name.
    const method = text(a, 'mcp.method.name') ?? (a['rpc.system'] === 'mcp' ? text(a, 'rpc.method') : null);
    if (method === null) return null;
    const names = taskNamedBy(a);
    if (method !== 'tools/call') {
      return span.kind === SPAN_KIND.server
        ? { what: 'server', source: 'mcp', statusCode: null, names }
        : { what: 'step', source: 'mcp', reason: 'mcp_protocol', names };
    }
    const failed = saysFailed(span);
    return callReading({
      source: 'mcp',
      kind: 'mcp',
      toolName: firstText(a, TOOL_NAME) ?? nameInSpanName(span),
      callId: text(a, 'gen_ai.tool.call.id'),
      success: !failed,
      ...(failed ? failureOf(span) : NO_FAILURE),
      conversationId: text(a, 'gen_ai.conversation.id'),
      subAgent: text(a, 'gen_ai.agent.name'),
      names,
    });
  },
};
