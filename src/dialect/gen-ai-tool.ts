import { callReading, type Reading } from '../model/reading.ts';
import { SPAN_KIND, type SpanRecord } from '../model/span-record.ts';
import { text } from './attributes.ts';
import type { Dialect } from './dialect.ts';
import { FAILURE_ATTRIBUTES, failureOf, NO_FAILURE, saysFailed } from './failure.ts';
import { hatchetTaskNamedBy } from './hatchet.ts';

const nameInSpanName = (span: SpanRecord): string | null => /^execute_tool (.+)$/.exec(span.name)?.[1] ?? null;

/** GenAI semantic conventions, tool calls: `gen_ai.operation.name = execute_tool`. */
export const genAiTool: Dialect = {
  name: 'genai',
  attributes: [
    'gen_ai.operation.name',
    'gen_ai.tool.name',
    'gen_ai.tool.call.id',
    'gen_ai.conversation.id',
    'gen_ai.agent.name',
    'mcp.method.name',
    ...FAILURE_ATTRIBUTES,
  ],
  events: [],
  read(span): Reading | null {
    const a = span.attributes;
    if (text(a, 'gen_ai.operation.name') !== 'execute_tool') return null;
    const isMcp = text(a, 'mcp.method.name') === 'tools/call';
    // The two ends of an MCP call say this operation too; they are MCP's (`mcp.ts`). A tool's own span may bear its attributes.
    if (isMcp && (span.kind === SPAN_KIND.client || span.kind === SPAN_KIND.server)) return null;
    const failed = saysFailed(span);
    return callReading({
      source: 'genai',
      kind: isMcp ? 'mcp' : 'tool',
      toolName: text(a, 'gen_ai.tool.name') ?? nameInSpanName(span),
      callId: text(a, 'gen_ai.tool.call.id'),
      success: !failed,
      ...(failed ? failureOf(span) : NO_FAILURE),
      conversationId: text(a, 'gen_ai.conversation.id'),
      subAgent: text(a, 'gen_ai.agent.name'),
      names: hatchetTaskNamedBy(a),
    });
  },
};
